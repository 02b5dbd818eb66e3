"""The schedule service: keeps, changes and forgets schedules, under conditions and in races."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.core.conditions import Condition
from shared.core.errors import InvalidInput, PreconditionFailed, ScheduleNotFound, StaleRow
from shared.core.plan import Plan
from shared.core.schedule import Schedule
from tests.support.memory_schedules import MemorySchedules
from tests.support.schedules import ANY, DAY, DUE, MINUTE, Bench, a_bench, a_schedule


@pytest.fixture
def bench() -> Bench:
    """Return the service over toys, with a schedule made the evening before."""
    return a_bench()


def test_a_schedule_sent_again_changes_nothing(bench: Bench) -> None:
    """The same version: nobody's If-Match fails, and what is due this second stays due."""
    first = bench.service.get("nightly")
    bench.clock.at = DUE + 1_000
    again, is_new = bench.service.put(a_schedule("NIGHTLY"), ANY)

    assert (again, is_new) == (first, False)
    assert bench.run(DUE + 2_000) == ["11-24T02:00 started"]


def test_a_new_plan_keeps_what_is_due(bench: Bench) -> None:
    """Only new times begin anew."""
    bench.clock.at = DUE + 1_000
    plan = Plan(profile="lab", rto_seconds=600)
    bench.service.put(replace(a_schedule(), plan=plan, plan_as_sent="other"), ANY)

    assert bench.run(DUE + 2_000) == ["11-24T02:00 started"]
    assert [each[0] for each in bench.drills.started.values()] == [plan]


def test_new_times_begin_when_they_are_made(bench: Bench) -> None:
    """A schedule owes nothing from before it was."""
    bench.clock.at = DUE + 1_000
    bench.service.put(a_schedule(cron="0,30 3 * * *"), ANY)

    assert bench.run(DUE + 2_000) == []
    assert bench.run(DUE + 30 * MINUTE) == ["11-24T02:30 started"]


def test_the_next_times_are_told(bench: Bench) -> None:
    """Five of them; of a disabled schedule none."""
    schedule = bench.service.get("nightly")

    assert bench.service.next(schedule, 5) == [DUE + DAY * day for day in range(5)]
    assert bench.service.next(replace(schedule, enabled=False), 5) == []


def test_a_wrong_schedule_is_not_kept(bench: Bench) -> None:
    """The one before it stays."""
    with pytest.raises(InvalidInput) as refused:
        bench.service.put(a_schedule(cron="?"), ANY)

    assert [fault.target for fault in refused.value.faults] == ["cron"]
    assert bench.service.get("nightly").timing.cron == "0 3 * * *"


def test_a_deleted_schedule_starts_nothing(bench: Bench) -> None:
    """Deleting twice is as good as once; made anew, it does not do again what it did."""
    bench.run(DUE)
    bench.service.delete("nightly", ANY)
    bench.service.delete("nightly", ANY)

    with pytest.raises(ScheduleNotFound):
        bench.service.occurrences("nightly", 10)
    bench.clock.at = DUE
    bench.service.put(a_schedule(), ANY)
    assert bench.run(DUE + 1_000) == ["11-24T02:00 started"]
    assert bench.drills.asked == 1


@pytest.mark.parametrize("name", ["no-such", "a/b", "", "x" * 99])
def test_an_unknown_schedule_is_said_to_be_unknown(bench: Bench, name: str) -> None:
    """Also under what can be no name, which no table is asked for."""
    with pytest.raises(ScheduleNotFound):
        bench.service.get(name)


CONDITIONS = {
    "another version": Condition(if_match=frozenset({"other"})),
    "it must be new": Condition(if_none_match=frozenset({"*"})),
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_that_does_not_hold_writes_nothing(bench: Bench, condition: Condition) -> None:
    """Neither a change nor a deletion."""
    known = bench.service.get("nightly")

    with pytest.raises(PreconditionFailed):
        bench.service.put(a_schedule(cron="0 4 * * *"), condition)
    with pytest.raises(PreconditionFailed):
        bench.service.delete("nightly", condition)
    assert bench.service.get("nightly") == known


def test_a_condition_that_holds_lets_the_change_through(bench: Bench) -> None:
    """If-Match with the version, or any; If-None-Match * for a new one."""
    known = bench.service.get("nightly")
    mine = Condition(if_match=frozenset({"other", known.version}))

    changed, _ = bench.service.put(a_schedule(cron="0 4 * * *"), mine)
    _, is_new = bench.service.put(a_schedule("other"), Condition(if_none_match=frozenset({"*"})))
    bench.service.delete("nightly", Condition(if_match=frozenset({"*"})))

    assert changed.version != known.version
    assert is_new
    assert [schedule.name for schedule in bench.service.all()] == ["other"]


def test_what_must_exist_and_does_not_is_a_failed_condition(bench: Bench) -> None:
    """If-Match: * on nothing."""
    with pytest.raises(PreconditionFailed):
        bench.service.put(a_schedule("other"), Condition(if_match=frozenset({"*"})))


@pytest.mark.parametrize("act", ["put", "delete"])
def test_a_lost_race_is_run_again(act: str) -> None:
    """Without a condition the last writer wins; a storm of writers is told, not waited for."""

    class Contended(MemorySchedules):
        losses = 0

        def save(self, schedule: Schedule) -> Schedule:
            return super().save(self._raced(schedule))

        def delete(self, schedule: Schedule) -> None:
            super().delete(self._raced(schedule))

        def _raced(self, schedule: Schedule) -> Schedule:
            self.losses -= 1
            return schedule if self.losses < 0 else replace(schedule, version="stale")

    store = Contended()
    bench = Bench(store=store)
    bench.service.put(a_schedule(), ANY)
    acts: dict[str, Callable[[], object]] = {
        "put": lambda: bench.service.put(a_schedule(cron="0 4 * * *"), ANY),
        "delete": lambda: bench.service.delete("nightly", ANY),
    }

    store.losses = 9
    with pytest.raises(StaleRow):
        acts[act]()
    store.losses = 2
    acts[act]()

    left = [schedule.timing.cron for schedule in bench.service.all()]
    assert left == (["0 4 * * *"] if act == "put" else [])
