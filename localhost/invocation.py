"""Calls functions as the Python worker does: `async def` on the event loop, `def` in a pool."""

import asyncio
import functools
import logging
import os
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localhost.indexing import Function

# What `ThreadPoolExecutor(None)` has, which is what the worker asks for.
THREADS_MAX = 32
THREADS_ABOVE_CORES = 4

_thread_local_storage = threading.local()
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """An invocation's trace context: empty, for nothing traces here."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetryContext:
    """How often this run was tried already, and how the last try failed."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: Exception | None = None


FIRST_TRY = RetryContext()


@dataclass(frozen=True, slots=True)
class Context:
    """What a function gets that asks for `context`; the worker's own class has this name too."""

    function_name: str
    function_directory: str
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    thread_local_storage: threading.local = _thread_local_storage
    trace_context: TraceContext = field(default_factory=TraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)


class FunctionTimeout(Exception):
    """A function ran longer than `functionTimeout` of host.json allows."""


class Invoker:
    """The one place where functions run."""

    def __init__(
        self, directory: Path, settings: Mapping[str, str], timeout_seconds: float | None = None
    ) -> None:
        self._directory = str(directory)
        # By the wall: it guards against code that hangs, and no clock makes code run faster.
        self._timeout_seconds = timeout_seconds
        self._pool = ThreadPoolExecutor(_thread_count(settings), thread_name_prefix="function")

    async def call(
        self, function: Function, trigger_value: object, retry: RetryContext = FIRST_TRY
    ) -> Any:  # noqa: ANN401 - the app's own
        """What the function returns; raises what it raises, or `FunctionTimeout`."""
        arguments = {function.argument: trigger_value}
        if function.wants_context:
            arguments["context"] = Context(function.name, self._directory, retry_context=retry)
        returned: Any = None
        timeout = asyncio.timeout(self._timeout_seconds)
        try:
            async with timeout:
                returned = await self._run(function, arguments)
        except TimeoutError:
            if not timeout.expired():
                raise  # the function's own
        if timeout.expired():  # also when the function took no notice of it
            raise FunctionTimeout(
                f"{function.name} ran longer than functionTimeout, {self._timeout_seconds:g} s."
            )
        return returned

    async def _run(self, function: Function, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - the app's own
        if function.is_async:
            return await function.call(**arguments)
        run = functools.partial(function.call, **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    def close(self) -> None:
        """Take no more calls; those that run are left to themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _thread_count(settings: Mapping[str, str]) -> int:
    default = min(THREADS_MAX, (os.cpu_count() or 1) + THREADS_ABOVE_CORES)
    text = settings.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        log.warning("thread count ignored PYTHON_THREADPOOL_THREAD_COUNT=%s", text)
        return default
    return int(text)
