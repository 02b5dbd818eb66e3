"""What must be true after a drill, whatever happened while it ran; told by the emulated Azure."""

from datetime import datetime
from typing import Any

from devtools import truth_check
from tests.support.lab import Lab, at

Json = dict[str, Any]


def power_offs(lab: Lab) -> list[datetime]:
    """When ARM accepted a request to stop a machine."""
    return [at(e["at"]) for e in lab.truth("powerOperation") if e["value"] == "powerOff"]


def assert_all_is_well(lab: Lab, report: Json) -> None:
    """The machine runs and was broken once at most; nothing is locked or owed; the report is true.

    The report is that of the newest drill.
    """
    started, closed = at(report["startedAt"]), at(report["closedAt"])
    assert lab.is_running()
    assert_nothing_is_held(lab)
    late = [moment for moment in power_offs(lab) if moment > closed]
    assert late == [], late
    assert_broken_once_at_most(lab, started)
    assert_true(lab, report, started)


def assert_nothing_is_held(lab: Lab) -> None:
    """No drill holds a profile, and no undo is owed."""
    held = [key for _, _, key in lab.tables() if key.startswith(("lock|", "open|"))]
    assert held == [], held


def assert_broken_once_at_most(lab: Lab, since: datetime) -> None:
    """At most one injection took effect."""
    broken = [e for e in lab.power_states() if at(e["at"]) >= since and e["value"] == "stopping"]
    assert len(broken) <= 1, broken


def assert_true(lab: Lab, report: Json, since: datetime) -> None:
    """Whatever the report does tell of milestones holds what happened."""
    truth = [event for event in lab.truth() if at(event["at"]) >= since]
    findings = truth_check.check(report, {"events": truth})
    wrong = [finding for finding in findings if not finding.holds]
    assert wrong == [], wrong
