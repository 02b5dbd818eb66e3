"""The baseline service: every profile without a drill, each minute, whatever is slow or broken."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from shared.baseline import CONFIGURATION_MS, FLUSH_BEFORE_END_MS
from shared.core.baseline import MONITORED_PROFILES_MAX, WINDOW_MS, Configuration
from shared.core.errors import RefusedByAzure, UpstreamUnavailable
from tests.support.baseline_bench import AWAY, Bench
from tests.support.drills import RESOLVER, SERVER
from tests.support.skipping_loop import BEGIN, SkippingLoop

FAILING = UpstreamUnavailable("The table does not answer.")


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop whose time is skipped."""
    with asyncio.Runner(loop_factory=SkippingLoop) as made:
        yield made


@pytest.fixture
def bench(runner: asyncio.Runner) -> Bench:
    """The service with the lab's profile registered, at the start of a minute."""
    return Bench(runner, "lab")


@pytest.fixture(autouse=True)
def _no_other_loop_s_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What asyncio would only mention is a failure here."""
    yield
    assert not [r for r in caplog.records if r.name == "asyncio" and r.levelno >= logging.ERROR]


def test_a_profile_is_asked_once_a_minute(bench: Bench) -> None:
    """Every series of it, at nearly the same second of every minute."""
    bench.run(24)

    turns = bench.turns()
    assert len(turns) in (3, 4)
    assert {after - before for before, after in pairwise(turns)} == {60}
    for series in ("health/virginia", f"dns/authoritative/{SERVER}", f"dns/recursive/{RESOLVER}"):
        assert bench.turns(series) == turns
    assert bench.written() == turns


def test_the_interval_is_a_setting(runner: asyncio.Runner) -> None:
    """Every ten seconds at most, every hour at least."""
    bench = Bench(runner, "lab", interval_seconds=10)
    bench.run(7)

    assert bench.turns() == [10, 20, 30, 40, 50, 60, 70]


def test_nothing_is_asked_where_it_is_switched_off(runner: asyncio.Runner) -> None:
    """Not even which profiles there are."""
    bench = Bench(runner, "lab", interval_seconds=0)
    bench.busy_error = FAILING
    bench.run(12)

    assert bench.world.asked == bench.reads == []


def test_a_run_without_a_turn_is_short(bench: Bench) -> None:
    """What runs is billed: a look at the tables, no more."""
    bench.run(12)
    began = bench.clock.now()
    ends = []
    for _ in range(6):
        bench.run()
        ends.append(bench.clock.now() % 10_000)

    assert bench.clock.now() - began > 50_000
    assert sorted(ends)[-2] < 100, "five of six runs have no turn to take"
    assert max(ends) < 10_000 - FLUSH_BEFORE_END_MS


def test_a_run_waits_for_silent_endpoints_but_not_for_ever(bench: Bench) -> None:
    """Their time-outs are samples of the same run."""
    bench.world.is_silent = True
    bench.run(12)

    assert bench.written("health/virginia") == bench.turns()
    assert bench.clock.now() % 10_000 < 3_000


def test_a_profile_with_a_drill_is_left_to_it(bench: Bench) -> None:
    """And taken up again when the drill has ended."""
    bench.run(12)
    before = len(bench.turns())
    bench.busy = frozenset({"lab"})
    bench.run(12)
    assert len(bench.turns()) == before

    bench.busy = frozenset()
    bench.run(12)

    assert len(bench.turns()) == before + 2


def test_many_profiles_are_spread(runner: asyncio.Runner) -> None:
    """A few at a time, a few times a second; every one of them every minute."""
    names = [f"profile-{n}" for n in range(600)]
    bench = Bench(runner, *names)
    bench.run(7)
    bench.world.asked.clear()
    bench.run(6)

    turns = bench.turns()
    assert len(turns) == 600
    assert max(Counter(turns).values()) <= 8
    by_window = Counter(int(at // 10) for at in turns)
    assert max(by_window.values()) < 1.5 * 600 / 6


def test_the_status_of_too_many_profiles_is_not_asked(runner: asyncio.Runner) -> None:
    """One read a minute and profile is what ARM allows for two hundred."""
    bench = Bench(runner, *(f"profile-{n}" for n in range(MONITORED_PROFILES_MAX)))
    bench.run(13)
    assert len([asked for _, asked in bench.world.asked if asked.startswith("/profiles/")]) > 200

    bench.register("one-more")
    bench.run(6)
    bench.world.asked.clear()
    bench.run(6)

    assert bench.turns()
    assert not [asked for _, asked in bench.world.asked if asked.startswith("/profiles/")]


def test_new_profiles_join_and_deleted_ones_leave(bench: Bench) -> None:
    """Within two minutes."""
    bench.run(12)
    bench.register("other")
    bench.registry.delete("lab")
    bench.run(18)
    bench.world.asked.clear()
    bench.run(12)

    assert {profile for profile, _, _ in bench.rows.rows} == {"lab", "other"}
    assert {asked for _, asked in bench.world.asked if asked.startswith("/profiles/")} == {
        "/profiles/other"
    }


def test_what_arm_says_is_read_once_in_a_while(bench: Bench) -> None:
    """Not for every sample; a change is seen within ten minutes."""
    bench.run(60)
    read = [at for at, _ in bench.reads]
    assert len(read) == 1

    bench.run(12)

    read = [at for at, _ in bench.reads]
    assert CONFIGURATION_MS <= read[1] - read[0] <= CONFIGURATION_MS + 10_000


def test_many_configurations_are_read_no_more_often_together(runner: asyncio.Runner) -> None:
    """A thousand profiles take fifty minutes instead of ten."""
    bench = Bench(runner, *(f"profile-{n}" for n in range(1_000)))
    bench.run(6)
    bench.reads.clear()
    bench.run(6 * 20)

    assert bench.reads == []


def test_what_arm_refuses_of_one_profile_keeps_no_other(bench: Bench) -> None:
    """It is tried again, and once known it is asked."""
    bench.register("hidden")
    shown = bench.live["hidden"]
    bench.live["hidden"] = RefusedByAzure("No.")
    bench.run(13)
    assert bench.turns()
    assert {profile for profile, _, _ in bench.rows.rows} == {"lab"}

    bench.live["hidden"] = shown
    bench.run(6 * 13)

    assert {profile for profile, _, _ in bench.rows.rows} == {"hidden", "lab"}


def test_while_arm_does_not_answer_what_is_known_is_asked(bench: Bench) -> None:
    """Samples do not wait for ARM."""
    bench.run(12)
    bench.live["lab"] = UpstreamUnavailable("ARM did not answer.")
    bench.world.asked.clear()
    bench.run(6 * 15)

    assert len(bench.turns()) == 15


def test_a_profile_that_is_gone_from_arm_is_not_asked(bench: Bench) -> None:
    """Its name would be somebody else's."""
    bench.run(12)
    bench.live["lab"] = None
    bench.run(6 * 11)
    bench.world.asked.clear()
    bench.run(12)

    assert bench.world.asked == []


