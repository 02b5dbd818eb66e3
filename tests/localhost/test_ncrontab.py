"""NCRONTAB: a table of cases, and properties that hold for every schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localhost.ncrontab import Schedule, parse_schedule

# A Sunday.
START = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)

FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12))


@pytest.mark.parametrize(
    ("text", "occurrences"),
    [
        ("* * * * * *", ["2026-11-22T09:00:01", "2026-11-22T09:00:02"]),
        ("*/10 * * * * *", ["2026-11-22T09:00:10", "2026-11-22T09:00:20"]),
        ("*/7 * * * * *", ["2026-11-22T09:00:07", "2026-11-22T09:00:14"]),
        ("0 * * * * *", ["2026-11-22T09:01:00", "2026-11-22T09:02:00"]),
        ("*/5 * * * *", ["2026-11-22T09:05:00", "2026-11-22T09:10:00"]),
        ("0 0 9 * * *", ["2026-11-23T09:00:00", "2026-11-24T09:00:00"]),
        ("5/20 * * * * *", ["2026-11-22T09:00:05", "2026-11-22T09:00:25"]),
        ("5-30/10 * * * * *", ["2026-11-22T09:00:05", "2026-11-22T09:00:15"]),
        ("30-28 * * * * *", ["2026-11-22T09:00:28", "2026-11-22T09:00:29"]),
        ("50,10 * * * * *", ["2026-11-22T09:00:10", "2026-11-22T09:00:50"]),
        ("0 30 9 * * MON-FRI", ["2026-11-23T09:30:00", "2026-11-24T09:30:00"]),
        ("0 30 9 * * FRI-MON", ["2026-11-23T09:30:00", "2026-11-24T09:30:00"]),
        ("0 0 0 * * 0", ["2026-11-29T00:00:00", "2026-12-06T00:00:00"]),
        ("0 0 0 * * sat", ["2026-11-28T00:00:00", "2026-12-05T00:00:00"]),
        ("0 0 0 * January Tuesday", ["2027-01-05T00:00:00", "2027-01-12T00:00:00"]),
        ("0 0 0 13 * FRI", ["2027-08-13T00:00:00", "2028-10-13T00:00:00"]),
        ("0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 0 31 * *", ["2026-12-31T00:00:00", "2027-01-31T00:00:00"]),
        ("59 59 23 31 12 *", ["2026-12-31T23:59:59", "2027-12-31T23:59:59"]),
        ("*/0 * * * * *", ["2026-11-22T09:00:01", "2026-11-22T09:00:02"]),
    ],
)
def test_next_occurrences(text: str, occurrences: list[str]) -> None:
    """The first two after a Sunday at nine."""
    schedule = parse_schedule(text)
    first = schedule.next_after(START)
    assert [first, schedule.next_after(first)] == [
        datetime.fromisoformat(f"{occurrence}+00:00") for occurrence in occurrences
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("* * * *", "six fields"),
        ("* * * * * * *", "six fields"),
        ("", "six fields"),
        ("60 * * * * *", "60 is no second"),
        ("* * 24 * * *", "24 is no hour"),
        ("* * * 0 * *", "0 is no day of the month"),
        ("* * * * 13 *", "13 is no month"),
        ("* * * * * 7", "7 is no day of the week"),
        ("* * * L * *", "'L' is no day of the month"),
        ("* * * * * 5#3", "'5#3' is no number"),
        ("* * * ? * *", "'\\?' is no day of the month"),
        ("* * * 15W * *", "'15W' is no number"),
        ("* * * * XXX *", "'XXX' is no month"),
        ("*/x * * * * *", "'x' is no number"),
        ("1,,2 * * * * *", "'' is no second"),
        ("1- * * * * *", "'' is no second"),
        ("-1 * * * * *", "'' is no second"),
        ("01:00:00", "six fields"),
    ],
)
def test_text_that_is_no_schedule(text: str, reason: str) -> None:
    """Each says what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        parse_schedule(text)


