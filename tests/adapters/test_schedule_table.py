"""One contract over every store of schedules: in memory, and in Table storage."""

from dataclasses import replace
from uuid import uuid4

import pytest

from shared.adapters.schedule_table import ScheduleTable
from shared.core.errors import Fault, StaleRow
from shared.core.plan import Plan
from shared.core.schedule import Occurrence, Outcome, Schedule, Timing, Window
from shared.schedules import ScheduleStore
from tests.support.azurite import fresh_tables
from tests.support.drills import START, at
from tests.support.memory_schedules import MemorySchedules


@pytest.fixture(params=["memory", "tables"])
def store(request: pytest.FixtureRequest) -> ScheduleStore:
    """A store of schedules."""
    if request.param == "memory":
        return MemorySchedules()
    return ScheduleTable(fresh_tables())


def new_schedule() -> Schedule:
    """Return a schedule unlike every other."""
    window = Window(opens="22:00", closes="06:00", days=("mon", "tue"))
    return Schedule(
        name=f"Nightly-{uuid4().hex[:12]}",
        timing=Timing(
            cron="0 3 * * *",
            time_zone="Europe/Berlin",
            allowed_windows=(window,),
            blocked_windows=(replace(window, days=("sun",)),),
            blocked_dates=("2026-12-24",),
        ),
        plan=Plan(profile="lab", rto_seconds=300, targets=("a", "b")),
        plan_as_sent='{"profile":"lab"}',
        since=START,
        changed_at=START,
        changed_by="a test",
    )


def an_occurrence(schedule: Schedule, seconds: float = 0) -> Occurrence:
    """Return a claimed occurrence."""
    return Occurrence(
        schedule=schedule.name, at=at(seconds), outcome=Outcome.STARTING, claimed_at=at(seconds)
    )


def test_a_schedule_survives_the_way_into_the_store_and_back(store: ScheduleStore) -> None:
    """Member by member, in any case of its name."""
    created = store.create(new_schedule())

    assert store.find(created.name) == created
    assert store.find(created.name.upper()) == created
    assert created in store.all()
    assert store.find("no-such-schedule") is None


def test_a_schedule_is_created_once(store: ScheduleStore) -> None:
    """Two that create it at once: one of them learns that it was second."""
    schedule = new_schedule()
    store.create(schedule)

    with pytest.raises(StaleRow):
        store.create(schedule)


def test_a_stale_version_is_neither_saved_nor_deleted(store: ScheduleStore) -> None:
    """What somebody else has changed since is not written over."""
    read = store.create(new_schedule())
    saved = store.save(replace(read, enabled=False))

    with pytest.raises(StaleRow):
        store.save(replace(read, enabled=True))
    with pytest.raises(StaleRow):
        store.delete(read)
    assert store.find(read.name) == saved


def test_a_deleted_schedule_leaves_its_occurrences(store: ScheduleStore) -> None:
    """What has happened stays known, and never happens again."""
    schedule = store.create(new_schedule())
    occurrence = store.create_occurrence(an_occurrence(schedule))

    store.delete(schedule)

    assert store.find(schedule.name) is None
    assert store.occurrences(schedule.name, 10) == [occurrence]
    with pytest.raises(StaleRow):
        store.delete(schedule)


def test_an_occurrence_is_claimed_once(store: ScheduleStore) -> None:
    """Two hosts at the same instant: one of them starts the drill."""
    schedule = store.create(new_schedule())
    store.create_occurrence(an_occurrence(schedule))

    with pytest.raises(StaleRow):
        store.create_occurrence(an_occurrence(schedule))


def test_an_occurrence_is_completed_once(store: ScheduleStore) -> None:
    """With its reasons, member by member; whoever comes second is told."""
    claimed = store.create_occurrence(an_occurrence(new_schedule()))
    reasons = (Fault("NoSurvivor", "profile", "None."),)
    wanted = replace(claimed, outcome=Outcome.SKIPPED, reason="PreflightFailed", details=reasons)

    completed = store.save_occurrence(wanted)

    assert store.occurrences(claimed.schedule, 1) == [completed]
    assert replace(completed, version="") == replace(wanted, version="")
    with pytest.raises(StaleRow):
        store.save_occurrence(claimed)


def test_occurrences_come_newest_first_and_by_pages(store: ScheduleStore) -> None:
    """Each schedule's own."""
    schedule, other = new_schedule(), new_schedule()
    for seconds in (0, 60, 120, 180):
        store.create_occurrence(an_occurrence(schedule, seconds))
    store.create_occurrence(an_occurrence(other, 240))

    first = [each.at for each in store.occurrences(schedule.name, 3)]
    rest = [each.at for each in store.occurrences(schedule.name, 3, first[-1])]

    assert first == [at(180), at(120), at(60)]
    assert rest == [at(0)]
