"""Many connections at once, each a generator that yields whenever its socket is not ready.

They share one epoll within the loop's: telling asyncio of every socket costs as much again as all
that a connection does. Linux only, like the platform that the app runs on.
"""

import asyncio
import errno
import os
import select
import socket
import ssl
from collections.abc import Generator
from types import TracebackType
from typing import Protocol, Self

from shared.adapters.connect import Peer

Steps = Generator[None, None, None]
"""Yields while the socket is not ready; to try once too often does no harm."""

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
CONNECTED = (0, errno.EISCONN)
CONNECTING = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)
EVENTS_MAX = 32
"""At a time: handshakes are long, and others wait for the loop too."""
EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET
"""Each is told once: whoever waits has tried before, and tries again."""


class Exchange(Protocol):
    """A conversation over a socket of its own."""

    socket: socket.socket
    steps: Steps
    deadline: float
    """By the loop's clock."""

    def ended(self, error: Exception | None) -> None:
        """Take note that all steps were taken, or what came in between: TimeoutError at the end."""


class Exchanges:
    """Exchanges that are under way. What has arrived is taken before time is declared out."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._wake)
        self._going: dict[int, Exchange] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        if self._timer is not None:
            self._timer.cancel()
        for going in self._going.values():
            going.steps.close()
            going.socket.close()

    def start(self, exchange: Exchange) -> None:
        """Take the steps that can be taken now, and the others when they can be."""
        if not self._goes_on(exchange):
            return
        number = exchange.socket.fileno()
        self._going[number] = exchange
        self._epoll.register(number, EVENTS)
        if self._timer is None or exchange.deadline < self._timer.when():
            self._set_timer(exchange.deadline)

    def _wake(self) -> None:
        for number, _ in self._epoll.poll(0, EVENTS_MAX):
            going = self._going.get(number)
            if going is not None and not self._goes_on(going):
                del self._going[number]

    def _goes_on(self, exchange: Exchange) -> bool:
        """Take the steps that can be taken; False once there are none left."""
        error: Exception | None = None
        try:
            next(exchange.steps)
        except StopIteration:
            pass
        except Exception as found:  # noqa: BLE001 - whoever waits is told of our faults too
            error = found
        else:
            return True
        exchange.socket.close()
        exchange.ended(error)
        return False

    def _run_out(self) -> None:
        now = self._loop.time()
        self._timer = None
        for number, going in list(self._going.items()):
            if going.deadline <= now:
                del self._going[number]
                if self._goes_on(going):
                    going.steps.close()
                    going.socket.close()
                    going.ended(TimeoutError())
        if self._going:
            self._set_timer(min(going.deadline for going in self._going.values()))

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._run_out)


def opened(peer: Peer) -> socket.socket:
    """Return a socket that may be connected to the peer, or raise OSError."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)


def is_connected(connecting: socket.socket, peer: Peer) -> bool:
    """Connect, or go on with it; refused and unreachable are OSErrors."""
    result = connecting.connect_ex(peer)
    if result not in CONNECTED and result not in CONNECTING:
        raise OSError(result, os.strerror(result))
    return result in CONNECTED


def secured(connected: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Return the socket that is to shake hands; `host` is the server's name in the handshake."""
    # Nagle and delayed acknowledgement together would add 40 ms that nobody's server took.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)


def shake_hands(opening: ssl.SSLSocket) -> Steps:
    """Shake hands."""
    while True:
        try:
            opening.do_handshake()
        except WOULD_BLOCK:
            yield
        else:
            return


def send(over: socket.socket, text: bytes) -> Steps:
    """Send all of it."""
    while text:
        try:
            text = text[over.send(text) :]
        except WOULD_BLOCK:
            yield
