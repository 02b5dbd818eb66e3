"""What the observation says of each formula, in every form of a report; and what is unbounded."""

import json

import pytest

from shared.core.plan import ClientClass, FaultKind
from shared.core.report import Report, build_report
from shared.core.samples import Timeline
from shared.render.html import to_html
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from tests.core.test_promises_by_client import PINNED, clients
from tests.render.test_html import parsed, words
from tests.support.fault_worlds import DisabledWorld
from tests.support.reports import LAB_TIMELINE, LAB_WORLD, beside_the_lab
from tests.support.worlds import a_finished_drill, timeline

DISABLED = build_report(
    a_finished_drill(fault=FaultKind.ENDPOINT_DISABLE),
    timeline(DisabledWorld(resolver_switched=195.0)),
)
WITH_PINNED = beside_the_lab(*clients(LAB_WORLD, PINNED))
STAYED = build_report(a_finished_drill(objective_client=PINNED), WITH_PINNED)


def formulas(report: Report) -> list[tuple[str, str]]:
    """Return each formula's name on the page with what is said of it."""
    page = parsed(to_html(report, LAB_TIMELINE))
    table = next(t for t in page.iter("table") if "by the observation" in words(t))
    rows = [[words(cell) for cell in row.iter("td")] for row in table.iter("tr")]
    return [(row[0], row[-1]) for row in rows if row]


def test_a_formula_on_the_wire_tells_what_was_observed() -> None:
    """One member more; the others are as they were."""
    told = to_wire(DISABLED)["envelope"]["formulas"]

    assert told[0] == {
        "name": "published",
        "text": "TTL + Retry * Interval",
        "secondsMin": 0.0,
        "secondsMax": 190.0,
        "observation": "notApplicable",
    }
    assert {each["name"]: each["observation"] for each in told} == {
        "published": "notApplicable",
        "corrected": "notApplicable",
        "advised": "supported",
        "switchback": "refuted",
    }


def test_a_formula_in_markdown_tells_it_in_words() -> None:
    """In a column of its own."""
    told = to_markdown(DISABLED)

    assert "| formula | text | failover takes | by the observation |" in told
    assert "| published | TTL + Retry \\* Interval | 0 to 190 s | not applicable |" in told
    assert "| advised | TTL + 2 min | 0 to 220 s | supported |" in told
    assert "| switchback | \\[0, L\\] + \\[0, sampling\\] | 0 to 103 s | refuted |" in told


def test_a_formula_on_the_page_tells_it_in_words() -> None:
    """Not by colour."""
    assert formulas(DISABLED) == [
        ("published", "not applicable"),
        ("corrected", "not applicable"),
        ("advised", "supported"),
        ("switchback", "refuted"),
    ]


def test_a_report_so_far_is_undecided() -> None:
    """Before anything was seen."""
    report = build_report(a_finished_drill(), Timeline())

    assert {said for _, said in formulas(report)} == {"undecided"}


def test_what_has_no_bound_is_null_in_json() -> None:
    """On either side; never infinity."""
    wire = to_wire(STAYED)

    (back,) = [phase for phase in wire["phases"] if phase["name"] == "clientReturn"]
    assert back["promised"] == {"secondsMin": None, "secondsMax": 3.0}
    assert back["comparison"] == "within"
    assert wire["envelope"]["failover"]["secondsMax"] is None
    assert json.loads(json.dumps(wire, allow_nan=False)) == wire


@pytest.mark.parametrize("client", [PINNED, ClientClass.KEEPALIVE])
def test_what_has_no_bound_is_said_in_words(client: ClientClass) -> None:
    """In Markdown, on the page, and in its pictures."""
    drill = a_finished_drill(fault=FaultKind.PROBE_PATH, objective_client=client)
    world = DisabledWorld()
    samples = (*timeline(world).samples, *clients(world, client))
    recorded = Timeline(samples, LAB_TIMELINE.actions)
    report = build_report(drill, recorded)

    text, page = to_markdown(report), to_html(report, recorded)

    promised = {PINNED: "at most 3 s", ClientClass.KEEPALIVE: "nothing"}[client]
    (row,) = [line for line in text.splitlines() if line.startswith("| failback | clientReturn |")]
    assert row.endswith(f" | {promised} | within |")
    assert "inf" not in "".join(words(svg) for svg in parsed(page).iter("svg"))
    assert promised.replace("3 s", "3.0 s") in words(parsed(page))
