"""An event loop that skips to its next timer instead of sleeping, and the clock that it tells."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from shared.core.samples import Instant, instant

T = TypeVar("T")

BEGIN = instant("2026-11-22T09:00:00Z")
PATIENCE_SECONDS = 5.0
"""How long, of real time, the loop's time stands still for what runs in threads."""


class _Skipping(selectors.DefaultSelector):
    now = 0.0
    jobs = 0
    patience_seconds = PATIENCE_SECONDS

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(self.patience_seconds if self.jobs else 0)
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

    def be_patient(self, seconds: float) -> None:
        """Wait this long for threads from here on; not at all if one of them is stuck."""
        self._skipping.patience_seconds = seconds

    def run_in_executor(
        self, executor: Executor | None, what: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        """Run it in a thread, and count it until it is done."""
        self._skipping.jobs += 1
        job = super().run_in_executor(executor, what, *args)
        job.add_done_callback(self._done)
        return job

    def _done(self, _job: asyncio.Future[T]) -> None:
        self._skipping.jobs -= 1


class LoopClock:
    """Tells the time of the loop that runs, counted from BEGIN."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._set_by_ms = 0

    def set_by(self, ms: int) -> None:
        """Set the clock forward, or back."""
        self._set_by_ms += ms

    def now(self) -> Instant:
        """Return the time; a timer's own instant is not missed for a rounding error."""
        return BEGIN + self._set_by_ms + round(self._loop.time() * 1_000_000) // 1_000

    def ceil(self) -> Instant:
        """Return the time of an answer that took no time."""
        return self.now()

    def readings(self) -> tuple[float, float]:
        """Return the time, and the loop's."""
        steady = self._loop.time() * 1_000
        return BEGIN + self._set_by_ms + steady, steady

    def wall_seconds(self, virtual_seconds: float) -> float:
        """Return the same: the loop's seconds are what it waits."""
        return virtual_seconds