def test_schedule_that_never_comes_due() -> None:
    """The 30th of February."""
    with pytest.raises(ValueError, match="never comes due"):
        parse_schedule("0 0 0 30 2 *").next_after(START)


@pytest.mark.parametrize(
    ("text", "is_more_often"),
    [
        ("* * * * * *", True),
        ("*/5 * * * * *", True),
        ("10,20,45 * * * * *", True),
        ("* */1 0-23 * * SUN-SAT", True),
        ("0 * * * * *", False),
        ("0 */5 * * * *", False),
        ("* 30 * * * *", False),
        ("* * 12 * * MON", False),
    ],
)
def test_schedules_that_are_not_monitored(text: str, is_more_often: bool) -> None:
    """Those with two seconds or more and nothing else restricted."""
    assert parse_schedule(text).is_more_often_than_each_minute() is is_more_often


@st.composite
def _field(draw: st.DrawFn, low: int, high: int) -> str:
    value = st.integers(low, high)
    step = st.integers(1, high)
    forms: list[st.SearchStrategy[str]] = [
        st.just("*"),
        step.map(lambda n: f"*/{n}"),
        value.map(str),
        st.lists(value, min_size=2, max_size=4).map(lambda many: ",".join(map(str, many))),
        st.tuples(value, value).map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(value, step).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    ]
    return str(draw(st.one_of(forms)))


@st.composite
def _schedule(draw: st.DrawFn) -> Schedule:
    bounds = [(low, high) for _, low, high in FIELDS] + [(0, 6)]
    return parse_schedule(" ".join(draw(_field(low, high)) for low, high in bounds))


INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def _is_due(schedule: Schedule, instant: datetime) -> bool:
    """What the definition says, written another way than the search."""
    return (
        instant.second in schedule.seconds
        and instant.minute in schedule.minutes
        and instant.hour in schedule.hours
        and instant.day in schedule.days
        and instant.month in schedule.months
        and (instant.weekday() + 1) % 7 in schedule.weekdays
    )


def _next_or_skip(schedule: Schedule, instant: datetime) -> datetime:
    try:
        return schedule.next_after(instant)
    except ValueError:
        assume(False)
        raise


@given(_schedule(), INSTANTS)
def test_next_is_later_whole_and_due(schedule: Schedule, instant: datetime) -> None:
    """Strictly later, on a whole second, with every field as allowed."""
    found = _next_or_skip(schedule, instant)
    assert found > instant
    assert found.microsecond == 0
    assert _is_due(schedule, found)


@given(_schedule(), INSTANTS)
def test_nothing_is_skipped(schedule: Schedule, instant: datetime) -> None:
    """No second before the next occurrence is due; the ten minutes around both are looked at."""
    found = _next_or_skip(schedule, instant)
    first = instant.replace(microsecond=0) + timedelta(seconds=1)
    gap_seconds = int((found - first).total_seconds())
    near = {*range(min(gap_seconds, 600)), *range(max(0, gap_seconds - 600), gap_seconds)}
    assert not any(_is_due(schedule, first + timedelta(seconds=second)) for second in near)


@given(_schedule(), INSTANTS, st.floats(0, 1))
def test_waiting_changes_nothing(schedule: Schedule, instant: datetime, share: float) -> None:
    """From any instant before the next occurrence, the next is the same."""
    found = _next_or_skip(schedule, instant)
    between = instant + (found - instant) * share
    assume(between < found)
    assert schedule.next_after(between) == found


@pytest.mark.parametrize(("name", "low", "high"), FIELDS)
def test_each_field_alone(name: str, low: int, high: int) -> None:
    """Each value of each field comes due."""
    position = [field for field, _, _ in FIELDS].index(name)
    for value in range(low, high + 1):
        parts = ["*"] * 6
        parts[position] = str(value)
        found = parse_schedule(" ".join(parts)).next_after(START)
        assert getattr(found, name) == value
