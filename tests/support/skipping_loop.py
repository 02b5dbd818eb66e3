"""An event loop that skips to its next timer instead of sleeping, and the clock that it tells."""

import asyncio
import selectors
from typing import Any

from shared.core.samples import Instant, instant

BEGIN = instant("2026-11-22T09:00:00Z")
GRACE_SECONDS = 0.002
"""What threads get, of real time, before the loop's time moves on."""


class _Skipping(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(GRACE_SECONDS)
        if not ready:
            self.now += timeout
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still while anything is to be done, and else skips ahead."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return the loop's own time."""
        return self._skipping.now


class LoopClock:
    """Tells the time of the loop that runs, counted from BEGIN."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> Instant:
        """Return the time; a timer's own instant is not missed for a rounding error."""
        return BEGIN + round(self._loop.time() * 1_000_000) // 1_000

    def ceil(self) -> Instant:
        """Return the time of an answer that took no time."""
        return self.now()

    def wall_seconds(self, virtual_seconds: float) -> float:
        """Return the same: the loop's seconds are what it waits."""
        return virtual_seconds


def skipping_runner() -> "asyncio.Runner":
    """Return a runner on such a loop."""
    options: dict[str, Any] = {"loop_factory": SkippingLoop}
    return asyncio.Runner(**options)
