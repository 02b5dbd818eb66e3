"""How times and names read in a report; bounds are rounded outward, so that they still hold."""

import re
from datetime import timedelta

from shared.core.envelope import Formula
from shared.core.intervals import Elapsed
from shared.core.samples import EPOCH, Instant

MS_PER_TENTH = 100
MINUS = "\u2212"
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def bounds(elapsed: Elapsed | None) -> str:
    """Return both bounds in tenths of a second, e.g. `108.0 to 113.1 s`."""
    if elapsed is None:
        return "not known"
    least, most = elapsed.seconds_least, elapsed.seconds_max
    if most is None:
        return "nothing" if least is None else f"at least {_rounded_down(least)} s"
    at_most = f"{_tenths(-_floor_tenths(-most))} s"
    return f"at most {at_most}" if least is None else f"{_rounded_down(least)} to {at_most}"


def observation(formula: Formula) -> str:
    """Return what was observed says of a formula; nothing where nothing was to be observed."""
    return words(str(formula.observation or ""))


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


def _rounded_down(seconds: float) -> str:
    return _tenths(_floor_tenths(seconds))


def _floor_tenths(seconds: float) -> int:
    return round(seconds * 1_000) // MS_PER_TENTH


def _tenths(tenths: int) -> str:
    sign = MINUS if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"
