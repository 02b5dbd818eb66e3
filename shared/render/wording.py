"""How times and names read in a report; bounds are rounded outward, so that they still hold."""

import re
from datetime import timedelta

from shared.core.intervals import Elapsed
from shared.core.samples import EPOCH, Instant

MS_PER_TENTH = 100
MINUS = "\u2212"
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def bounds(elapsed: Elapsed | None) -> str:
    """Return both bounds in tenths of a second, e.g. `108.0 to 113.1 s`."""
    if elapsed is None:
        return "not known"
    least = _tenths(_floor_tenths(elapsed.seconds_min))
    if elapsed.seconds_max is None:
        return f"at least {least} s"
    most = _tenths(-_floor_tenths(-elapsed.seconds_max))
    return f"{least} to {most} s"


def words(name: str) -> str:
    """Return a member's name as words: `clientOnSurvivor` is `client on survivor`."""
    return _HUMP.sub(" ", name).lower().replace("vm ", "VM ").replace("dns ", "DNS ")


def day(at: Instant) -> str:
    """Return the day of an instant, e.g. `22 November 2026`."""
    moment = EPOCH + timedelta(milliseconds=at)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def clock_time(at: Instant, *, with_ms: bool = False) -> str:
    """Return the time of day in UTC."""
    moment = EPOCH + timedelta(milliseconds=at)
    return moment.time().isoformat("milliseconds" if with_ms else "seconds")


def minutes(seconds: float) -> str:
    """Return a whole number of seconds as minutes and seconds, e.g. `2:30`."""
    sign, whole = (MINUS, -round(seconds)) if seconds < 0 else ("", round(seconds))
    return f"{sign}{whole // 60}:{whole % 60:02}"


# strftime's names follow the locale of the process; the report is the same everywhere.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _floor_tenths(seconds: float) -> int:
    return round(seconds * 1_000) // MS_PER_TENTH


def _tenths(tenths: int) -> str:
    sign = MINUS if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"
