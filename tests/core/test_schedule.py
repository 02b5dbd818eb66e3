"""When drills are due: cron in six zones over both clock changes, windows, dates, faults."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import Fault
from shared.core.plan import Plan
from shared.core.samples import Instant, instant, rfc3339
from shared.core.schedule import Occurrence, Outcome, Schedule, SkipReason, Timing, Window
from shared.core.schedule_rules import faults

# Zone, and for each of its clock changes in 2027: an hour long or short (Lord Howe: half an hour),
# the cron of a time in the gap or in the repeated stretch, and the instants of three nights.
CHANGES = {
    "London, the gap": ("Europe/London", "30 1 * * *", "2027-03-26T12:00:00Z", (
        "2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z")),
    "London, the fold": ("Europe/London", "30 1 * * *", "2027-10-29T12:00:00Z", (
        "2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z")),
    "Berlin, the gap": ("Europe/Berlin", "0,30 2 * * *", "2027-03-27T12:00:00Z", (
        "2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z", "2027-03-29T00:30:00Z")),
    "Berlin, the fold": ("Europe/Berlin", "30 2 * * *", "2027-10-29T12:00:00Z", (
        "2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z")),
    "New York, the gap": ("America/New_York", "30 2 * * *", "2027-03-12T12:00:00Z", (
        "2027-03-13T07:30:00Z", "2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z")),
    "New York, the fold": ("America/New_York", "30 1 * * *", "2027-11-05T12:00:00Z", (
        "2027-11-06T05:30:00Z", "2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z")),
    "Lord Howe, the gap of half an hour": ("Australia/Lord_Howe", "15 2 * * *",
        "2027-10-01T12:00:00Z", (
        "2027-10-01T15:45:00Z", "2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z")),
    "Lord Howe, the fold of half an hour": ("Australia/Lord_Howe", "45 1 * * *",
        "2027-04-02T12:00:00Z", (
        "2027-04-02T14:45:00Z", "2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z")),
    "Auckland, the gap": ("Pacific/Auckland", "59 2 * * *", "2027-09-24T13:00:00Z", (
        "2027-09-24T14:59:00Z", "2027-09-25T14:00:00Z", "2027-09-26T13:59:00Z")),
    "Auckland, the fold": ("Pacific/Auckland", "0 2 * * *", "2027-04-02T12:00:00Z", (
        "2027-04-02T13:00:00Z", "2027-04-03T13:00:00Z", "2027-04-04T14:00:00Z")),
    "Kathmandu, which changes no clock": ("Asia/Kathmandu", "30 2 * * *", "2027-03-27T12:00:00Z", (
        "2027-03-27T20:45:00Z", "2027-03-28T20:45:00Z", "2027-03-29T20:45:00Z")),
}  # fmt: skip
ZONES = sorted({zone for zone, *_ in CHANGES.values()})
NIGHT = Window(opens="22:00", closes="06:00", days=("mon",))
OFFICE = Window(opens="09:00", closes="17:00", days=("mon", "tue"))
NOW = instant("2026-11-22T09:00:00Z")


def daily(zone: str = "Europe/Berlin", cron: str = "0 3 * * *") -> Timing:
    """Return a timing without windows."""
    return Timing(cron=cron, time_zone=zone)


def a_schedule(**timing: object) -> Schedule:
    """Return a schedule in Berlin's time."""
    return Schedule(
        name="nightly",
        timing=replace(daily(), **timing),  # type: ignore[arg-type]
        plan=Plan(profile="lab", rto_seconds=300),
        plan_as_sent="{}",
        since=NOW,
    )


