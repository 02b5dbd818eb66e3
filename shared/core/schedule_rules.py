"""What may be wrong with a schedule: every fault at once, each with its JSON path."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from itertools import islice
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from shared.core.errors import Fault, wrong
from shared.core.samples import Instant
from shared.core.schedule import DAYS, Schedule, Timing, Window

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,45}")
"""With the occurrence's 17 characters behind it, it is still a drill's id."""
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
CALENDAR_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
CRON_FIELDS, CRON_CHARACTERS_MAX = 5, 100
DAY_OF_MONTH, MONTH = 2, 3
WINDOWS_MAX, BLOCKED_DATES_MAX = 50, 500
LOOK_AHEAD_MS = 366 * 86_400_000
LOOK_AHEAD_MIN, LOOK_AHEAD_MAX = 10, 12_000
"""At least ten occurrences and a year of them, and no more than a week of every minute."""
ANY_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001 - local time, as cron means it


def faults(schedule: Schedule, now: Instant) -> tuple[Fault, ...]:
    """Return everything that is wrong with a schedule; empty when it may be kept."""
    timing = schedule.timing
    found = [
        *_name(schedule.name),
        *_cron(timing.cron),
        *_time_zone(timing.time_zone),
        *_windows("allowedWindows", timing.allowed_windows),
        *_windows("blockedWindows", timing.blocked_windows),
        *_dates(timing.blocked_dates),
    ]
    if not found:
        found += _never_allowed(timing, now)
    plan = (Fault(f.code, f"plan.{f.target}", f"plan.{f.message}") for f in schedule.plan.faults())
    return (*found, *plan)


def _name(name: str) -> Iterator[Fault]:
    if not NAME.fullmatch(name):
        yield wrong("name", name, "1 to 46 letters, digits and hyphens, no hyphen first")


def _cron(cron: str) -> Iterator[Fault]:
    fields = cron.split()
    right = "five fields, minute hour day-of-month month day-of-week, such as '0 3 * * 1-5'"
    if len(fields) != CRON_FIELDS or len(cron) > CRON_CHARACTERS_MAX:
        yield wrong("cron", cron, right)
    elif complaint := _complaint(cron):
        if any(_complaint(_with_star(fields, each)) for each in (DAY_OF_MONTH, MONTH)):
            yield wrong("cron", cron, f"{right} ({complaint})")
        else:
            message = f"cron is {cron!r}: no month that it names has such a day, so it never fires."
            yield Fault("NeverFires", "cron", message)


def _with_star(fields: list[str], place: int) -> str:
    return " ".join("*" if i == place else field for i, field in enumerate(fields))


def _complaint(cron: str) -> str:
    """Return what cronsim has against an expression, or nothing."""
    try:
        next(CronSim(cron, ANY_YEAR))
    except (CronSimError, StopIteration, AssertionError, TypeError, ValueError) as error:
        return str(error) or "It makes no sense"
    return ""


def _time_zone(name: str) -> Iterator[Fault]:
    if name not in _zones():
        like = get_close_matches(name, _zones(), 1)
        right = f"an IANA time zone, such as {like[0] if like else 'Europe/Berlin'!r}"
        yield wrong("timeZone", name, right)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _windows(target: str, windows: tuple[Window, ...]) -> Iterator[Fault]:
    if len(windows) > WINDOWS_MAX:
        yield _too_many(target, len(windows), WINDOWS_MAX)
    for i, window in enumerate(windows[:WINDOWS_MAX]):
        for name, text in (("from", window.opens), ("to", window.closes)):
            if not CLOCK_TIME.fullmatch(text):
                yield wrong(f"{target}[{i}].{name}", text, "a local time from '00:00' to '23:59'")
        if not window.days:
            yield wrong(f"{target}[{i}].days", [], "at least one day, or absent for every day")
        for j, day in enumerate(window.days):
            if day not in DAYS:
                yield wrong(f"{target}[{i}].days[{j}]", day, f"one of {', '.join(DAYS)}")


def _dates(dates: tuple[str, ...]) -> Iterator[Fault]:
    if len(dates) > BLOCKED_DATES_MAX:
        yield _too_many("blockedDates", len(dates), BLOCKED_DATES_MAX)
    for i, text in enumerate(dates[:BLOCKED_DATES_MAX]):
        if not _is_date(text):
            yield wrong(f"blockedDates[{i}]", text, "a date such as '2026-12-24'")


def _is_date(text: str) -> bool:
    if not CALENDAR_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _never_allowed(timing: Timing, now: Instant) -> Iterator[Fault]:
    seen = 0
    for seen, at in enumerate(islice(timing.after(now), LOOK_AHEAD_MAX), start=1):
        if timing.skip_reason(at) is None:
            return
        if seen >= LOOK_AHEAD_MIN and at > now + LOOK_AHEAD_MS:
            break
    message = f"None of the next {seen} occurrences of cron would start a drill: all are blocked."
    yield Fault("NeverFires", "cron", message)


def _too_many(target: str, count: int, most: int) -> Fault:
    return Fault("InvalidValue", target, f"{target} has {count} members; at most {most} are kept.")
