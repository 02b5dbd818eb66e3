"""The sampling service: every second of a drill, once, whatever else is slow or broken."""

import asyncio
import gc
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.core.errors import UpstreamUnavailable
from tests.support.sampled_drill import lab_drill
from tests.support.sampling_bench import Bench
from tests.support.skipping_loop import BEGIN, SkippingLoop


@pytest.fixture
def bench() -> Iterator[Bench]:
    """The service, with the lab's drill open, at the start of a minute."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        yield Bench(runner)


@pytest.fixture(autouse=True)
def _no_other_loop_s_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What asyncio would only mention is a failure here."""
    yield
    assert not [r for r in caplog.records if r.name == "asyncio" and r.levelno >= logging.ERROR]


def test_a_window_is_asked_on_every_second(bench: Bench) -> None:
    """Ten slots, and the run is over before the timer's next slot."""
    bench.run()

    assert bench.seconds() == list(range(10, 20))
    assert 19_400 <= bench.clock.now() - BEGIN < 20_000


def test_windows_follow_without_a_gap(bench: Bench) -> None:
    """Slot 0 of a window is asked on time: which drills are open is known from the last run."""
    bench.run(3)

    assert bench.seconds() == list(range(10, 40))
    assert all(at % 1_000 < 10 for at in bench.prompt.asked)


def test_a_run_that_begins_late_skips_what_is_past(bench: Bench) -> None:
    """A sample asked late says nothing of the second that it was meant for."""
    bench.run_after(14.3)

    assert bench.seconds() == list(range(14, 20))


def test_a_window_that_is_run_twice_is_asked_once(bench: Bench) -> None:
    """Timers may fire twice; a slot seen before is skipped."""
    bench.run_after(10, times=2)

    assert bench.seconds() == list(range(10, 20))


def test_a_timer_that_fires_early_waits_for_its_window(bench: Bench) -> None:
    """Its ten slots are those of the window it was meant for."""
    bench.run_after(9.95)

    assert bench.seconds() == list(range(10, 20))


def test_the_plan_says_how_often(bench: Bench) -> None:
    """An interval of five seconds is two slots a window."""
    bench.drills.drills = (lab_drill(0, interval_seconds=5),)
    bench.run()

    assert bench.seconds() == [10, 15]


def test_the_collector_forgets_what_is_loaded_when_a_drill_opens(bench: Bench) -> None:
    """A full collection over the SDKs' modules stands still for longer than a slot may wait."""
    gc.unfreeze()
    bench.run()

    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_without_an_open_drill_a_run_is_short(bench: Bench) -> None:
    """It costs one look at the table."""
    bench.drills.drills = ()
    bench.run()

    assert bench.seconds() == []
    assert bench.clock.now() - BEGIN < 11_000


def test_a_drill_that_was_just_started_is_sampled_in_the_same_run(bench: Bench) -> None:
    """Which drills are open is read again in every run, while sampling goes on."""
    bench.run()
    bench.drills.drills += (replace(lab_drill(0), id="d2"),)
    bench.run()

    of_new = sorted(s.asked_at for row in bench.rows.of("d2") for s in row)
    assert (of_new[0] - BEGIN) // 1_000 in (20, 21)
    assert (of_new[-1] - BEGIN) // 1_000 == 29


def test_a_drill_that_has_closed_is_not_asked_for_longer(bench: Bench) -> None:
    """And what was still to be written of it is written."""
    bench.rows.error = UpstreamUnavailable("The table does not answer.")
    bench.run()
    bench.rows.error, bench.drills.drills = None, ()
    bench.run(2)

    assert bench.seconds() in (list(range(10, 20)), list(range(10, 21)))
    assert bench.written() == bench.seconds()


def test_what_clients_keep_is_kept_as_long_as_their_drill_is_open(bench: Bench) -> None:
    """They are told of it before they are asked, and of its end although nothing is asked then."""
    bench.run()
    bench.drills.drills = ()
    bench.run(2)

    assert bench.clients.followed[0] == ("d1",)
    assert bench.clients.followed[-1] == ()


