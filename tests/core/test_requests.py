"""When something was asked of the system under test, and how that is known."""

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.requests import find_request
from shared.core.samples import ActionKind, Attempt, Outcome, Sample
from tests.support.drills import at
from tests.support.worlds import an_action

INJECT, UNDO = ActionKind.INJECT, ActionKind.ROLL_BACK


def power(second: float, state: str) -> Reading:
    """Return a look at the machine."""
    sample = Sample("power/virginia-vm", at(second), at(second + 0.1), Outcome.OK, state)
    return Reading(sample, state)


def test_a_request_lies_between_sending_and_the_answer() -> None:
    """One attempt that succeeded: both ends are its own."""
    request = find_request(INJECT, [an_action(INJECT, 10, 10.5)], [])

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

    request = find_request(UNDO, attempts, [])

    assert request is not None
    assert request.interval == Interval(at(15), at(20.5))
    assert request.first.by == "drill"
    assert request.proof == attempts[0].id


def test_without_an_answer_the_first_look_that_sees_the_effect_bounds_it() -> None:
    """The host died after sending; the machine is seen stopping."""
    looks = [power(8, "stopped"), power(12, "running"), power(14, "stopping")]

    request = find_request(INJECT, [an_action(INJECT, 10, None, Attempt.UNKNOWN)], looks)

    assert request is not None
    assert request.interval == Interval(at(10), at(14.1))
    assert request.proof == looks[2].sample.id


def test_an_effect_that_nobody_saw_leaves_the_request_open() -> None:
    """It may have been sent: nothing is known but when."""
    request = find_request(UNDO, [an_action(UNDO, 10, None, Attempt.UNKNOWN)], [])

    assert request is not None
    assert request.sent_at == at(10)
    assert request.interval is None


def test_nothing_was_asked_where_every_attempt_failed() -> None:
    """Neither is a roll back an injection."""
    attempts = [an_action(INJECT, 10, 11, Attempt.FAILED), an_action(UNDO, 12, 13)]

    assert find_request(INJECT, attempts, []) is None
