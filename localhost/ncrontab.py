"""NCRONTAB as the Functions host reads it (NCrontab with seconds), which differs from Unix cron.

Day of month and day of week must both match; Sunday is 0 and never 7; a reversed range is swapped;
`5/10` runs from 5 to the field's end; names may be cut short; there is no `L`, `W`, `#` or `?`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

# February 29th on one weekday comes back within 40 years, also over 2100, which has none.
SEARCH_DAYS_MAX = 366 * 40

_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: Sequence[str] = ()

    def parse(self, text: str) -> tuple[int, ...]:
        """The values that `text` allows, in order."""
        values: set[int] = set()
        for part in text.split(","):
            values.update(self._parse_part(part))
        return tuple(sorted(values))

    def _parse_part(self, text: str) -> range:
        body, slash, step_text = text.partition("/")
        step = max(1, self._number(step_text)) if slash else 1
        if body == "*":
            return range(self.lowest, self.highest + 1, step)
        first_text, dash, last_text = body.partition("-")
        first = self._value(first_text)
        last = self._value(last_text) if dash else (self.highest if slash else first)
        return range(min(first, last), max(first, last) + 1, step)

    def _value(self, text: str) -> int:
        if text[:1].isdigit():
            value = self._number(text)
            if not self.lowest <= value <= self.highest:
                raise ValueError(
                    f"{value} is no {self.name}: it must be {self.lowest} to {self.highest}."
                )
            return value
        for index, name in enumerate(self.names):
            if text and name.startswith(text.lower()):
                return self.lowest + index
        raise ValueError(f"{text!r} is no {self.name}.")

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{text!r} is no number in the {self.name} field.")
        return int(text)


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS.split()),
    _Field("day of the week", 0, 6, _WEEKDAYS.split()),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a timer is due: the allowed values of each field, sorted."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def next_after(self, instant: datetime) -> datetime:
        """The first occurrence strictly later than `instant`, on a whole second.

        Raises `ValueError` when there is none (the 30th of February).
        """
        start = instant.replace(microsecond=0) + timedelta(seconds=1)
        day, earliest = start.date(), start.time()
        for _ in range(SEARCH_DAYS_MAX):
            if self._has_day(day) and (found := self._first_time(earliest)) is not None:
                return datetime.combine(day, found, instant.tzinfo)
            day, earliest = day + timedelta(days=1), time()
        raise ValueError("This schedule never comes due.")

    def is_more_often_than_each_minute(self) -> bool:
        """True for `X * * * * *` with two seconds or more: the host does not monitor those."""
        restricted = any(
            len(allowed) <= field.highest - field.lowest
            for field, allowed in zip(
                _FIELDS[1:],
                (self.minutes, self.hours, self.days, self.months, self.weekdays),
                strict=True,
            )
        )
        return not restricted and len(self.seconds) > 1

    def _has_day(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )

    def _first_time(self, earliest: time) -> time | None:
        """The first time of day that is allowed and not before `earliest`."""
        for hour in self.hours[bisect_left(self.hours, earliest.hour) :]:
            is_first_hour = hour == earliest.hour
            minute_min = earliest.minute if is_first_hour else 0
            for minute in self.minutes[bisect_left(self.minutes, minute_min) :]:
                is_first = is_first_hour and minute == earliest.minute
                index = bisect_left(self.seconds, earliest.second) if is_first else 0
                if index < len(self.seconds):
                    return time(hour, minute, self.seconds[index])
        return None


def parse_schedule(text: str) -> Schedule:
    """The schedule that six fields describe, or five, which are due at second 0."""
    parts = text.split()
    if len(parts) == len(_FIELDS) - 1:
        parts.insert(0, "0")
    if len(parts) != len(_FIELDS):
        raise ValueError(f"A schedule has six fields (or five, without seconds), not {text!r}.")
    try:
        parsed = [field.parse(part) for field, part in zip(_FIELDS, parts, strict=True)]
    except ValueError as error:
        raise ValueError(f"Schedule {text!r}: {error}") from None
    return Schedule(*parsed)