@pytest.mark.parametrize(("zone", "cron", "after", "expected"), CHANGES.values(), ids=CHANGES)
def test_one_drill_a_night_over_clock_changes(
    zone: str, cron: str, after: str, expected: tuple[str, ...]
) -> None:
    """In the gap: the first instant behind it. In the fold: the first time only."""
    found = islice(daily(zone, cron).after(instant(after)), 3)

    assert [rfc3339(each) for each in found] == [text.replace("Z", ".000Z") for text in expected]


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_looking_back_finds_what_looking_ahead_found(
    case: tuple[str, str, str, tuple[str, ...]],
) -> None:
    """Whatever was due while the app was down is what would have been started."""
    zone, cron, after, expected = case
    last = instant(expected[-1])

    found = daily(zone, cron).newest(instant(after), last, 10)

    assert found == tuple(instant(text) for text in expected)
    assert daily(zone, cron).newest(instant(after), last - 1, 1) == (instant(expected[-2]),)


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59), st.integers(0, 700))
def test_fixed_times_are_those_of_cronsim(zone: str, hour: int, minute: int, day: int) -> None:
    """Its own rules for clock changes, which are Debian's, give the same instants."""
    cron, after = f"{minute} {hour} * * *", NOW + day * 86_400_000
    theirs = CronSim(cron, datetime.fromtimestamp(after / 1_000, ZoneInfo(zone)))

    ours = [at / 1_000 for at in islice(daily(zone, cron).after(after), 3)]

    assert ours == [at.astimezone(UTC).timestamp() for at in islice(theirs, 3)]


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["* * * * *", "*/7 * * * *", "30 * * * *", "0 */2 * * *", "5,35 1-3 * * 0"]),
    st.integers(0, 500 * 86_400),
    st.integers(0, 2 * 86_400),
)
def test_no_local_time_comes_twice(zone: str, cron: str, second: int, length: int) -> None:
    """Ahead and back alike, in order; a fold brings none of them again."""
    since = NOW + 1_000 * second
    until = since + 1_000 * length
    timing = daily(zone, cron)

    ahead = tuple(_until(timing, since, until))

    assert timing.newest(since, until, 10_000) == ahead
    assert list(ahead) == sorted(set(ahead))
    locals_seen = [timing.local(at).replace(tzinfo=None) for at in ahead]
    assert len(locals_seen) == len(set(locals_seen))


def _until(timing: Timing, since: Instant, until: Instant) -> list[Instant]:
    found = []
    for at in timing.after(since):
        if at > until:
            break
        found.append(at)
    return found


WINDOWS = {
    "no window: always allowed": ({}, "2026-11-23T12:00", None),
    "inside the allowed one": ({"allowed_windows": (OFFICE,)}, "2026-11-23T12:00", None),
    "as it opens": ({"allowed_windows": (OFFICE,)}, "2026-11-23T09:00", None),
    "as it closes": ({"allowed_windows": (OFFICE,)}, "2026-11-23T17:00", "OutsideAllowedWindows"),
    "on another day": ({"allowed_windows": (OFFICE,)}, "2026-11-25T12:00", "OutsideAllowedWindows"),
    "in the second one": ({"allowed_windows": (NIGHT, OFFICE)}, "2026-11-24T12:00", None),
    "overnight, the evening": ({"allowed_windows": (NIGHT,)}, "2026-11-23T23:00", None),
    "overnight, the morning after": ({"allowed_windows": (NIGHT,)}, "2026-11-24T05:59", None),
    "overnight, the morning before":
        ({"allowed_windows": (NIGHT,)}, "2026-11-23T05:59", "OutsideAllowedWindows"),
    "overnight, the next evening":
        ({"allowed_windows": (NIGHT,)}, "2026-11-24T23:00", "OutsideAllowedWindows"),
    "a whole day":
        ({"allowed_windows": (Window(opens="00:00", closes="00:00"),)}, "2026-11-24T00:00", None),
    "blocked": ({"blocked_windows": (OFFICE,)}, "2026-11-23T12:00", "InBlockedWindow"),
    "blocked overnight": ({"blocked_windows": (NIGHT,)}, "2026-11-24T01:00", "InBlockedWindow"),
    "blocked wins over allowed":
        ({"allowed_windows": (NIGHT,), "blocked_windows": (NIGHT,)},
         "2026-11-24T01:00", "InBlockedWindow"),
    "a blocked date": ({"blocked_dates": ("2026-11-24",)}, "2026-11-24T00:00", "OnBlockedDate"),
    "the day after it": ({"blocked_dates": ("2026-11-24",)}, "2026-11-25T00:00", None),
}  # fmt: skip


@pytest.mark.parametrize(("timing", "local", "reason"), WINDOWS.values(), ids=WINDOWS)
def test_windows_and_dates_are_local(
    timing: dict[str, object], local: str, reason: str | None
) -> None:
    """Berlin's clocks decide, one hour ahead of UTC in November."""
    at = instant(f"{local}:00+01:00")

    assert a_schedule(**timing).timing.skip_reason(at) == (reason and SkipReason(reason))


def test_a_drill_is_named_after_its_schedule_and_its_time() -> None:
    """The same name at every attempt; a drill's id, with letters, digits and hyphens only."""
    occurrence = Occurrence(schedule="Nightly", at=NOW, outcome=Outcome.STARTING)

    assert occurrence.drill_id == "nightly-20261122t090000z"


