"""The load balancer: forwards TCP connections to the pool members that serve."""

import asyncio
import logging
import socket
from dataclasses import dataclass
from typing import cast

from emulator.backends import Backend
from emulator.listener import Listener, Mode, abort, reset

log = logging.getLogger(__name__)

_SILENT_MAX = 500  # clients held without an answer; beyond that the oldest is reset


class _Pipe(asyncio.Protocol):
    """One side of a forwarded connection: what it receives goes to its peer."""

    def __init__(self, pipes: set["_Pipe"]) -> None:
        self._pipes = pipes
        self.transport: asyncio.Transport | None = None
        self.peer: _Pipe | None = None
        self.is_ended = self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # as asyncio promises for TCP
        self._pipes.add(self)
        if self.peer is not None and self.peer.is_lost:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the end on; stay half open until the other side has ended too."""
        self.is_ended = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write_eof()
        return self.peer is None or not self.peer.is_ended

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._pipes.discard(self)
        if self.peer is not None and self.peer.transport is not None:
            if exc is None:
                self.peer.transport.close()
            else:
                abort(self.peer.transport)


@dataclass(frozen=True, slots=True)
class Member:
    """A machine of the pool and the port that traffic goes to."""

    backend: Backend
    listener: Listener


class Balancer:
    """One rule of a load balancer: a public frontend, a pool of machines, round robin.

    With no machine that serves, the frontend drops new connections, as a Standard load balancer
    without a healthy backend does. Which machines serve is known at once: no health probes.
    """

    def __init__(self, name: str, address: str, pool: list[Member]) -> None:
        self._name, self._pool = name, pool
        self._turn = 0
        self._pipes: set[_Pipe] = set()
        self._silent: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.listener = Listener(address, self._accepted)

    def follow_pool(self) -> None:
        """Open or shut the frontend as the pool demands."""
        serves = any(member.backend.is_serving for member in self._pool)
        if serves:
            self._reset_silent()
        self.listener.switch(Mode.ANSWERS if serves else Mode.DROPS)

    def close(self) -> None:
        """Give all sockets back."""
        self.listener.close()
        self._reset_silent()
        for task in list(self._tasks):
            task.cancel()
        for pipe in list(self._pipes):
            abort(pipe.transport)

    def _reset_silent(self) -> None:
        for connection in self._silent:
            reset(connection)
        self._silent.clear()

    def _hold(self, connection: socket.socket) -> None:
        """Keep a client without a word; the oldest goes when there are too many."""
        self._silent.append(connection)
        if len(self._silent) > _SILENT_MAX:
            reset(self._silent.pop(0))

    def _accepted(self, connection: socket.socket) -> None:
        serving = [member for member in self._pool if member.backend.is_serving]
        if not serving:
            self._hold(connection)
            return
        self._turn += 1
        forward = self._forward(connection, serving[self._turn % len(serving)].listener)
        task = asyncio.get_running_loop().create_task(forward)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, connection: socket.socket, target: Listener) -> None:
        """Join a client and a machine; the client is read only once the machine has answered."""
        loop = asyncio.get_running_loop()
        inner, outer = _Pipe(self._pipes), _Pipe(self._pipes)
        inner.peer, outer.peer = outer, inner
        try:
            await loop.create_connection(lambda: inner, target.address, target.port)
        except OSError as error:
            # The machine went away in between: the client hears nothing, as behind Azure's.
            log.debug("forwarding failed balancer=%s error=%s", self._name, error)
            self._hold(connection)
            return
        await loop.connect_accepted_socket(lambda: outer, connection)
