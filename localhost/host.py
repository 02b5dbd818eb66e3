"""One host process: listens at once, indexes the app, runs it, and stops when it is told to."""

import asyncio
import concurrent.futures
import contextlib
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from localhost.clock import Clock
from localhost.cors import CorsPolicy
from localhost.host_json import HostJson
from localhost.http_triggers import build_router
from localhost.indexing import HTTP_TRIGGER, TIMER_TRIGGER, Function, IndexingError, load_functions
from localhost.invocation import Invoker
from localhost.keys import Keys
from localhost.schedule_status import FileStatusStore, MemoryStatusStore
from localhost.timers import Timers, TimerWorld, build_timers
from localhost.watchdog import Watchdog
from localhost.web import Site, Web

ADDRESS = "127.0.0.1"
# What a running invocation gets after the signal; Azure gives longer, a laptop should not hang.
GRACE_SECONDS_DEFAULT = 10
# Kestrel's: longer than most clients keep an idle connection, so that they close it.
KEEP_ALIVE_SECONDS = 130

EXIT_OK, EXIT_FAILED = 0, 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    directory: Path
    port: int
    keys: Keys
    host_json: HostJson
    cors: CorsPolicy | None = None
    ready_file: Path | None = None
    state_directory: Path | None = None
    grace_seconds: float = GRACE_SECONDS_DEFAULT


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers, telling when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the host."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.listening.set()


class Host:
    """The process's life, from the first signal handler to the exit code."""

    def __init__(self, options: Options, clock: Clock, settings: Mapping[str, str]) -> None:
        self._options = options
        self._clock = clock
        self._settings = settings
        self._web = Web(options.keys, settings, options.host_json, options.cors)
        timeout_seconds = options.host_json.function_timeout_seconds
        self._invoker = Invoker(options.directory, settings, timeout_seconds)
        self._server = _Server(_server_config(self._web, options.grace_seconds))
        self._watchdog = Watchdog(options.grace_seconds)
        self._stopped = asyncio.Event()
        self._stopped_at: float | None = None

    def run(self) -> int:
        """Serve until a signal; the exit code."""
        if self._options.ready_file:
            self._options.ready_file.unlink(missing_ok=True)  # an earlier process's
        listener = _listen(self._options.port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            loop = runner.get_loop()

            def stop(_signal: int, _frame: FrameType | None) -> None:
                # Here and not in a shutdown event: no timer may start once the signal has come.
                self._stop(EXIT_OK)
                loop.call_soon_threadsafe(self._stopped.set)

            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
            exit_code = runner.run(self._serve(listener))
        self._invoker.close()
        return exit_code

    def _is_stopping(self) -> bool:
        return self._stopped_at is not None

    def _stop(self, exit_code: int) -> None:
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
            self._watchdog.arm(exit_code)
        self._web.close()
        self._server.should_exit = True

    async def _serve(self, listener: socket.socket) -> int:
        serving = asyncio.create_task(self._server.serve([listener]))
        await self._server.listening.wait()
        log.info("indexing app directory=%s", self._options.directory)
        try:
            timers = self._open(await self._index(), listener)
        except IndexingError:
            log.exception("app not indexed: it has no functions")
            self._stop(EXIT_FAILED)
            await serving
            return EXIT_FAILED
        await serving
        if not await timers.stop(self._grace_left_seconds()):
            log.warning("invocations abandoned grace_seconds=%g", self._options.grace_seconds)
        return EXIT_OK

    async def _index(self) -> list[Function]:
        """The app's functions; nothing when the host is stopped before they are known."""
        result: concurrent.futures.Future[list[Function]] = concurrent.futures.Future()

        def index() -> None:
            try:
                result.set_result(load_functions(self._options.directory))
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
                result.set_exception(error)

        # A thread of its own, so that requests are told 503 meanwhile and a signal is heard.
        threading.Thread(target=index, name="indexing", daemon=True).start()
        indexed = asyncio.wrap_future(result)
        stopped = asyncio.create_task(self._stopped.wait())
        waited: set[asyncio.Future[Any]] = {indexed, stopped}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return indexed.result() if indexed.done() else []

    def _open(self, functions: list[Function], listener: socket.socket) -> Timers:
        """Serve the functions, and say so."""
        for function in functions:
            if function.trigger_type not in {HTTP_TRIGGER, TIMER_TRIGGER}:
                log.error(
                    "function in error function=%s reason=trigger %s is not run by this host",
                    function.name,
                    function.trigger_type,
                )
        directory = self._options.state_directory
        store = FileStatusStore(directory) if directory else MemoryStatusStore()
        world = TimerWorld(self._clock, self._invoker, store, self._is_stopping)
        timers = Timers(build_timers(functions, self._settings, self._clock.now()), world)
        router = build_router(functions, self._options.host_json.route_prefix, self._settings)
        if self._is_stopping():
            return timers
        self._web.open(Site(router, self._invoker, timers.start_by_name))
        timers.start()
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}"
        log.info("host runs url=%s functions=%d", url, len(functions))
        if self._options.ready_file:
            _write_ready_file(self._options.ready_file, url)
        return timers

    def _grace_left_seconds(self) -> float:
        since = 0.0 if self._stopped_at is None else time.monotonic() - self._stopped_at
        return self._options.grace_seconds - since


def _server_config(web: Web, grace_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        web,
        interface="asgi3",  # a callable object would be taken for ASGI 2
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,  # type: ignore[arg-type]  # it goes to wait_for
    )


def _listen(port: int) -> socket.socket:
    # asyncio's own loop sends without delay only what it knows to be TCP; uvloop always does.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ADDRESS, port))
    return listener


def _write_ready_file(path: Path, url: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(path)
