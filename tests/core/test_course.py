"""When the fault and its undoing were asked for: by us, by somebody else, behind a hold."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from shared.core.course import Course, find_course
from shared.core.evidence import Evidence
from shared.core.intervals import Interval
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Failback, FaultKind
from shared.core.samples import ActionKind, ActionRecord, Attempt, Outcome, Sample, Transition
from tests.support.drills import at
from tests.support.worlds import a_finished_drill, an_action

INJECT, UNDO = ActionKind.INJECT, ActionKind.ROLL_BACK
HOLD, RELEASE = ActionKind.HOLD_BACK, ActionKind.RELEASE
MACHINE, MONITOR = "power/virginia-vm", "monitor/virginia"
INTO_FAILBACK = Transition(at=at(60), phase=Phase.FAILBACK)


def said(series: str, *changes: tuple[float, str], until: float = 160) -> list[Sample]:
    """Return what a series said every two seconds: from each instant on, another word."""
    seconds = range(0, int(until), 2)
    words = [[word for since, word in changes if since <= second][-1] for second in seconds]
    return [
        Sample(series, at(second), at(second + 0.1), Outcome.OK, word)
        for second, word in zip(seconds, words, strict=True)
    ]


def a_plan(fault: FaultKind, failback: Failback = Failback.AUTOMATIC, **drill: object) -> Drill:
    """Return a closed drill of that kind."""
    made = a_finished_drill(fault=fault, failback=failback, stability_seconds=10)
    return replace(made, **drill)  # type: ignore[arg-type]


def course(drill: Drill, samples: Iterable[Sample], *actions: ActionRecord) -> Course:
    """Return the course of a drill that entered its failback at 60 s."""
    return find_course(Evidence(drill, samples), actions, [INTO_FAILBACK])


DISABLED = said(MONITOR, (0, "Online"), (21, "Disabled"), (81, "CheckingEndpoint"), (91, "Online"))
DEGRADED = said(MONITOR, (0, "Online"), (41, "Degraded"), (81, "Online"))
STOPPED = said(MACHINE, (0, "running"), (21, "stopped"), (71, "starting"), (91, "running"))
HELD = said(
    MONITOR, (0, "Online"), (41, "Degraded"), (65, "Disabled"), (111, "CheckingEndpoint"),
    (121, "Online"),
)  # fmt: skip
BROKEN = an_action(INJECT, 20, 20.5)


@pytest.mark.parametrize(
    ("fault", "samples"),
    [
        (FaultKind.ENDPOINT_DISABLE, DISABLED),
        (FaultKind.PROBE_PATH, DEGRADED),
        (FaultKind.VM_POWER_OFF, STOPPED),
        (FaultKind.VM_DEALLOCATE, STOPPED),
    ],
)
def test_what_we_undid_is_ours(fault: FaultKind, samples: list[Sample]) -> None:
    """Its effect comes after our request, whatever shows it."""
    found = course(a_plan(fault), samples, BROKEN, an_action(UNDO, 70, 70.5))

    assert found.fault_since == at(20)
    assert found.back_since == found.mend_since == at(70)
    assert found.restore is found.mend
    assert not found.is_restored_by_others
    assert not found.is_held


@pytest.mark.parametrize(
    ("fault", "samples", "seen"),
    [
        (FaultKind.ENDPOINT_DISABLE, DISABLED, Interval(at(80), at(82.1))),
        (FaultKind.PROBE_PATH, DEGRADED, Interval(at(80), at(82.1))),
        (FaultKind.VM_POWER_OFF, STOPPED, Interval(at(90), at(92.1))),
    ],
)
def test_what_was_whole_before_we_asked_is_not_ours(
    fault: FaultKind, samples: list[Sample], seen: Interval
) -> None:
    """A person did it, between the last sample that saw it broken and the first that did not."""
    found = course(a_plan(fault), samples, BROKEN, an_action(UNDO, 100, 100.5))

    assert found.is_restored_by_others
    assert found.restore.unasked is not None
    assert found.restore.unasked.interval == seen
    assert found.back_since == seen.after
    assert found.restore.request is None


@pytest.mark.parametrize("undone", [[], [an_action(UNDO, 81.9, 82.5)]], ids=["never", "soon after"])
def test_what_the_drill_itself_saw_removed_is_not_ours(undone: list[ActionRecord]) -> None:
    """Even if our own request came before the next sample."""
    removed = a_plan(FaultKind.PROBE_PATH, ending=Ending.STOPPED, reason="FaultRemovedByOthers")

    assert course(removed, DEGRADED, BROKEN, *undone).is_restored_by_others


def test_what_the_watchdog_undid_is_ours() -> None:
    """The drill finds the fault removed then, too; but its time was over."""
    overdue = replace(
        a_plan(FaultKind.PROBE_PATH, ending=Ending.STOPPED, reason="FaultRemovedByOthers"),
        inject_not_after=at(-100_000),
    )

    found = course(overdue, DEGRADED, BROKEN, an_action(UNDO, 70, 70.5, by="watchdog"))

    assert not found.is_restored_by_others
    assert found.back_since == at(70)


OF_A_HOLD = (
    BROKEN,
    an_action(HOLD, 60, 65),
    an_action(UNDO, 70, 70.5),
    an_action(RELEASE, 110, 110.5),
)


def held(**drill: object) -> Drill:
    """Return a drill whose failback was to be held."""
    return a_plan(FaultKind.VM_POWER_OFF, Failback.HOLD, **drill)


def test_behind_a_hold_machines_come_back_first_and_traffic_later() -> None:
    """Each in its turn."""
    found = course(held(), [*STOPPED, *HELD], *OF_A_HOLD)

    assert found.is_held
    assert (found.mend_since, found.back_since) == (at(70), at(110))
    assert not found.is_restored_by_others


def test_a_hold_that_nobody_has_released_lets_nothing_back() -> None:
    """The machines may be back already."""
    found = course(
        held(), [*STOPPED, *said(MONITOR, (0, "Degraded"), (65, "Disabled"))], *OF_A_HOLD[:3]
    )

    assert found.is_held
    assert (found.mend_since, found.back_since) == (at(70), None)


def test_a_release_whose_stamps_are_not_sure_came_after_what_it_releases() -> None:
    """The clock was set back: by its own stamps it may have been sent before the endpoint was."""
    found = course(held(), [*STOPPED, *HELD], *OF_A_HOLD[:3], an_action(RELEASE, 40, 110.5))

    request = found.restore.request
    assert request is not None
    assert request.interval == Interval(OF_A_HOLD[1].sent_at, at(110.5))
    assert not found.is_restored_by_others


def test_a_person_may_end_a_hold() -> None:
    """By enabling the endpoint before we did."""
    found = course(held(), [*STOPPED, *HELD], *OF_A_HOLD[:3], an_action(RELEASE, 130, 130.5))

    assert found.is_restored_by_others
    assert found.restore.unasked is not None
    assert found.restore.unasked.interval == Interval(at(110), at(112.1))
    assert found.mend_since == at(70)


@pytest.mark.parametrize(
    ("drill", "is_by_others"),
    [
        ({"released_at": at(111)}, True),
        ({"released_at": at(111), "release_requested": "OperatorRelease"}, False),
        ({"released_at": at(111), "ending": Ending.STOPPED}, False),
        ({"released_at": at(60 + 3_600)}, False),
    ],
    ids=["lost", "released", "stopped", "over"],
)
def test_a_drill_that_saw_its_hold_lost_did_not_end_it(
    drill: dict[str, object], is_by_others: bool
) -> None:
    """Its own request came only after that, though before the next sample."""
    found = course(held(**drill), [*STOPPED, *HELD], *OF_A_HOLD[:3], an_action(RELEASE, 111.5, 112))

    assert found.is_restored_by_others is is_by_others


def test_a_person_may_start_the_machine_behind_a_hold() -> None:
    """Traffic is let back by our release all the same."""
    found = course(held(), [*STOPPED, *HELD], *OF_A_HOLD[:2], OF_A_HOLD[3])

    assert found.mend.unasked is not None
    assert found.mend_since == at(90)
    assert (found.back_since, found.is_restored_by_others) == (at(110), False)


@pytest.mark.parametrize(
    ("outcome", "monitor"),
    [(Attempt.FAILED, HELD), (Attempt.UNKNOWN, DEGRADED)],
    ids=["refused", "never seen"],
)
def test_an_endpoint_that_was_not_disabled_held_nothing(
    outcome: Attempt, monitor: list[Sample]
) -> None:
    """Traffic returned as the machine did."""
    holding = an_action(HOLD, 60, 65, outcome)

    found = course(held(), [*STOPPED, *monitor], BROKEN, holding, *OF_A_HOLD[2:])

    assert not found.is_held
    assert found.back_since == at(70)


def test_a_disabling_without_an_answer_is_proved_by_its_effect() -> None:
    """A host that died after sending it."""
    lost = an_action(HOLD, 60, None, Attempt.UNKNOWN)

    assert course(held(), [*STOPPED, *HELD], BROKEN, lost, *OF_A_HOLD[2:]).is_held


def test_an_endpoint_that_is_disabled_as_the_fault_needs_no_other_hold() -> None:
    """Enabling it is both: the fault's undoing and the release."""
    drill = a_plan(FaultKind.ENDPOINT_DISABLE, Failback.HOLD)

    found = course(drill, DISABLED, BROKEN, an_action(UNDO, 80.5, 81))

    assert not found.is_held
    assert found.back_since == at(80.5)
