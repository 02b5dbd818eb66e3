"""A report as one HTML file."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.model import Drill, Ending, Phase
from shared.core.report import build_report
from shared.core.samples import Timeline
from shared.render.html import to_html
from shared.render.markup import shown
from shared.render.tables import ROWS_MAX
from shared.render.wire import to_wire
from tests.support.drills import LAB, a_drill
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import Sampler, World, a_finished_drill, timeline, until

KILOBYTE = 1_000
HOUR_SECONDS = 3_600.0


def page_of(drill: Drill, recorded: Timeline) -> str:
    """Return the page of a drill with this timeline."""
    return to_html(build_report(drill, recorded), recorded)


def parsed(page: str) -> ET.Element:
    """Return the page's elements; our HTML is XML too, so a missing end would be an error."""
    doctype, _, rest = page.partition("\n")
    assert doctype == "<!doctype html>"
    return ET.fromstring(rest)  # noqa: S314 - our own page


def words(element: ET.Element) -> str:
    """Return an element's text."""
    return "".join(element.itertext())


LAB_PAGE = page_of(a_finished_drill(), LAB_TIMELINE)


def test_the_verdict_stands_first() -> None:
    """Then where the time went, then what every layer answered, then the tables."""
    headings = [words(h) for h in parsed(LAB_PAGE).iter("h2")]

    assert headings == [
        "Failover MET",
        "Failback MET",
        "Where the time went",
        "What every layer answered",
        "Findings",
        "Phase times",
        "Milestones",
        "Client downtime",
        "Every vantage",
        "Envelope",
        "Samples",
        "Configuration when the drill began",
        "This drill",
    ]


@pytest.mark.parametrize(
    ("rto_seconds", "verdict"), [(300, "MET"), (100, "MISSED"), (186, "INCONCLUSIVE")]
)
def test_a_verdict_is_a_word_with_its_reason(rto_seconds: int, verdict: str) -> None:
    """Bounds are rounded outward to tenths, the sentence keeps the milliseconds."""
    page = parsed(page_of(a_finished_drill(rto_seconds=rto_seconds), LAB_TIMELINE))

    card = next(page.iter("article"))
    told = words(card)
    assert card.get("class") == f"card {verdict.lower()}"
    assert verdict in told
    assert f"183.9 to 188.1 s of the {rto_seconds} s promised" in told
    assert f"{verdict.capitalize()}: the fresh client" in told


def test_a_time_without_an_upper_bound_says_so() -> None:
    """Observed up to somewhere is at least that long."""
    page = page_of(a_finished_drill(rto_seconds=100), until(LAB_TIMELINE, 280))

    assert "at least 172.9" in page
    assert "not reached" in page


def test_an_emulated_drill_is_never_taken_for_azure() -> None:
    """The environment stands on top, with the clock's speed."""
    vantages = replace(LAB.vantages, environment="emulated", clock_speed=20.0)
    drill = replace(a_finished_drill(), snapshot=replace(LAB, vantages=vantages))

    header = next(parsed(page_of(drill, LAB_TIMELINE)).iter("header"))

    assert "Emulated Azure, clock \u00d720" in words(header)
    assert "Emulated" not in LAB_PAGE


def test_a_page_refreshes_itself_only_while_the_drill_runs() -> None:
    """And says that it is the report so far."""
    running = page_of(a_drill(Phase.HOLD), until(LAB_TIMELINE, 360))

    refresh = [m.get("content") for m in parsed(running).iter("meta") if m.get("http-equiv")]
    assert "5" in refresh
    assert "The report so far" in running
    assert [words(small) for small in parsed(running).iter("small")] == ["so far", "so far"]
    assert 'http-equiv="refresh"' not in LAB_PAGE
    assert "so far" not in LAB_PAGE


def test_nothing_is_loaded_and_nothing_runs() -> None:
    """One file: no address is followed, styles refer to the page itself, the script is data."""
    page = parsed(LAB_PAGE)

    assert [e.get("type") for e in page.iter("script")] == ["application/json"]
    assert not [e for e in page.iter() if e.get("src") or e.tag in ("img", "iframe", "a", "form")]
    assert [e.get("href") for e in page.iter() if e.get("href")] == ["data:,"]
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)|@import", LAB_PAGE))
    assert "default-src 'none'" in str([m.get("content") for m in page.iter("meta")])


def test_the_page_carries_the_report_for_programs() -> None:
    """The same as `format=json`; no text in it can end the element."""
    name = "</script><script>"
    drill = replace(a_finished_drill(), id=name)
    page = page_of(drill, LAB_TIMELINE)

    (script,) = parsed(page).iter("script")

    assert json.loads(script.text or "") == to_wire(build_report(drill, LAB_TIMELINE))
    assert page.count("</script>") == 1


