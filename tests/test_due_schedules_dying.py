"""Death at every step of a start: one drill, a true record, and nothing left half-done."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.core.samples import Instant
from shared.core.schedule import Occurrence, Outcome
from shared.schedules import Schedules
from tests.support.memory_schedules import MemorySchedules
from tests.support.schedules import ANY, DUE, MINUTE, Bench, Died, a_bench, a_schedule

STEPS = 7
"""What a start asks of store and drills: list, look, claim, start, complete; and two to spare."""


class Mortal:
    """Passes every call on, and dies before or after the one of that number."""

    def __init__(self, its: object, dies: Callable[[bool], bool]) -> None:
        self._its, self._dies = its, dies

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it stands before
        method = getattr(self._its, name)

        def call(*arguments: object) -> object:
            if self._dies(False):
                raise Died
            answer = method(*arguments)
            if self._dies(True):
                raise Died
            return answer

        return call


def a_host_that_dies(bench: Bench, step: int, *, is_after: bool) -> Schedules:
    """Return the service of a process that dies at that step."""
    count = 0

    def dies(is_done: bool) -> bool:
        nonlocal count
        count += not is_done
        return count == step and is_done is is_after

    return Schedules(Mortal(bench.store, dies), Mortal(bench.drills, dies), bench.clock.now)


@pytest.mark.parametrize("late_seconds", [5, 90, 1_000])
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_whatever_dies_one_drill_at_most(step: int, is_after: bool, late_seconds: int) -> None:
    """Another process comes later: the record says what has really happened."""
    bench = a_bench()
    bench.clock.at = DUE
    with suppress(Died):
        a_host_that_dies(bench, step, is_after=is_after).run_due()
    ticks(bench, DUE + 1_000 * late_seconds)

    (occurrence,) = bench.store.occurrences("nightly", 10)
    assert len(bench.drills.started) <= 1
    is_started = occurrence.outcome is Outcome.STARTED
    assert is_started is (occurrence.drill_id in bench.drills.started)
    assert is_started or occurrence.outcome is Outcome.MISSED
    assert is_started or late_seconds > 300


def assert_asked_once(store: MemorySchedules, at_first: str) -> None:
    """A drill is asked for once, and has started a minute later at the latest."""
    bench = Bench(store=store)
    bench.service.put(a_schedule(), ANY)

    assert bench.run(DUE) == [f"11-24T02:00 {at_first}"]
    assert bench.run(DUE + MINUTE) == ["11-24T02:00 started"]
    assert bench.drills.asked == 1


def test_a_claim_whose_answer_was_lost_is_not_lost() -> None:
    """The row was written, and the client's own retry finds it: the drill starts a minute later."""

    class Stuttering(MemorySchedules):
        def create_occurrence(self, occurrence: Occurrence) -> Occurrence:
            super().create_occurrence(occurrence)
            return super().create_occurrence(occurrence)

    assert_asked_once(Stuttering(), "starting")


def test_two_that_finish_the_same_claim_agree() -> None:
    """A process thought dead comes back: whoever writes second is told, and nothing changes."""

    class Overtaken(MemorySchedules):
        def save_occurrence(self, occurrence: Occurrence) -> Occurrence:
            super().save_occurrence(occurrence.started())
            return super().save_occurrence(occurrence)

    assert_asked_once(Overtaken(), "started")


def ticks(bench: Bench, since: Instant) -> None:
    """Let a new process tick every five seconds for ten minutes."""
    bench.service = bench.host()
    for second in range(0, 600, 5):
        bench.run(min(since + 1_000 * second, DUE + 60 * MINUTE))
