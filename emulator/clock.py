"""The emulator's one clock: virtual now, and waits of virtual seconds on the event loop."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

_FORM = re.compile(r"(?P<anchor>[^@]+)@(?P<monotonic>[0-9.]+)\*(?P<speed>[0-9.]+)")


class Clock:
    """Virtual time: anchor + (monotonic - monotonic0) * speed; real time without an anchor."""

    def __init__(
        self, anchor: datetime | None = None, monotonic0: float = 0.0, speed: float = 1.0
    ) -> None:
        if speed <= 0:
            raise ValueError("CLOCK's speed must be above 0.")
        self._anchor, self._monotonic0, self.speed = anchor, monotonic0, speed

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Clock":
        """Read `CLOCK` (`2026-11-22T09:00:00Z@81234.567*20`), or take real time without it."""
        text = environment.get("CLOCK", "")
        if not text:
            return cls()
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(
                f"CLOCK must read <RFC 3339>@<monotonic seconds>*<speed>, not {text!r}."
            )
        anchor = datetime.fromisoformat(match["anchor"]).astimezone(UTC)
        return cls(anchor, float(match["monotonic"]), float(match["speed"]))

    def now(self) -> datetime:
        """Return virtual now, in UTC."""
        if self._anchor is None:
            return datetime.now(UTC)
        return self._anchor + timedelta(seconds=(time.monotonic() - self._monotonic0) * self.speed)

    def to_wall_seconds(self, virtual_seconds: float) -> float:
        """Return how long a virtual wait lasts in wall seconds."""
        return virtual_seconds / self.speed

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until the virtual instant has come, never waking early."""
        while (left_seconds := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(self.to_wall_seconds(left_seconds))

    def call_later(self, virtual_seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back after a virtual wait; cancel the handle to forget it."""
        loop = asyncio.get_running_loop()
        return loop.call_later(self.to_wall_seconds(virtual_seconds), call)


def rfc3339(instant: datetime) -> str:
    """Write an instant as the truth log does: UTC, microseconds, Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
