"""The load balancer: forwards TCP connections to the pool members that serve."""

import asyncio
import logging
import socket
from collections.abc import Callable

from emulator.backends import Backend
from emulator.listener import Listener, Mode

log = logging.getLogger(__name__)

_BUFFER_PAUSE = "pause"  # asyncio pauses the reader of the other side when a buffer is full


class _Pipe(asyncio.Protocol):
    """One side of a forwarded connection: what it receives goes to its peer."""

    def __init__(self, pipes: set["_Pipe"]) -> None:
        self._pipes = pipes
        self.transport: asyncio.Transport | None = None
        self.peer: _Pipe | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own typing
        self.transport = transport
        self._pipes.add(self)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipes.discard(self)
        if self.peer is not None and self.peer.transport is not None:
            if exc is None:
                self.peer.transport.close()
            else:
                self.peer.transport.abort()


class Balancer:
    """One rule of a load balancer: a public frontend, a pool of machines, round robin.

    With no machine that serves, the frontend drops new connections, as a Standard load balancer
    without a healthy backend does. Which machines serve is known at once: no health probes.
    """

    def __init__(self, name: str, address: str, pool: list[Backend]) -> None:
        self._name = name
        self._pool = pool
        self._turn = 0
        self._pipes: set[_Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.listener = Listener(address, self._accepted)

    def follow_pool(self) -> None:
        """Open or shut the frontend as the pool demands."""
        serves = any(backend.is_serving for backend in self._pool)
        self.listener.switch(Mode.ANSWERS if serves else Mode.DROPS)

    def close(self) -> None:
        """Give all sockets back."""
        self.listener.close()
        for task in list(self._tasks):
            task.cancel()
        for pipe in list(self._pipes):
            if pipe.transport is not None:
                pipe.transport.abort()

    def _accepted(self, connection: socket.socket) -> None:
        serving = [backend for backend in self._pool if backend.is_serving]
        if not serving:
            connection.close()
            return
        self._turn += 1
        backend = serving[self._turn % len(serving)]
        task = asyncio.get_running_loop().create_task(self._forward(connection, backend))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, connection: socket.socket, backend: Backend) -> None:
        """Join a client and a machine; both sides read only once both exist."""
        loop = asyncio.get_running_loop()
        target = backend.listeners[-1]
        make: Callable[[], _Pipe] = lambda: _Pipe(self._pipes)  # noqa: E731 - named for its type
        try:
            _, inner = await loop.create_connection(make, target.address, target.port)
        except OSError as error:
            log.debug("forwarding failed balancer=%s error=%s", self._name, error)
            connection.close()
            return
        _, outer = await loop.connect_accepted_socket(make, connection)
        inner.peer, outer.peer = outer, inner
