"""Health: heartbeats that are written seldom and judged by minutes, and rollbacks that failed."""

from dataclasses import dataclass, field

import pytest

from shared.core.errors import UpstreamUnavailable
from shared.core.model import Drill, Heartbeat, Phase, UndoRecord
from shared.health import TIMERS, Health
from tests.support.drills import a_drill, an_undo_record, at
from tests.support.machines import ToyClock


@dataclass
class Bench:
    """Health over a dictionary."""

    clock: ToyClock = field(default_factory=ToyClock)
    beats: dict[str, Heartbeat] = field(default_factory=dict)
    writes: int = 0
    drills: tuple[Drill, ...] = ()
    records: tuple[UndoRecord, ...] = ()
    is_reachable: bool = True

    def heartbeats(self) -> dict[str, Heartbeat]:
        """Return the newest heartbeats."""
        if not self.is_reachable:
            raise UpstreamUnavailable("Tables do not answer.")
        return self.beats

    def write_heartbeat(self, timer: str, beat: Heartbeat) -> None:
        """Keep a heartbeat."""
        if not self.is_reachable:
            raise UpstreamUnavailable("Tables do not answer.")
        self.writes += 1
        self.beats[timer] = beat

    def health(self) -> Health:
        """Return health, as after a restart."""
        return Health(self, lambda: self.drills, lambda: self.records, self.clock.now)


@pytest.fixture
def bench() -> Bench:
    """Return health whose timers have just run."""
    made = Bench()
    for timer in TIMERS:
        made.health().beat(timer)
    made.writes = 0
    return made


def test_all_is_well_while_timers_run(bench: Bench) -> None:
    """For three minutes after each heartbeat."""
    bench.clock.at = at(180)

    assert bench.health().problems() == ()


def test_a_timer_that_stopped_is_named(bench: Bench) -> None:
    """With how long ago it ran."""
    bench.clock.at = at(181)
    bench.health().beat("take_samples")
    bench.health().beat("advance_drills")

    assert bench.health().problems() == ("Timer restore_overdue has not run for 181 s.",)


def test_a_slow_schedule_is_not_stale(bench: Bench) -> None:
    """A timer that runs every five minutes is allowed three of its own periods."""
    health = bench.health()
    health.beat("take_samples")
    bench.clock.at = at(300)
    for timer in TIMERS:
        health.beat(timer)
    bench.clock.at = at(900)

    assert [p.split()[1] for p in health.problems()] == ["advance_drills", "restore_overdue"]


def test_a_new_app_has_three_minutes_to_show_a_heartbeat() -> None:
    """Then a timer that never ran is stale too."""
    bench = Bench()
    health = bench.health()
    early = health.problems()
    bench.clock.at = at(200)

    assert early == ()
    assert len(health.problems()) == len(TIMERS)


def test_heartbeats_are_written_at_most_once_a_minute(bench: Bench) -> None:
    """Rows cost money; health is judged by minutes."""
    health = bench.health()
    for second in range(0, 120, 5):
        bench.clock.at = at(second)
        health.beat("advance_drills")

    assert bench.writes == 2


def test_a_heartbeat_never_stops_a_heart(bench: Bench) -> None:
    """Tables that do not answer are the health's trouble, not the timer's."""
    bench.is_reachable = False
    bench.health().beat("take_samples")

    assert bench.health().problems() == ("Table storage did not answer.",)


def test_a_rollback_that_failed_is_unhealthy(bench: Bench) -> None:
    """Until it has been verified."""
    bench.drills = (a_drill(Phase.FAILBACK, needs_attention=True),)

    assert bench.health().problems() == ("The rollback of drill d1 has not been verified.",)


def test_a_record_that_the_watchdog_did_not_restore_is_unhealthy(bench: Bench) -> None:
    """Overdue for longer than three of its periods."""
    bench.records = (an_undo_record(restore_by=at(-181)),)

    (told,) = bench.health().problems()
    assert told == "A fault of drill d1 is overdue to be undone."
