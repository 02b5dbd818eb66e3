"""The one clock: real time, or a virtual time that runs faster (development only)."""

import re
import time
from datetime import datetime, timedelta
from typing import Self

from shared.core.samples import EPOCH, Instant

NANOSECONDS_PER_MS, NANOSECONDS_PER_TENTH = 1_000_000, 100_000
STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
SETTING = re.compile(r"(?P<anchor>[^@]+)@(?P<monotonic>\d+(?:\.\d+)?)\*(?P<speed>\d+(?:\.\d+)?)")
EXAMPLE = "2026-11-22T09:00:00Z@81234.567*20"


class Clock:
    """Tells the time in milliseconds, rounded down (`now`) or up (`ceil`).

    Real time is the system's wall clock. Scaled time is anchor + (CLOCK_MONOTONIC - then) * speed,
    so every process that is given the same setting agrees, also after a restart.
    """

    def __init__(self, anchor_ns: int | None = None, then_ns: int = 0, speed: float = 1.0) -> None:
        self._anchor_ns, self._then_ns = anchor_ns, then_ns
        self._times, self._per = speed.as_integer_ratio()
        self.speed = speed

    @classmethod
    def from_setting(cls, text: str | None) -> Self:
        """Return the clock that `CLOCK` describes, real time if it is empty, or ValueError."""
        if not text:
            return cls()
        found = SETTING.fullmatch(text)
        if not found or float(found["speed"]) <= 0:
            raise ValueError(_wrong(text, "its form or its speed"))
        try:
            since = datetime.fromisoformat(found["anchor"]) - EPOCH
        except (ValueError, TypeError) as error:
            raise ValueError(_wrong(text, "its anchor, RFC 3339 with a zone,")) from error
        anchor_ns = since // timedelta(microseconds=1) * 1_000
        whole, _, part = found["monotonic"].partition(".")
        return cls(anchor_ns, int(whole + f"{part:0<9}"[:9]), float(found["speed"]))

    def now(self) -> Instant:
        """Return the time, rounded down: right for the moment at which something is asked."""
        return self._nanoseconds() // NANOSECONDS_PER_MS

    def ceil(self, ago_ns: int = 0) -> Instant:
        """Return the time, rounded up: right for the moment at which an answer is there.

        It was there so many nanoseconds of the wall's time ago.
        """
        ago = ago_ns if self._anchor_ns is None else ago_ns * self._times // self._per
        return -((ago - self._nanoseconds()) // NANOSECONDS_PER_MS)

    def readings(self) -> tuple[float, float]:
        """Return the time and that of a clock that nobody sets, of one moment, in milliseconds.

        The other goes on while the machine sleeps. Scaled time is one that nobody sets.
        """
        if self._anchor_ns is not None:
            virtual = self._nanoseconds() / NANOSECONDS_PER_MS
            return virtual, virtual
        while True:
            steady = time.clock_gettime_ns(STEADY)
            wall = time.time_ns()
            # Whoever is put aside between the two reads of different moments.
            if time.clock_gettime_ns(STEADY) - steady < NANOSECONDS_PER_MS:
                return wall / NANOSECONDS_PER_MS, steady / NANOSECONDS_PER_MS

    def tenths(self, wall_ns: int) -> int:
        """Return how long a stretch of the wall's time is here, in tenths of a millisecond."""
        return round(wall_ns * self.speed / NANOSECONDS_PER_TENTH)

    def wall_seconds(self, virtual_seconds: float) -> float:
        """Return how long a stretch of this clock's time takes on the wall."""
        return virtual_seconds / self.speed

    def _nanoseconds(self) -> int:
        if self._anchor_ns is None:
            return time.time_ns()
        # In whole numbers: a float would make two processes disagree on the last millisecond.
        return self._anchor_ns + (time.monotonic_ns() - self._then_ns) * self._times // self._per


def _wrong(text: str, what: str) -> str:
    return (
        f"CLOCK is {text!r}: {what} cannot be read. Right would be "
        f"<anchor, RFC 3339 UTC>@<CLOCK_MONOTONIC seconds>*<speed above 0>, e.g. {EXAMPLE}."
    )
