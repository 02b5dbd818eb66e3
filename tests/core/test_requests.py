"""When something was asked of the system under test, and how that is known."""

import pytest

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.requests import OF_POWER, OF_PROBES, OF_STATUS, Looks, Request, Signs, find_request
from shared.core.samples import ActionKind, ActionRecord, Attempt, Outcome, Sample
from tests.support.drills import at
from tests.support.worlds import an_action

INJECT, UNDO = ActionKind.INJECT, ActionKind.ROLL_BACK
HOLD, RELEASE = ActionKind.HOLD_BACK, ActionKind.RELEASE


def look(second: float, state: str, of: str = "power/virginia-vm") -> Reading:
    """Return a look at what a request acts on."""
    return Reading(Sample(of, at(second), at(second + 0.1), Outcome.OK, state), state)


def found(
    kind: ActionKind, actions: list[ActionRecord], *looks: Reading, signs: Signs = OF_POWER
) -> Request | None:
    """Find a request among these actions, with these looks at one thing."""
    return find_request(kind, actions, Looks(signs, [looks], at(5)))


def lost(kind: ActionKind, second: float = 10) -> list[ActionRecord]:
    """Return a request whose answer never came."""
    return [an_action(kind, second, None, Attempt.UNKNOWN)]


def test_a_request_lies_between_sending_and_the_answer() -> None:
    """One attempt that succeeded: both ends are its own."""
    request = found(INJECT, [an_action(INJECT, 10, 10.5)])

    assert request is not None
    assert request.interval == Interval(at(10), at(10.5))
    assert request.proof == request.first.id


def test_it_begins_with_the_first_attempt_not_known_to_have_failed() -> None:
    """A refused attempt did nothing; one without an answer may have worked."""
    attempts = [
        an_action(UNDO, 20, 20.5, by="watchdog"),
        an_action(UNDO, 15, None, Attempt.UNKNOWN),
        an_action(UNDO, 10, 11, Attempt.FAILED),
    ]

    request = found(UNDO, attempts)

    assert request is not None
    assert request.interval == Interval(at(15), at(20.5))
    assert request.first.by == "drill"
    assert request.proof == attempts[0].id


def test_without_an_answer_the_first_look_that_sees_the_effect_bounds_it() -> None:
    """The host died after sending; the machine is seen stopping."""
    looks = [look(8, "stopped"), look(12, "running"), look(14, "stopping")]

    request = found(INJECT, lost(INJECT), *looks)

    assert request is not None
    assert request.interval == Interval(at(10), at(14.1))
    assert request.proof == looks[2].sample.id


def test_an_effect_that_nobody_saw_leaves_the_request_open() -> None:
    """It may have been sent: nothing is known but when."""
    request = found(UNDO, lost(UNDO))

    assert request is not None
    assert request.sent_at == at(10)
    assert request.interval is None


def test_nothing_was_asked_where_every_attempt_failed() -> None:
    """Neither is a roll back an injection."""
    attempts = [an_action(INJECT, 10, 11, Attempt.FAILED), an_action(UNDO, 12, 13)]

    assert found(INJECT, attempts) is None


def test_only_what_was_seen_broken_is_seen_whole_again() -> None:
    """A machine that runs after a lost undo proves nothing if it was never seen down."""
    request = found(UNDO, lost(UNDO), look(6, "running"), look(12, "running"))

    assert request is not None
    assert request.interval is None


def test_what_was_broken_before_the_fault_has_another_cause() -> None:
    """Looks from before the drill broke anything prove no undoing."""
    request = found(UNDO, lost(UNDO), look(4, "stopped"), look(12, "running"))

    assert request is not None
    assert request.interval is None


def test_a_machine_that_starts_was_asked_to() -> None:
    """Once seen down, `starting` proves the undo, before it runs."""
    request = found(UNDO, lost(UNDO), look(6, "stopped"), look(12, "starting"))

    assert request is not None
    assert request.interval == Interval(at(10), at(12.1))


def test_each_machine_is_looked_at_by_itself() -> None:
    """One that runs on proves nothing of another that was stopped."""
    down, running = [look(6, "stopped"), look(12, "stopped")], [look(12, "running")]

    request = find_request(UNDO, lost(UNDO), Looks(OF_POWER, [down, running], at(5)))

    assert request is not None
    assert request.interval is None


MONITOR = "monitor/virginia"


@pytest.mark.parametrize(
    ("signs", "breaking", "mending", "broken", "whole"),
    [
        (OF_STATUS, INJECT, UNDO, "Disabled", "CheckingEndpoint"),
        (OF_STATUS, HOLD, RELEASE, "Disabled", "Online"),
        (OF_PROBES, INJECT, UNDO, "Degraded", "Online"),
    ],
)
def test_a_lost_write_of_the_endpoint_is_proved_by_its_status(
    signs: Signs, breaking: ActionKind, mending: ActionKind, broken: str, whole: str
) -> None:
    """Disabling by Disabled, failing probes by Degraded; and the way back."""
    looks = [look(9, "Online", MONITOR), look(12, broken, MONITOR), look(22, whole, MONITOR)]

    broke = found(breaking, lost(breaking), *looks, signs=signs)
    mended = found(mending, lost(mending, 20), *looks, signs=signs)

    assert broke is not None
    assert broke.interval == Interval(at(10), at(12.1))
    assert mended is not None
    assert mended.interval == Interval(at(20), at(22.1))
