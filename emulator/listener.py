"""A TCP port that answers, drops or refuses, without privileges (Linux).

Dropping: the port stops accepting, its queue is cut to nothing and filled with connections of our
own until one more hangs. From then on the kernel discards every SYN, as a firewall in front of a
stopped machine does. Connections that were open go silent: no bytes, no FIN.
"""

import asyncio
import select
import socket
import struct
from collections.abc import Callable
from enum import Enum

_BACKLOG = 128
_FILLERS_MAX = 16  # Linux queues backlog + 1; far more than that means something else accepts
_HANG_MILLISECONDS = 1  # a loopback handshake is done within the connect call itself
_ACCEPTS_PER_TURN = 64  # so that a flood of clients cannot hold the event loop
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Mode(Enum):
    """What a client meets."""

    ANSWERS = "answers"
    DROPS = "drops"
    REFUSES = "refuses"


class Listener:
    """One listening address; `accepted` gets every connection, `mode` may change at any time."""

    def __init__(self, address: str, accepted: Callable[[socket.socket], None]) -> None:
        self._accepted = accepted
        self._fillers: list[socket.socket] = []
        self._socket = _listening(address, 0)
        self.address, self.port = self._socket.getsockname()
        self.mode = Mode.DROPS
        self._drop()

    def switch(self, mode: Mode) -> None:
        """Change what clients meet, before this returns."""
        if mode is self.mode:
            return
        if self.mode is Mode.ANSWERS:
            asyncio.get_running_loop().remove_reader(self._socket)
        if mode is Mode.ANSWERS:
            self._answer()
        elif mode is Mode.DROPS:
            self._drop()
        else:
            self._refuse()
        self.mode = mode

    def close(self) -> None:
        """Give the port back."""
        if self.mode is Mode.ANSWERS:
            asyncio.get_running_loop().remove_reader(self._socket)
        self._release_fillers()
        self._socket.close()

    def _answer(self) -> None:
        if self.mode is Mode.REFUSES:
            self._socket = _listening(self.address, self.port)
        self._empty_queue()
        self._socket.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def _drop(self) -> None:
        if self.mode is Mode.REFUSES:
            self._socket = _listening(self.address, self.port)
        self._socket.listen(0)
        while self._fills_queue():
            if len(self._fillers) > _FILLERS_MAX:
                raise RuntimeError("The accept queue never fills: packets cannot be dropped here.")

    def _refuse(self) -> None:
        self._empty_queue()
        self._socket.close()

    def _fills_queue(self) -> bool:
        """Queue one connection of our own; False when the queue has no room left."""
        filler = tcp_socket()
        filler.setblocking(False)
        filler.connect_ex((self.address, self.port))
        poll = select.poll()
        poll.register(filler, select.POLLOUT)
        if poll.poll(_HANG_MILLISECONDS):
            self._fillers.append(filler)
            return True
        filler.close()
        return False

    def _empty_queue(self) -> None:
        """Reset what was queued while nobody listened, as a machine that has just booted would."""
        try:
            while True:
                queued, _ = self._socket.accept()
                reset(queued)
        except BlockingIOError:
            self._release_fillers()

    def _release_fillers(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_PER_TURN):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            connection.setblocking(False)
            self._accepted(connection)


def _listening(address: str, port: int) -> socket.socket:
    sock = tcp_socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind((address, port))
    sock.listen(0)
    return sock


def tcp_socket() -> socket.socket:
    """Return a socket whose connections asyncio will see as TCP and give TCP_NODELAY.

    Without the protocol's number it does not, and every answer in two parts waits 40 ms for the
    client's delayed acknowledgement: more than a virtual second at speed 40.
    """
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)


def reset(connection: socket.socket) -> None:
    """Close a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()


def abort(transport: asyncio.Transport | None) -> None:
    """End an asyncio connection with RST."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
