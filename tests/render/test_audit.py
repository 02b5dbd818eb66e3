"""The audit in every form of the report."""

from dataclasses import replace

from shared.core.audit import following
from shared.core.report import build_report
from shared.core.samples import Act
from shared.render.html import to_html
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from tests.support.drills import at
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import a_finished_drill

STOP = Act(at=at(0), who="ada", where="home", what="stopDrill", subject="d1")
FIRST = following("d1", None, STOP)
SECOND = following("d1", FIRST, STOP)
WHOLE = replace(LAB_TIMELINE, audit=(FIRST, SECOND))
BROKEN = replace(LAB_TIMELINE, audit=(SECOND,))
WARNING = (
    "The audit is broken at 1: an entry was changed, removed or moved, or the end was cut off."
)


def test_a_whole_audit_on_the_wire() -> None:
    """How many entries, that none is missing, and the hash to keep elsewhere."""
    wire = to_wire(build_report(a_finished_drill(), WHOLE))

    assert wire["audit"] == {"entries": 2, "chain": "intact", "head": SECOND.hash}
    assert wire["findings"] == []


def test_a_broken_audit_on_the_wire() -> None:
    """Where it breaks, and a finding."""
    wire = to_wire(build_report(a_finished_drill(), BROKEN))

    assert wire["audit"] == {"entries": 1, "chain": "broken at 1", "head": SECOND.hash}
    assert [(f["code"], f["message"]) for f in wire["findings"]] == [("AuditChainBroken", WARNING)]


def test_the_audit_in_markdown() -> None:
    """A line of its own; broken, it stands above the verdict."""
    whole = to_markdown(build_report(a_finished_drill(), WHOLE))
    broken = to_markdown(build_report(a_finished_drill(), BROKEN))
    none = to_markdown(build_report(a_finished_drill(), LAB_TIMELINE))

    assert f"## Audit\n\n2 entries, intact. The last one's hash is {SECOND.hash}.\n" in whole
    assert "## Audit\n\n0 entries, intact.\n" in none
    assert broken.index(f"> **{WARNING}**") < broken.index("## Verdict")
    assert "> **" not in whole


def test_the_audit_on_the_page() -> None:
    """Beside who started the drill; broken, it stands above the verdict."""
    whole = to_html(build_report(a_finished_drill(), WHOLE), WHOLE)
    broken = to_html(build_report(a_finished_drill(), BROKEN), BROKEN)

    assert f"2 entries, intact; hash of the last: {SECOND.hash}" in whole
    assert broken.index(f'<p class="warning">{WARNING}</p>') < broken.index("MET")
    assert 'class="warning"' not in whole