def test_what_storage_refuses_is_written_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """For half an hour nothing is lost; the trouble is told once, and its end too."""
    bench.run(12)
    caplog.set_level(logging.INFO, "shared.baseline")
    bench.rows.error = bench.busy_error = FAILING
    bench.run(6 * 20)
    bench.rows.error = bench.busy_error = None
    bench.run(2)

    assert bench.written() == bench.turns()
    assert len(bench.turns()) >= 20
    told = Counter(record.levelname for record in caplog.records)
    assert told == {"WARNING": 2, "INFO": 2}


def test_what_storage_refuses_for_too_long_is_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The oldest goes first."""
    bench.rows.error = FAILING
    bench.run(6 * 60)
    bench.rows.error = None
    bench.run()

    assert 0 < len(bench.written()) <= 40
    assert bench.written()[-1] == bench.turns()[-1]
    assert "samples given up" in caplog.text


def test_an_error_of_our_own_stops_nothing_else(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told with its trace; the other series go on."""
    bench.world.error = RuntimeError("a bug")
    bench.run(12)

    assert {s.series for s in bench.rows.samples} >= {"health/virginia", "health/amsterdam"}
    assert "a bug" in caplog.text


def test_a_row_holds_ten_minutes(bench: Bench) -> None:
    """It grows until it is over; a process writes rows of its own."""
    bench.run(6 * 25)
    rows = {start: len(row) for (_, start, _), row in bench.rows.rows.items()}
    assert sorted(rows) == [BEGIN + n * WINDOW_MS for n in range(3)]
    assert rows[BEGIN + WINDOW_MS] == 10 * 7

    bench.restart()
    bench.run(12)

    assert len({writer for _, _, writer in bench.rows.rows}) == 2


def test_what_samples_are_judged_by_is_written_once_a_day_and_when_it_changes(
    bench: Bench,
) -> None:
    """A report needs what was in force, whatever the profile is by then."""
    bench.run(6 * 5)
    assert bench.rows.configurations == [("lab", BEGIN, bench.live["lab"])]

    known = bench.live["lab"]
    assert isinstance(known, Configuration)
    changed = replace(known, snapshot=replace(known.snapshot, ttl_seconds=20))
    bench.live["lab"] = changed
    bench.run(6 * 12)

    (_, since, told) = bench.rows.configurations[1]
    assert told == changed
    assert since > BEGIN + CONFIGURATION_MS
    assert len(bench.rows.configurations) == 2


def test_an_unplanned_switch_is_told_at_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever watches the log need not ask."""
    bench.run(12)
    bench.world.serving = AWAY
    bench.run(12)

    (record,) = [r for r in caplog.records if "unplanned switch" in r.message]
    assert "profile=lab what=failover from=virginia to=amsterdam" in record.message


def test_what_a_drill_has_switched_is_not_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It was planned."""
    bench.run(12)
    bench.busy = frozenset({"lab"})
    bench.run(6)
    bench.world.serving = AWAY
    bench.run(6)
    bench.busy = frozenset()
    bench.run(12)

    assert "unplanned switch" not in caplog.text