def test_what_storage_refuses_is_written_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost, the fault is told once, and its end too."""
    caplog.set_level(logging.INFO, "shared.sampling")
    bench.rows.error = UpstreamUnavailable("The table does not answer.")
    bench.run(3)
    assert bench.written() == []
    bench.rows.error = None
    bench.run(2)

    assert bench.written() == bench.seconds() == list(range(10, 60))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_what_storage_refuses_for_too_long_is_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Half an hour is held; a report must not be silent about the rest."""
    bench.rows.error = UpstreamUnavailable("The table does not answer.")
    for _ in range(32):
        bench.run_after(60)
    bench.rows.error = None
    bench.run()

    assert bench.written()[0] >= 2 * 60
    assert bench.written()[-1] == bench.seconds()[-1]
    assert "samples given up" in caplog.text


def test_sampling_does_not_wait_for_slow_storage(bench: Bench) -> None:
    """A write that hangs costs no slot, and is not piled upon."""
    bench.run()
    bench.hang()
    bench.run(3)
    assert bench.seconds() == list(range(10, 50))

    bench.go_on()
    bench.run(2)

    assert bench.written() == bench.seconds() == list(range(10, 70))


def test_while_the_drills_cannot_be_read_those_known_go_on(bench: Bench) -> None:
    """A drill does not end because a table does not answer."""
    bench.run()
    bench.drills.error = UpstreamUnavailable("The table does not answer.")
    bench.run()

    assert bench.seconds() == list(range(10, 30))


def test_an_error_of_our_own_stops_nothing_else(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told with its trace; the other series go on."""
    bench.prompt.error = RuntimeError("a bug")
    bench.run()

    assert {s.series for s in bench.rows.samples} >= {"health/virginia", "health/amsterdam"}
    assert "a bug" in caplog.text


def test_a_row_grows_while_its_minute_is_open(bench: Bench) -> None:
    """One row a minute and writer: six writes, then it is sealed."""
    bench.run(8)

    assert [len(row) for row in bench.rows.rows.values()] == [50 * 8, 30 * 8]
    assert bench.rows.writes == 8
    assert len({writer for _, _, writer in bench.rows.rows}) == 1


@pytest.mark.parametrize("by_ms", [-30_000, 300, 30_000])
def test_a_clock_that_is_set_is_written_down(bench: Bench, by_ms: int) -> None:
    """Within a slot, and of every drill that is open; the run ends, for its window moved."""
    bench.drills.drills = (lab_drill(0), replace(lab_drill(0), id="d2"))
    bench.run()
    bench.set_clock_after(4.5, by_ms)
    bench.run(2)

    told = [(drill_id, step.by_ms) for drill_id, step in bench.rows.steps]
    assert told == [("d1", by_ms), ("d2", by_ms)]
    step = bench.rows.steps[0][1]
    assert step.before - BEGIN == 23_000
    assert 0 <= step.after - by_ms - step.before <= 1_000


def test_a_second_that_a_set_back_clock_shows_again_is_not_asked_again(bench: Bench) -> None:
    """No two samples have the same stamps, and what lies before a step tells so."""
    bench.run()
    bench.set_clock_after(4.5, -8_000)
    bench.run(3)

    seconds = bench.seconds()
    assert len(seconds) == len(set(seconds))
    assert set(range(10, 39)) <= set(seconds)


def test_a_step_is_kept_while_its_table_fails(bench: Bench) -> None:
    """Without it the report would be wrong; it is written with what was sampled meanwhile."""
    bench.run()
    bench.rows.error = UpstreamUnavailable("Tables answered 503.")
    bench.set_clock_after(4.5, 30_000)
    bench.run(2)
    assert bench.rows.steps == []

    bench.rows.error = None
    bench.run()
    assert [step.by_ms for _, step in bench.rows.steps] == [30_000]


def test_no_run_outlasts_its_window_when_the_clock_is_set_back(bench: Bench) -> None:
    """The host ends what runs for minutes."""
    bench.run()
    begun = bench.loop_seconds()
    bench.set_clock_after(4.5, -3_600_000)
    bench.run()

    assert bench.loop_seconds() - begun <= 20
