"""Timers, in a scaled clock: on their schedule, never twice at once, caught up once."""

import statistics
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from localhost.clock import Clock
from localhost.indexing import Function
from localhost.invocation import Invoker
from localhost.ncrontab import parse_schedule
from localhost.schedule_status import MemoryStatusStore, ScheduleStatus
from localhost.timers import Timer, TimerFunction, TimerWorld
from tests.localhost.host_process import APPS, running_host, wait_for
from tests.localhost.scaled_clock import ANCHOR, NEVER_DUE, Clockwork, ScaledClock, clockwork

EACH_SECOND = "* * * * * *"
EACH_MINUTE = "0 * * * * *"
SECOND = timedelta(seconds=1)
# By the wall's clock: what a timer manages, and what a busy machine makes of it.
LATE_SECONDS_AT_BEST = 0.002
LATE_SECONDS_MAX = 0.05
SOON_SECONDS_MAX = 0.1

KEYS = ("--function-key", "the-function-key", "--master-key", "the-master-key")
MASTER = {"x-functions-key": "the-master-key"}


def _slot(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _late_seconds(watched: Clockwork, name: str) -> list[float]:
    """How much later than its slot each run began, by the wall's clock."""
    starts = watched.virtual_starts(name)
    return [(start - _slot(start)).total_seconds() / watched.clock.speed for start in starts]


def test_timers_keep_their_schedule(tmp_path: Path) -> None:
    """One run in each slot, async or not, never early and hardly late."""
    settings = {"QUICK_SCHEDULE": EACH_SECOND, "SYNC_SCHEDULE": "*/2 * * * * *"}
    with clockwork(tmp_path, ScaledClock(speed=6), **settings) as watched:
        watched.wait_runs("quick", 9)
        for name, step in (("quick", SECOND), ("in_pool", 2 * SECOND)):
            slots = [_slot(start) for start in watched.virtual_starts(name)]
            assert slots == [slots[0] + index * step for index in range(len(slots))]
            assert min(_late_seconds(watched, name)) < LATE_SECONDS_AT_BEST
            assert statistics.median(_late_seconds(watched, name)) < LATE_SECONDS_MAX
        assert all(start.second % 2 == 0 for start in watched.virtual_starts("in_pool"))


def test_timers_run_by_the_wall_without_a_clock(tmp_path: Path) -> None:
    """CLOCK is for development; without it a second is a second."""
    settings = {"QUICK_SCHEDULE": EACH_SECOND, "CLOCK": ""}
    with clockwork(tmp_path, ScaledClock(speed=1), **settings) as watched:
        run = watched.wait_runs("quick", 1)[0]
        assert (run.started_at + time.time() - time.monotonic()) % 1 < SOON_SECONDS_MAX


def test_long_run_is_followed_by_one_run_and_then_the_schedule(tmp_path: Path) -> None:
    """A run over two more slots: no overlap, one run at once, not past due, then the grid."""
    settings = {"LONG_SCHEDULE": "*/2 * * * * *", "LONG_SECONDS": "0.45"}
    with clockwork(tmp_path, ScaledClock(speed=10), **settings) as watched:
        over_long, catch_up, *rest = watched.wait_runs("long", 4)
        starts = watched.virtual_starts("long")
    assert 0 <= catch_up.started_at - over_long.ended_at < SOON_SECONDS_MAX
    assert _slot(starts[2]).second % 2 == 0
    assert starts[1] < _slot(starts[2]) <= starts[1] + 2 * SECOND
    assert _slot(starts[3]) == _slot(starts[2]) + 2 * SECOND
    assert not any(run.past_due for run in (over_long, catch_up, *rest))


@pytest.mark.parametrize(
    ("setting", "name", "logged"),
    [
        ("FAILING_SCHEDULE", "failing", 'raise RuntimeError("a timer\'s own trouble")'),
        ("RETURNING_SCHEDULE", "returning", "returned a value"),
    ],
)
def test_failed_timer_is_logged_and_goes_on(
    tmp_path: Path, setting: str, name: str, logged: str
) -> None:
    """With its traceback."""
    with clockwork(tmp_path, ScaledClock(speed=20), **{setting: EACH_SECOND}) as watched:
        watched.wait_runs(name, 3)
        assert watched.host.log.count(logged) >= 2


def test_run_on_startup(tmp_path: Path) -> None:
    """That timer runs when the host starts, once; the others wait for their schedule."""
    settings = {"STARTUP_SCHEDULE": NEVER_DUE, "QUICK_SCHEDULE": NEVER_DUE}
    with clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched:
        (run,) = watched.wait_runs("at_start", 1)
        assert not run.past_due
        assert watched.runs("quick") == []


def test_schedule_without_its_setting_is_in_error(tmp_path: Path) -> None:
    """That function only, by name; so is one whose text is no schedule."""
    settings = {"QUICK_SCHEDULE": EACH_SECOND, "SYNC_SCHEDULE": "* * * * * 7"}
    with clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched:
        watched.wait_runs("quick", 1)
        log = watched.host.log
    assert "function=long reason=%LONG_SCHEDULE% names a setting that is not there." in log
    assert "function=in_pool reason=Schedule '* * * * * 7': 7 is no day of the week" in log


def test_settings_come_from_local_settings_too(tmp_path: Path) -> None:
    """`local.settings.json` fills in what the environment does not set."""
    script = (APPS / "clockwork" / "function_app.py").read_text(encoding="utf-8")
    (tmp_path / "function_app.py").write_text(script, encoding="utf-8")
    (tmp_path / "local.settings.json").write_text(
        '{"Values": {"SYNC_SCHEDULE": "bad", "LONG_SCHEDULE": "worse"}}', encoding="utf-8"
    )
    settings = {"LONG_SCHEDULE": NEVER_DUE}
    with running_host(tmp_path, tmp_path, settings=settings) as host:
        assert "'bad'" in host.log
        assert "'worse'" not in host.log


def test_monitored_timer_gets_its_schedule_status(tmp_path: Path) -> None:
    """When it ran last and what comes next; a quicker or an unwilling one is told nothing."""
    settings = {
        "MONITORED_SCHEDULE": EACH_MINUTE,
        "UNMONITORED_SCHEDULE": EACH_MINUTE,
        "QUICK_SCHEDULE": "*/30 * * * * *",
    }
    state = ("--state", str(tmp_path / "state"))
    with clockwork(tmp_path, ScaledClock(speed=120), *state, **settings) as watched:
        first, second = watched.wait_runs("monitored", 2)[:2]
        starts = watched.virtual_starts("monitored")
        others = watched.wait_runs("unmonitored", 2) + watched.runs("quick")
    assert first.status["Last"] == "0001-01-01T00:00:00+00:00"
    due = datetime.fromisoformat(first.status["Next"])
    last = datetime.fromisoformat(second.status["Last"])
    assert due.second == 0
    assert due <= last <= starts[0] < due + timedelta(minutes=1)
    assert datetime.fromisoformat(second.status["Next"]) == due + timedelta(minutes=1)
    assert {str(run.status) for run in others} == {"{}"}
    assert not any(run.past_due for run in (first, second, *others))
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["monitored.json"]


def _restart(
    directory: Path, before: dict[str, str], after: dict[str, str], runs: int = 2
) -> Clockwork:
    """Run for a virtual minute, stay down for an hour, start again for so many runs."""
    state = ("--state", str(directory / "state"))
    with clockwork(directory, ScaledClock(speed=120), *state, **before) as watched:
        watched.wait_runs("monitored", 1)
        later = watched.clock.anchor + timedelta(hours=1)
    with clockwork(directory, ScaledClock(120, later), *state, **after) as watched:
        watched.wait_runs("monitored", runs)
        return watched


def test_timer_missed_while_the_host_was_down_is_caught_up_once(tmp_path: Path) -> None:
    """At once, told that it is past due; then the schedule again."""
    settings = {"MONITORED_SCHEDULE": EACH_MINUTE}
    watched = _restart(tmp_path, settings, settings)
    first, second = watched.runs("monitored")[:2]
    starts = watched.virtual_starts("monitored")
    assert (first.past_due, second.past_due) == (True, False)
    assert datetime.fromisoformat(first.status["Next"]) < watched.clock.anchor
    assert starts[0] < watched.clock.anchor + timedelta(minutes=5)
    assert starts[1].second < 30


def test_changed_schedule_is_not_past_due(tmp_path: Path) -> None:
    """What the old schedule missed does not count."""
    before = {"MONITORED_SCHEDULE": EACH_MINUTE}
    watched = _restart(tmp_path, before, {"MONITORED_SCHEDULE": "30 * * * * *"}, runs=1)
    assert not any(run.past_due for run in watched.runs("monitored"))
    assert all(start.second >= 30 for start in watched.virtual_starts("monitored"))


def test_quick_timer_is_not_caught_up(tmp_path: Path) -> None:
    """A timer that is due more than once a minute is not monitored."""
    settings = {"MONITORED_SCHEDULE": "*/20 * * * * *"}
    watched = _restart(tmp_path, settings, settings)
    assert not any(run.past_due for run in watched.runs("monitored"))
    assert not list((tmp_path / "state").iterdir())


def test_missed_timer_that_runs_on_startup_runs_once(tmp_path: Path) -> None:
    """Past due comes first; its start is no second reason."""
    state = ("--state", str(tmp_path / "state"))
    settings = {"STARTUP_SCHEDULE": EACH_MINUTE}
    with clockwork(tmp_path, ScaledClock(speed=120), *state, **settings) as watched:
        watched.wait_runs("at_start", 1)
        wait_for((tmp_path / "state" / "at_start.json").exists)
        later = watched.clock.anchor + timedelta(hours=1)
    with clockwork(tmp_path, ScaledClock(120, later), *state, **settings) as watched:
        first, second = watched.wait_runs("at_start", 2)[:2]
        starts = watched.virtual_starts("at_start")
    assert (first.past_due, second.past_due) == (True, False)
    assert starts[1].second < 30


def test_schedules_are_utc_whatever_the_zone(tmp_path: Path) -> None:
    """TZ and WEBSITE_TIME_ZONE move nothing, as on Azure's plans for Linux; the latter is said."""
    zone = "Asia/Kolkata"
    settings = {"QUICK_SCHEDULE": "* * 9 * * *", "TZ": zone, "WEBSITE_TIME_ZONE": zone}
    with clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched:
        watched.wait_runs("quick", 1)
        assert {start.hour for start in watched.virtual_starts("quick")} == {9}
        assert "schedules are UTC name=WEBSITE_TIME_ZONE" in watched.host.log


async def test_run_a_hair_early_does_not_run_its_slot_twice(tmp_path: Path) -> None:
    """A clock that is set back as the timer wakes: the next run is the next slot's."""
    # What the clock reads: at the start, asleep, awake, set back, asleep for the next slot.
    readings = iter([0.98, 0.98, 1.0, 0.99])
    clock = Clock(ANCHOR, 1.0, lambda: next(readings, 2.0))
    stopping = iter([False, False, False])
    store, ran = MemoryStatusStore(), list[ScheduleStatus | None]()
    function = Function(
        "early", lambda timer: ran.append(store.load("early")), {"type": "timerTrigger"}, "timer"
    )
    timer = TimerFunction(
        function, parse_schedule(EACH_SECOND), True, runs_on_startup=False, is_disabled=False
    )
    world = TimerWorld(clock, Invoker(tmp_path, {}), store, lambda: next(stopping, True))
    await Timer(timer, world).keep_time()
    (before,) = ran
    after = store.load("early")
    assert before is not None
    assert after is not None
    assert before.next == after.last == ANCHOR + SECOND
    assert after.next == ANCHOR + 2 * SECOND


def test_disabled_timer_does_not_run(tmp_path: Path) -> None:
    """Its slots pass."""
    settings = {
        "QUICK_SCHEDULE": EACH_SECOND,
        "SYNC_SCHEDULE": EACH_SECOND,
        "AzureWebJobs.quick.Disabled": "true",
    }
    with clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched:
        watched.wait_runs("in_pool", 4)
        assert watched.runs("quick") == []


def test_timer_is_run_by_name_with_the_master_key(tmp_path: Path) -> None:
    """202, scheduled or switched off; 404 for no such function, 400 for no JSON, 401 for no key."""
    settings = {"QUICK_SCHEDULE": NEVER_DUE, "AzureWebJobs.quick.Disabled": "true"}
    with clockwork(tmp_path, ScaledClock(speed=20), *KEYS, **settings) as watched:
        run = watched.host.request
        assert run("POST", "/admin/functions/Quick", MASTER, b"{}").status == 202
        watched.wait_runs("quick", 1)
        assert run("POST", "/admin/functions/quick?code=the-master-key", {}, b"{}").status == 202
        assert run("POST", "/admin/functions/nothing", MASTER, b"{}").status == 404
        assert run("POST", "/admin/functions/quick", MASTER, b"no JSON").status == 400
        assert run("POST", "/admin/functions/quick", {}, b"{}").status == 401
        assert run("GET", "/admin/functions/quick", MASTER).status == 404
        (*_, last) = watched.wait_runs("quick", 2)
        assert not last.past_due
