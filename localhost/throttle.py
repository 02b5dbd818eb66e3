"""How many requests are taken in, and how many of them are worked on at once."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")


class Throttle:
    """`maxOutstandingRequests` and `maxConcurrentRequests` of host.json; `None` is no limit."""

    def __init__(self, outstanding_max: int | None, concurrent_max: int | None) -> None:
        self._outstanding_max = outstanding_max
        self._outstanding = 0
        self._place: contextlib.AbstractAsyncContextManager[None] = (
            asyncio.Semaphore(concurrent_max) if concurrent_max else contextlib.nullcontext()
        )

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """What `work` returns, after those that came first; nothing when too many wait already."""
        if self._outstanding_max is not None and self._outstanding >= self._outstanding_max:
            return None
        self._outstanding += 1
        try:
            async with self._place:
                return await work()
        finally:
            self._outstanding -= 1
