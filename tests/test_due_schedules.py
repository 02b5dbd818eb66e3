"""What is due: each occurrence starts at most once, whatever dies, and is told with its reason."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.errors import (
    Fault,
    PreflightFailed,
    ProfileBusy,
    SafetyLeverEngaged,
    SwitchbackError,
    UpstreamUnavailable,
)
from shared.core.plan import Plan
from shared.core.samples import Instant
from shared.core.schedule import Occurrence, Window
from shared.schedules import MISSED_MAX
from tests.support.memory_schedules import MemorySchedules
from tests.support.schedules import (
    ANY,
    DAY,
    DUE,
    EVENING,
    MINUTE,
    Bench,
    Died,
    a_bench,
    a_claim,
    a_schedule,
)


@pytest.fixture
def bench() -> Bench:
    """Return the service over toys, with a schedule made the evening before."""
    return a_bench()


def test_nothing_starts_before_its_time(bench: Bench) -> None:
    """Not a millisecond."""
    assert bench.run(DUE - 1) == []
    assert bench.drills.asked == 0


def test_a_drill_starts_at_its_time(bench: Bench) -> None:
    """With the schedule's plan, in the schedule's name; once, however often it is looked."""
    bench.run(DUE)
    told = bench.run(DUE + 5_000)

    assert told == ["11-24T02:00 started"]
    assert bench.drills.started == {
        "nightly-20261124t020000z": (
            Plan(profile="lab", rto_seconds=300),
            '{"profile":"lab","rtoSeconds":300}',
            "schedule nightly",
        )
    }
    assert bench.drills.asked == 1


def test_it_starts_every_night(bench: Bench) -> None:
    """Night after night, newest first."""
    bench.run(DUE)

    assert bench.run(DUE + DAY + 4_000) == ["11-25T02:00 started", "11-24T02:00 started"]


def test_a_restart_starts_nothing_again(bench: Bench) -> None:
    """What was started is known from the tables alone."""
    bench.run(DUE)
    bench.service = bench.host()

    assert bench.run(DUE + 5_000) == ["11-24T02:00 started"]
    assert bench.drills.asked == 1


def test_a_disabled_schedule_does_nothing(bench: Bench) -> None:
    """Nothing is started, nothing recorded; enabled again, it does not look back."""
    bench.service.put(replace(a_schedule(), enabled=False), ANY)
    asleep = bench.run(DUE + MINUTE)
    bench.service.put(a_schedule(), ANY)
    awake = bench.run(DUE + 2 * MINUTE)

    assert (asleep, awake) == ([], [])


def test_two_hosts_start_one_drill(bench: Bench) -> None:
    """The claim is a row that only one of them can insert."""
    other = bench.host()
    bench.run(DUE)
    other.run_due()

    assert bench.told() == ["11-24T02:00 started"]
    assert bench.drills.asked == 1


REFUSALS: dict[str, tuple[SwitchbackError, str]] = {
    "busy": (ProfileBusy("Busy."), "ProfileBusy"),
    "lever": (SafetyLeverEngaged("Engaged."), "SafetyLeverEngaged"),
    "preflight": (
        PreflightFailed("No.", (Fault("NoSurvivor", "profile", "None."),)),
        "PreflightFailed",
    ),
}


@pytest.mark.parametrize(("trouble", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_drill_is_a_skip_with_its_reason(
    bench: Bench, trouble: SwitchbackError, reason: str
) -> None:
    """And every failed check; it is not tried again."""
    bench.drills.trouble = trouble
    bench.run(DUE)
    bench.drills.trouble = None
    told = bench.run(DUE + 2 * MINUTE)

    (occurrence,) = bench.store.occurrences("nightly", 10)
    assert told == [f"11-24T02:00 skipped {reason}"]
    assert (occurrence.message, occurrence.details) == (str(trouble), trouble.faults)
    assert bench.drills.started == {}


SILENT = Window(opens="02:00", closes="04:00")
WINDOWS: dict[str, tuple[dict[str, Any], str]] = {
    "blocked window": ({"blocked_windows": (replace(SILENT, days=("tue",)),)}, "InBlockedWindow"),
    "no allowed one": (
        {"allowed_windows": (replace(SILENT, days=("wed",)),)},
        "OutsideAllowedWindows",
    ),
    "blocked date": ({"blocked_dates": ("2026-11-24",)}, "OnBlockedDate"),
}


@pytest.mark.parametrize(("timing", "reason"), WINDOWS.values(), ids=WINDOWS)
def test_a_blocked_time_is_a_skip_with_its_reason(timing: dict[str, Any], reason: str) -> None:
    """Azure is asked nothing."""
    bench = Bench()
    bench.service.put(a_schedule(**timing), ANY)

    told = bench.run(DUE)

    assert told == [f"11-24T02:00 skipped {reason}"]
    assert bench.drills.asked == 0


def test_five_minutes_late_is_in_time(bench: Bench) -> None:
    """A deployment at three in the morning costs no drill."""
    assert bench.run(DUE + 5 * MINUTE) == ["11-24T02:00 started"]


def test_later_is_missed(bench: Bench) -> None:
    """Nobody wants a drill at noon that was meant for the night."""
    assert bench.run(DUE + 5 * MINUTE + 1) == ["11-24T02:00 missed Missed"]
    assert bench.drills.asked == 0


def test_days_of_absence_start_at_most_the_last_drill(bench: Bench) -> None:
    """The others are recorded as missed."""
    assert bench.run(DUE + 3 * DAY + MINUTE) == [
        "11-27T02:00 started",
        "11-26T02:00 missed Missed",
        "11-25T02:00 missed Missed",
        "11-24T02:00 missed Missed",
    ]


def test_a_long_absence_is_not_recorded_without_end() -> None:
    """A schedule of every minute, a month later."""
    bench = Bench()
    bench.service.put(a_schedule(cron="* * * * *"), ANY)

    told = bench.run(EVENING + 30 * DAY)

    assert len(told) == MISSED_MAX + 1
    assert [line for line in told if "started" in line] == ["12-23T20:00 started"]


def test_death_before_the_start_is_made_good(bench: Bench) -> None:
    """Claimed, not started: another process starts it once the claim has aged."""
    bench.store.create_occurrence(a_claim())

    young = bench.run(DUE + 55_000)
    old = bench.run(DUE + 60_000)

    assert (young, old) == (["11-24T02:00 starting"], ["11-24T02:00 started"])


def test_death_after_the_start_starts_nothing_again(bench: Bench) -> None:
    """The drill has its name already; only the record is completed."""
    bench.drills.dies = True
    with pytest.raises(Died):
        bench.run(DUE)
    bench.drills.dies = False
    bench.service = bench.host()

    assert bench.run(DUE + MINUTE) == ["11-24T02:00 started"]
    assert bench.drills.asked == 1


def test_death_after_the_start_is_told_right_days_later(bench: Bench) -> None:
    """A drill that ran is not called missed."""
    bench.drills.dies = True
    with pytest.raises(Died):
        bench.run(DUE)
    bench.drills.dies = False

    assert bench.run(DUE + 10 * MINUTE) == ["11-24T02:00 started"]


def test_death_before_the_start_is_missed_when_it_is_too_late(bench: Bench) -> None:
    """Bounded lateness holds for what was claimed as well."""
    bench.store.create_occurrence(a_claim())

    assert bench.run(DUE + 6 * MINUTE) == ["11-24T02:00 missed Missed"]


def test_a_newer_time_settles_an_older_claim() -> None:
    """At most the newest is started."""
    bench = Bench()
    bench.service.put(a_schedule(cron="*/2 * * * *"), ANY)
    bench.store.create_occurrence(a_claim())

    told = bench.run(DUE + 2 * MINUTE)

    assert told[:2] == ["11-24T02:02 started", "11-24T02:00 missed Missed"]
    assert len(bench.drills.started) == 1


def test_silence_is_asked_again_within_bounds(bench: Bench) -> None:
    """ARM does not answer: a minute between attempts, and missed with the reason in the end."""
    bench.drills.trouble = UpstreamUnavailable("ARM did not answer.")
    for seconds in range(0, 365, 5):
        bench.run(DUE + 1_000 * seconds)

    assert bench.told() == ["11-24T02:00 missed UpstreamUnavailable"]
    assert bench.drills.asked == 6


def test_silence_that_ends_costs_no_drill(bench: Bench) -> None:
    """The next attempt starts it, and forgets the trouble."""
    bench.drills.trouble = UpstreamUnavailable("ARM did not answer.")
    bench.run(DUE)
    bench.drills.trouble = None

    assert bench.run(DUE + MINUTE) == ["11-24T02:00 started"]


def test_busy_with_this_very_drill_is_started(bench: Bench) -> None:
    """Another host, which took over an aged claim, was a moment faster."""
    bench.drills.started[a_claim().drill_id] = (Plan(profile="lab", rto_seconds=1), "", "")
    bench.drills.trouble = ProfileBusy("Busy.")

    assert bench.run(DUE) == ["11-24T02:00 started"]


def test_one_start_in_a_run() -> None:
    """A preflight takes seconds, and running drills are waiting for the same timer."""
    bench = Bench()
    for name in ("a", "b", "c"):
        bench.service.put(a_schedule(name), ANY)

    counts = []
    for turn in range(3):
        bench.run(DUE + 5_000 * turn)
        counts.append(bench.drills.asked)

    assert counts == [1, 2, 3]
    assert [*bench.drills.started] == [f"{name}-20261124t020000z" for name in "abc"]


def test_one_schedules_trouble_does_not_keep_the_others() -> None:
    """Each is settled alone."""

    class Torn(MemorySchedules):
        def occurrences(
            self, name: str, top: int, before: Instant | None = None
        ) -> list[Occurrence]:
            if name == "a":
                raise UpstreamUnavailable("Torn.")
            return super().occurrences(name, top, before)

    bench = Bench(store=Torn())
    for name in ("a", "b"):
        bench.service.put(a_schedule(name), ANY)
    bench.run(DUE)

    assert [*bench.drills.started] == ["b-20261124t020000z"]
