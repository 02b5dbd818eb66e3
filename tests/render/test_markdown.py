"""A report as Markdown."""

from dataclasses import replace

import pytest

from shared.core.model import Phase
from shared.core.report import build_report
from shared.core.samples import Timeline
from shared.render.markdown import text, to_markdown
from tests.support.drills import LAB, a_drill
from tests.support.worlds import Sampler, World, a_finished_drill, timeline, until

LAB_TIMELINE = timeline(World())


def test_the_verdict_stands_first() -> None:
    """Then where the time went, then what it is known from."""
    told = to_markdown(build_report(a_finished_drill(), LAB_TIMELINE))

    headings = [line for line in told.splitlines() if line.startswith("#")]
    assert headings == [
        "# Drill d1",
        "## Verdict",
        "## Where the time went",
        "## Milestones",
        "## Client downtime",
        "## Every vantage",
        "## Envelope",
        "## Findings",
        "## Samples",
        "## Audit",
        "## Configuration when the drill began",
    ]


def test_bounds_stand_in_tables() -> None:
    """Measured beside promised."""
    told = to_markdown(build_report(a_finished_drill(), LAB_TIMELINE))

    assert "| failover | MET | 183.999 to 188.007 s | 300 s |" in told
    assert "| failover | detection | 109.999 to 115.007 s | 100 to 130 s | within |" in told
    assert "| failback | boot | 29.8 to 32.01 s | at least 0 s | within |" in told
    assert "- From the request, the failover took 197.8 to 199.007 s." in told


def test_thin_sampling_is_said_on_top() -> None:
    """Before any verdict that it weakens."""
    recorded = timeline(World(), Sampler(gaps=((300.0, 330.0),)))

    told = to_markdown(build_report(a_finished_drill(), recorded))

    assert told.index("> **Only 9") < told.index("## Verdict")
    assert "- Gap: client/fresh was not asked for 31 s" in told


def test_what_was_slower_is_named() -> None:
    """In the comparison with the envelope."""
    late = World(degraded=250.0, authoritative_switched=250.0)

    told = to_markdown(build_report(a_finished_drill(), timeline(late)))

    assert "the settings promise 100 to 233 s: within (detection)." in told


def test_the_report_so_far_says_what_is_open() -> None:
    """A running drill has milestones that are not reached."""
    told = to_markdown(build_report(a_drill(Phase.FAILOVER), until(LAB_TIMELINE, 200)))

    assert "still in failover." in told
    assert "Not reached:" in told
    assert "- clientOnSurvivor at fresh: 0 s were seen of the 60 s that prove it" in told
    assert "- restoreRequested: nothing was asked to be restored" in told


def test_a_drill_without_records_is_told_too() -> None:
    """Every section that has something to say."""
    told = to_markdown(build_report(a_drill(), Timeline()))

    assert "| failover | INCONCLUSIVE | not known | 300 s |" in told
    assert "## Where the time went" not in told
    assert "Sampling error" not in told


def test_a_drills_reason_is_told() -> None:
    """Why it ended as it did."""
    drill = replace(a_finished_drill(), reason="FaultRemovedByOthers")

    assert "ended finished (FaultRemovedByOthers)." in to_markdown(build_report(drill, Timeline()))


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`code`", "\\`code\\`"),
        ("[here](javascript:x)", "\\[here\\](javascript:x)"),
        ("# heading", "\\# heading"),
        ("two\n\nlines", "two lines"),
        ("a & b", "a &amp; b"),
        ("client/fresh@x#one", "client/fresh@x#one"),
    ],
)
def test_text_shows_as_text(value: str, escaped: str) -> None:
    """Names and tags come from outside."""
    assert text(value) == escaped


def test_a_hostile_name_stays_text_wherever_it_is_told() -> None:
    """Endpoint, profile, drill and resolver names all pass through the same door."""
    hostile = "<img src=x onerror=alert(1)>|`x`"
    endpoints = (replace(LAB.endpoints[0], name=hostile), LAB.endpoints[1])
    drill = replace(
        a_finished_drill(),
        id=hostile,
        endpoint=hostile,
        started_by=hostile,
        snapshot=replace(LAB, endpoints=endpoints, profile=hostile, fqdn=hostile),
    )

    told = to_markdown(build_report(drill, LAB_TIMELINE))

    assert "<img" not in told
    assert "|`x`" not in told
