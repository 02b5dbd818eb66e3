"""The drill service where hosts race each other, storage fails, and rows are read late."""

from dataclasses import replace

import pytest

from shared.core.errors import StaleRow, UpstreamUnavailable
from shared.core.model import Drill, Phase
from shared.core.samples import Instant, Timeline
from tests.support.drills import at, lab_samples
from tests.support.memory import MemoryDrills, MemoryTimeline, in_place_of
from tests.support.toys import PLAN, DrillBench


@pytest.fixture
def bench() -> DrillBench:
    """Return the service over toys, with a drill that has just started."""
    return DrillBench.started()


def test_a_request_that_lost_the_race_for_its_own_drill_is_answered_with_it(
    bench: DrillBench,
) -> None:
    """It looked before the other was there; the profile is busy with the very drill it asks for."""

    class Late(MemoryDrills):
        def find(self, drill_id: str) -> None:
            del drill_id

    bench.store = in_place_of(bench.store, Late())
    again, is_new = bench.drills().start("d1", PLAN, "as sent", "a test")

    assert (again.id, is_new) == ("d1", False)


def test_a_host_that_would_break_something_must_hold_the_newest_drill(bench: DrillBench) -> None:
    """One that was read before others saved it breaks nothing, even if it is due to."""
    bench.timeline.samples = lab_samples(range(62))
    bench.machine.obeys = False
    read = bench.tick(62)
    bench.store.save(read)
    with pytest.raises(StaleRow):
        bench.drills().tick(read)

    assert bench.machine.asked == ["powerOff"]


def test_a_tick_that_lost_the_race_does_nothing(bench: DrillBench) -> None:
    """Two hosts tick at once: whoever saved first acts."""
    bench.timeline.samples = lab_samples(range(62))
    bench.clock.at = at(62)
    read = bench.store.load("d1")
    bench.drills().tick(read)

    class Overtaken(MemoryDrills):
        def open_drills(self) -> tuple[Drill, ...]:
            return (read,)

    bench.store = in_place_of(bench.store, Overtaken())
    bench.drills().advance()

    assert bench.machine.asked == ["powerOff"]


def test_one_drills_trouble_does_not_keep_another_from_rolling_back(bench: DrillBench) -> None:
    """Whatever it is, even what nobody has thought of."""
    bench.fail_over()
    bench.drills().stop("d1")
    bench.drills().start("d2", replace(PLAN, profile="other"), "as sent", "a test")

    class Odd(MemoryTimeline):
        def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
            if drill_id == "d2":
                raise OverflowError("since is before the calendar")
            return super().read(drill_id, since)

    odd = Odd(bench.timeline.samples)
    bench.timeline = odd
    bench.tick(72)

    assert bench.machine.state == "running"


def test_a_phase_that_was_saved_and_not_written_down_is_written_at_the_next_tick(
    bench: DrillBench,
) -> None:
    """A tick may die between the two."""
    bench.fail_over()
    del bench.timeline.transitions[-1]
    bench.tick(72)

    assert [t.phase for t in bench.timeline.transitions] == ["steady", "failover"]


def test_no_rollback_waits_for_samples(bench: DrillBench) -> None:
    """A timeline that cannot be read makes everything unknown, and a stop is still a stop."""
    bench.fail_over()
    bench.drills().stop("d1")

    class Unreadable(MemoryTimeline):
        def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
            raise UpstreamUnavailable("Tables do not answer.")

    bench.timeline = Unreadable()
    drill = bench.tick(72)

    assert drill.phase is Phase.FAILBACK
    assert bench.machine.state == "running"


@pytest.mark.parametrize("seconds", [70, 200, 1_000])
def test_a_drill_survives_a_restart_at_any_time(bench: DrillBench, seconds: float) -> None:
    """Every tick starts from the tables alone."""
    bench.fail_over()
    drill = bench.tick(seconds)

    assert drill.phase in (Phase.FAILOVER, Phase.FAILBACK)
    assert bench.machine.asked.count("powerOff") == 1
