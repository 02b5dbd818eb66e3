"""One socket, one peer, one deadline: what has arrived is taken before time is declared out."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from shared.adapters.connect import Peer
from shared.core.samples import OWN_FAULT

T = TypeVar("T")

OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Errors of this machine: it has no more files, memory or ports."""

CONNECTED = (0, errno.EISCONN)
CONNECTING = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)


class Wire:
    """A connection that raises TimeoutError once `deadline` (the loop's time) is past.

    Not asyncio's streams: there a busy loop cancels the reader at the deadline although the answer
    lies in the socket, and an outage is invented. Here every step is tried once more after it.
    """

    def __init__(self, kind: socket.SocketKind, peer: Peer, deadline: float) -> None:
        family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        if kind is socket.SOCK_STREAM:
            # Nagle and delayed acknowledgement together would add 40 ms that nobody's server took.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer, self._deadline = peer, deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    async def connect(self) -> None:
        """Connect; refused and unreachable are OSErrors."""
        await self._attempt(self._connect, writing=True)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; `host` is the server's name in the handshake."""
        secured = context.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False
        )
        self._socket = secured
        await self._attempt(secured.do_handshake, writing=False)

    async def send(self, text: bytes) -> None:
        """Send all of it."""
        while text:
            sent = await self._attempt(partial(self._socket.send, text), writing=True)
            text = text[sent:]

    async def receive(self, size_max: int) -> bytes:
        """Return what arrives next; empty at the end."""
        return await self._attempt(partial(self._socket.recv, size_max), writing=False)

    def _connect(self) -> None:
        result = self._socket.connect_ex(self._peer)
        if result in CONNECTING:
            raise BlockingIOError(result, os.strerror(result))
        if result not in CONNECTED:
            raise OSError(result, os.strerror(result))

    async def _attempt(self, step: Callable[[], T], *, writing: bool) -> T:
        loop = asyncio.get_running_loop()
        while True:
            late = loop.time() >= self._deadline
            try:
                return step()
            except (BlockingIOError, ssl.SSLWantReadError):
                to_write = writing
            except ssl.SSLWantWriteError:
                to_write = True
            if late:
                raise TimeoutError
            await self._ready(loop, writing=to_write)

    async def _ready(self, loop: asyncio.AbstractEventLoop, *, writing: bool) -> None:
        """Return when the socket is ready or the deadline is there, and take nothing from it."""
        ready: asyncio.Future[None] = loop.create_future()
        watch, forget = (
            (loop.add_writer, loop.remove_writer)
            if writing
            else (loop.add_reader, loop.remove_reader)
        )
        watched = self._socket.fileno()
        watch(watched, _settle, ready)
        timer = loop.call_at(self._deadline, _settle, ready)
        try:
            await ready
        finally:
            timer.cancel()
            forget(watched)


def own_fault(error: OSError) -> str:
    """Return a sample's detail that says what of ours failed; empty if it was not ours."""
    return f"{OWN_FAULT}{errno.errorcode[error.errno]}" if error.errno in OURS else ""


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
