"""Why there was no failover, where machines behind the endpoint were not stopped."""

from dataclasses import dataclass, replace

import pytest

from shared.core.intervals import Verdict
from shared.core.model import Drill, Ending, TargetMachine
from shared.core.report import Report, build_report
from shared.core.samples import Timeline
from tests.support.drills import LAB, VIRGINIA_VM
from tests.support.reports import LAB_TIMELINE, codes, failback, failover
from tests.support.worlds import World, a_finished_drill, timeline, until

WHY = "virginia kept serving: second-vm behind it was not stopped"
SECOND = TargetMachine(id=f"{VIRGINIA_VM}2", name="second-vm")


@dataclass(frozen=True, kw_only=True)
class SparedWorld(World):
    """One machine stops and starts; another one behind the same endpoint serves on."""

    def serves(self, now: float) -> bool:
        """The endpoint under test answers."""
        del now
        return True

    def monitor(self, now: float) -> str:
        """Return what ARM says of the endpoint."""
        del now
        return "Online"

    def named_by_server(self, now: float) -> str:
        """Return the endpoint that the name server answers with."""
        del now
        return "virginia"

    def named_by_resolver(self, now: float) -> str:
        """Return the endpoint that the resolver answers with."""
        del now
        return "virginia"


SERVED_ON = timeline(SparedWorld())


def drill_that_spared(*machines: TargetMachine) -> Drill:
    """Return a drill that gave up waiting for a failover."""
    snapshot = replace(LAB, spared=machines)
    return replace(
        a_finished_drill(), snapshot=snapshot, ending=Ending.TIMED_OUT, reason="NoFailoverInTime"
    )


def report_of(recorded: Timeline, *spared: TargetMachine) -> Report:
    """Report a drill that spared these machines."""
    return build_report(drill_that_spared(*spared), recorded)


def test_a_machine_that_was_spared_is_the_reason() -> None:
    """It is named in the verdict, as a finding, and beside the ending."""
    report = report_of(SERVED_ON, SECOND)

    assert report.why_no_failover == WHY
    assert [finding.message for finding in report.findings] == [f"{WHY}."]
    assert failover(report).because == f"Inconclusive: there was no failover, for {WHY}."
    assert failback(report).because == (
        f"Inconclusive: there was nothing to fail back from, for {WHY}."
    )
    assert [o.verdict for o in report.objectives] == [Verdict.INCONCLUSIVE] * 2
    assert [o.elapsed for o in report.objectives] == [None, None]


def test_several_machines_are_all_named() -> None:
    """Any of them may have served."""
    report = report_of(SERVED_ON, SECOND, replace(SECOND, name="third-vm"))

    assert report.why_no_failover.endswith("second-vm and third-vm behind it were not stopped")


@pytest.mark.parametrize(
    ("recorded", "spared"),
    [
        (SERVED_ON, ()),
        (LAB_TIMELINE, (SECOND,)),
        (until(SERVED_ON, 100), (SECOND,)),
        (replace(SERVED_ON, actions=()), (SECOND,)),
        (
            replace(
                SERVED_ON,
                samples=tuple(s for s in SERVED_ON.samples if s.series != "health/virginia"),
            ),
            (SECOND,),
        ),
    ],
    ids=["none was spared", "it failed", "not stopped yet", "nothing injected", "not asked"],
)
def test_where_it_is_not_so_or_not_known_nothing_is_said(
    recorded: Timeline, spared: tuple[TargetMachine, ...]
) -> None:
    """Silence is no proof of serving, and a failover needs no excuse."""
    report = report_of(recorded, *spared)

    assert report.why_no_failover == ""
    assert "MachinesSpared" not in codes(report)