def test_a_good_schedule_has_no_fault() -> None:
    """With everything that it may have."""
    schedule = a_schedule(
        cron="0 3 * * MON-FRI", allowed_windows=(NIGHT, OFFICE), blocked_dates=("2026-12-24",)
    )

    assert faults(schedule, NOW) == ()


WRONG = {
    "no cron": ({"cron": "often"}, "InvalidValue cron"),
    "seconds": ({"cron": "0 0 3 * * *"}, "InvalidValue cron"),
    "an hour that is none": ({"cron": "0 24 * * *"}, "InvalidValue cron"),
    "a step of nothing": ({"cron": "0 3 */0 * *"}, "InvalidValue cron"),
    "a list without end": ({"cron": "0" + ",1" * 60 + " 3 * * *"}, "InvalidValue cron"),
    "30 February": ({"cron": "0 3 30 2 *"}, "NeverFires cron"),
    "31 April and 31 June": ({"cron": "0 3 31 4,6 *"}, "NeverFires cron"),
    "no zone": ({"time_zone": "Europe/Berlni"}, "InvalidValue timeZone"),
    "a path": ({"time_zone": "../../etc/passwd"}, "InvalidValue timeZone"),
    "an hour of the day 24": (
        {"blocked_windows": (replace(NIGHT, closes="24:00"),)},
        "InvalidValue blockedWindows[0].to",
    ),
    "a time without its zero": (
        {"allowed_windows": (NIGHT, replace(NIGHT, opens="9:00"))},
        "InvalidValue allowedWindows[1].from",
    ),
    "a day that is none": (
        {"allowed_windows": (replace(NIGHT, days=("mon", "Tue")),)},
        "InvalidValue allowedWindows[0].days[1]",
    ),
    "no day at all": (
        {"allowed_windows": (replace(NIGHT, days=()),)},
        "InvalidValue allowedWindows[0].days",
    ),
    "a date that is none": ({"blocked_dates": ("2026-02-29",)}, "InvalidValue blockedDates[0]"),
    "a date in other form": ({"blocked_dates": ("20261224",)}, "InvalidValue blockedDates[0]"),
    "too many dates": ({"blocked_dates": ("2026-12-24",) * 501}, "InvalidValue blockedDates"),
    "too many windows": ({"blocked_windows": (NIGHT,) * 51}, "InvalidValue blockedWindows"),
    "windows that cron never meets": ({"allowed_windows": (OFFICE,)}, "NeverFires cron"),
    "nothing left by windows": (
        {"cron": "* * * * *", "blocked_windows": (Window(opens="00:00", closes="00:00"),)},
        "NeverFires cron",
    ),
}


@pytest.mark.parametrize(("timing", "expected"), WRONG.values(), ids=WRONG)
def test_each_fault_is_found(timing: dict[str, object], expected: str) -> None:
    """Alone, with its code and its place."""
    found = faults(a_schedule(**timing), NOW)

    assert [f"{fault.code} {fault.target}" for fault in found] == [expected]


def test_every_fault_is_told_at_once() -> None:
    """The plan's too, each where it stands in the body."""
    schedule = replace(
        a_schedule(cron="?", time_zone="Mars"),
        name="-x",
        plan=Plan(profile="lab", rto_seconds=0),
    )

    targets = [fault.target for fault in faults(schedule, NOW)]

    assert targets == ["name", "cron", "timeZone", "plan.rtoSeconds"]


def test_a_zone_almost_right_is_told_the_right_one() -> None:
    """Nobody knows six hundred names by heart."""
    (fault,) = faults(a_schedule(time_zone="Europe/Berlni"), NOW)

    assert "'Europe/Berlin'" in fault.message


def test_a_rare_time_is_no_fault() -> None:
    """A blocked 29 February leaves those of other years."""
    timing = {"cron": "0 3 29 2 *", "blocked_dates": ("2028-02-29",)}

    assert faults(a_schedule(**timing), NOW) == ()


@given(st.text(alphabet="0123456789*/,-#LWMONJAN ²", max_size=30))
def test_any_text_is_a_cron_or_a_fault(text: str) -> None:
    """Never an exception; and what is no fault has a next time."""
    schedule = a_schedule(cron=text)

    found = faults(schedule, NOW)

    assert all(isinstance(fault, Fault) and fault.target == "cron" for fault in found)
    assert found or next(schedule.timing.after(NOW)) > NOW