@pytest.mark.parametrize(
    ("drill", "recorded"),
    [
        (a_finished_drill(), LAB_TIMELINE),
        (a_drill(), Timeline()),
        (a_drill(Phase.FAILOVER), until(LAB_TIMELINE, 200)),
        (a_finished_drill(), timeline(World(), Sampler(loss=0.1, gaps=((100.0, 300.0),)))),
    ],
    ids=["finished", "not begun", "running", "full of holes"],
)
def test_every_picture_has_words_and_every_id_is_unique(drill: Drill, recorded: Timeline) -> None:
    """Who does not see a picture is told its name and what it shows."""
    page = parsed(page_of(drill, recorded))

    ids = [e.get("id") for e in page.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for picture in page.iter("svg"):
        if picture.get("role") == "img":
            assert set(str(picture.get("aria-labelledby")).split()) <= set(ids)
            assert picture.findtext("title")
            assert picture.findtext("desc")
        else:
            assert picture.get("aria-hidden") == "true"


ELEMENTS = {e.tag for e in parsed(LAB_PAGE).iter()} | {"polygon", "ul", "li"}
names = st.text(st.characters(exclude_categories=()), min_size=1, max_size=40)
MARKUP = st.sampled_from(["<script>alert(1)</script>", "\"'><img src=x>", "]]>", "&lt;", "a\x00b"])


@settings(deadline=None, max_examples=40)
@given(name=st.one_of(names, MARKUP))
def test_any_name_shows_as_text(name: str) -> None:
    """In headings, pictures, tables and attributes alike; only what it contains is shown."""
    endpoints = (LAB.endpoints[0], replace(LAB.endpoints[1], name=name, target=name))
    snapshot = replace(LAB, profile=name, fqdn=name, endpoints=endpoints, profile_id=name)
    drill = replace(
        a_finished_drill(), id=name, started_by=name, reason=name, ending=Ending.STOPPED
    )
    samples = tuple(s._replace(writer=name, answer=s.answer or name) for s in LAB_TIMELINE.samples)
    recorded = Timeline(
        samples[::7],
        tuple(replace(a, resource=name, by=name, detail=name) for a in LAB_TIMELINE.actions),
        tuple(replace(t, reason=name) for t in LAB_TIMELINE.transitions),
    )

    page = page_of(replace(drill, snapshot=snapshot), recorded)

    page.encode()
    elements = parsed(page)
    assert {e.tag for e in elements.iter()} <= ELEMENTS
    assert len(list(elements.iter("script"))) == 1
    heading = next(elements.iter("h1"))
    assert words(heading) == f"Failover drill of {shown(name)}"


def test_the_same_records_give_the_same_bytes_in_any_process() -> None:
    """A report can be computed again at any time, and compared."""
    code = (
        "from tests.render.test_html import LAB_PAGE; import hashlib;"
        "print(hashlib.sha256(LAB_PAGE.encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ".", "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }

    assert len(told) == 1
    assert page_of(a_finished_drill(), LAB_TIMELINE) == LAB_PAGE


def test_an_hour_is_a_small_page() -> None:
    """Although a hundredth of its samples is lost, and every loss is drawn."""
    recorded = timeline(World(end=HOUR_SECONDS), Sampler(loss=0.01, jitter_seconds=0.3))

    assert len(page_of(a_finished_drill(), recorded).encode()) < 200 * KILOBYTE


def test_long_tables_say_what_they_leave_out() -> None:
    """The page stays small whatever was recorded."""
    recorded = timeline(World(), Sampler(loss=0.2))

    page = parsed(page_of(a_finished_drill(), recorded))

    (details,) = page.iter("details")
    rows = list(details.iter("tr"))
    assert len(rows) == 1 + ROWS_MAX + 1
    assert re.fullmatch(r"and \d+ more", words(rows[-1]))


def test_what_needs_a_person_is_said_on_top() -> None:
    """A fault that may still be in place, and sampling that weakens the verdict."""
    drill = replace(a_finished_drill(), needs_attention=True, ending=Ending.ROLLBACK_FAILED)
    recorded = timeline(World(), Sampler(gaps=((300.0, 330.0),)))

    page = page_of(drill, recorded)

    assert page.index("Needs attention") < page.index('class="cards"')
    assert page.index("Only 9") < page.index('class="cards"')
    assert "ended: rollback-failed" in page


def test_what_was_done_to_azure_is_told() -> None:
    """Who did what to which machine, when, and what came of it."""
    page = words(parsed(LAB_PAGE))

    assert "powerOff" in page
    assert "virtualMachines/virginia-vm" in page
    assert "09:01:30.200" in page


def test_an_instant_of_another_day_says_its_day() -> None:
    """A drill may pass midnight."""
    late = 15 * HOUR_SECONDS
    drill = replace(
        a_finished_drill(), started_at=a_finished_drill().started_at - round(late) * 1000
    )

    assert ">2026-11-22T09:01:30.000Z</time>" in page_of(drill, LAB_TIMELINE)
    assert ">09:01:30.000</time>" in LAB_PAGE
