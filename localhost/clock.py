"""The clock that timers run by: the wall's, or the scaled one that `CLOCK` describes."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# One sleep never lasts longer: a real clock may be stepped while a timer waits for a far instant.
SLEEP_SECONDS_MAX = 30.0

_CLOCK = re.compile(r"(?P<anchor>[^@]+)@(?P<monotonic>\d+(\.\d+)?)\*(?P<speed>\d+(\.\d+)?)")
_CLOCK_FORM = "CLOCK must be <RFC 3339 UTC>@<CLOCK_MONOTONIC seconds>*<speed>"


@dataclass(frozen=True, slots=True)
class Clock:
    """Virtual time; `seconds` turns what this process reads into seconds after `anchor`."""

    anchor: datetime
    speed: float
    seconds: Callable[[], float]

    def now(self) -> datetime:
        """The virtual instant."""
        return self.anchor + timedelta(seconds=self.seconds())

    def wall_seconds_until(self, instant: datetime) -> float:
        """How long a person would wait for `instant`; negative when it has passed."""
        virtual_seconds = (instant - self.anchor).total_seconds() - self.seconds()
        return virtual_seconds / self.speed

    async def sleep_until(self, instant: datetime) -> None:
        """Return at `instant`, never before it."""
        while (wall_seconds := self.wall_seconds_until(instant)) > 0:
            await asyncio.sleep(min(wall_seconds, SLEEP_SECONDS_MAX))


def parse_clock(text: str) -> Clock:
    """The clock that the setting `CLOCK` describes; the wall's when it is empty."""
    if not text:
        return Clock(datetime.fromtimestamp(0, UTC), 1.0, time.time)
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"{_CLOCK_FORM}, not {text!r}.")
    try:
        anchor = datetime.fromisoformat(found["anchor"])
    except ValueError as error:
        raise ValueError(f"{_CLOCK_FORM}: {error}") from None
    if anchor.tzinfo is None:
        raise ValueError(f"{_CLOCK_FORM}: {found['anchor']!r} has no time zone.")
    monotonic, speed = float(found["monotonic"]), float(found["speed"])
    if speed <= 0:
        raise ValueError(f"{_CLOCK_FORM}: the speed must be above 0.")
    return Clock(anchor.astimezone(UTC), speed, lambda: (time.monotonic() - monotonic) * speed)
