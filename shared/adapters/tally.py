"""What was begun and is not yet settled; waiting for the last of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tally:
    """Counts what is open."""

    def __init__(self) -> None:
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """One more is open."""
        self._open += 1

    def settle(self) -> None:
        """One of those that are open is no longer."""
        self._open -= 1
        if self._open == 0 and self._is_over is not None and not self._is_over.done():
            self._is_over.set_result(None)

    def do(self, more: Coroutine[Any, Any, None]) -> None:
        """Do this in a task; it is open until it has ended, whatever it counts itself."""
        self.begin()
        task = asyncio.get_running_loop().create_task(more)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def end(self) -> None:
        """Return when nothing is open; raise what a task has raised."""
        while self._open:
            self._is_over = asyncio.get_running_loop().create_future()
            await self._is_over
        for task in self._tasks:
            task.result()

    def close(self) -> None:
        """Cancel the tasks that have not ended."""
        for task in self._tasks:
            task.cancel()

    def _done(self, _: asyncio.Task[None]) -> None:
        self.settle()
