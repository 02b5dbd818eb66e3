"""An HTTP server inside our own event loop: uvicorn, without its signals and its slow goodbye."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from emulator.listener import tcp_socket

_STOP_SECONDS = 1.0  # wall; requests that are not answered by then are cut


class _Uvicorn(uvicorn.Server):
    """uvicorn inside our own loop: signals and their handling stay ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class WebServer:
    """One app on one port."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None = None) -> None:
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._config.load()
        self._config.ssl = tls
        self._server = _Uvicorn(self._config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, address: str) -> tuple[str, int]:
        """Listen on a free port, and return where."""
        listening = tcp_socket()
        listening.bind((address, 0))
        serve = self._server.serve(sockets=[listening])
        self._serving = asyncio.get_running_loop().create_task(serve)
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.001)
        return cast("tuple[str, int]", listening.getsockname())

    async def stop(self) -> None:
        """Let requests that are under way end, shortly; uvicorn's own way takes 0.2 s at least."""
        if self._serving is None:
            return
        for listening in self._server.servers:
            listening.close()
        for connection in list(self._server.server_state.connections):
            connection.shutdown()
        if self._server.server_state.tasks:
            await asyncio.wait(self._server.server_state.tasks, timeout=_STOP_SECONDS)
        for connection in list(self._server.server_state.connections):
            # A TLS connection would wait for its client's goodbye, long after the loop has ended.
            connection.transport.abort()
        self._serving.cancel()
        await asyncio.wait([self._serving])
