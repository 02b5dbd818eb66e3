"""UDP for DNS questions: one socket for what is asked of one server at once, new each time.

So the port is new too, and what an earlier question left unanswered finds nobody. On a socket
answers are known by random ids. When an answer came is the kernel's word where it gives one: a
process that is late to look must not make a server look slow.
"""

import asyncio
import errno
import os
import socket
import struct
import time
from functools import cache
from typing import Protocol

from shared.adapters.connect import Peer

SO_TIMESTAMPNS, SO_MEMINFO = 35, 55
IP_RECVERR, IPV6_RECVERR = 11, 25
"""Linux's; Python does not name them."""
MSG_ERRQUEUE: int | None = getattr(socket, "MSG_ERRQUEUE", None)
IN_FLIGHT_MAX = 128 if MSG_ERRQUEUE is not None else 1
"""So many small answers fit into a receive buffer of the kernel's default size twice over.

Where no error queue says which question was refused, each has a socket to itself."""
RECEIVE_OCTETS = 1024 * 1024
"""The kernel grants less where net.core.rmem_max is less."""
DATAGRAM_OCTETS_MAX = 65_535
ANCILLARY_OCTETS = 64
QUOTE_OCTETS, ERROR_OCTETS = 64, 256
READS_MAX = 2 * IN_FLIGHT_MAX
"""At a time: whoever floods us must not keep us from everything else."""
SEND_TRIES_MAX = 3
"""Refusals of earlier questions may be told in place of sending so often in a row."""
ID_OCTETS = 2
TIMESPEC = struct.Struct("qq")
ERRNO = struct.Struct("=I")
MEMINFO = struct.Struct("=9I")
DROPS = 8
NANOSECONDS = 1_000_000_000


class Asker(Protocol):
    """Who asked a question, and is told what became of it, once."""

    text: bytes
    """The query without its id."""
    sent_ns: int
    """When it was sent, by CLOCK_MONOTONIC."""

    def arrived(self, body: bytes, at_ns: int) -> bool:
        """Take what came (without its id) then, by CLOCK_MONOTONIC; False if it is no answer."""

    def refused(self) -> None:
        """Nobody listens there, or the question could not get there."""

    def ran_out(self, *, lost: bool) -> None:
        """Nothing came in time, and something may have been lost in our own buffer."""


class Burst:
    """What is asked of one server at once. Every question has the same time, from when it is sent.

    OSError, when made, if there is no socket to be had.
    """

    def __init__(self, server: Peer, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._allowed_ns = round(seconds * NANOSECONDS)
        self._waiting: dict[bytes, Asker] = {}
        self._ids = _random_ids()
        self._is_sealed = False
        self._socket = _opened(server)
        self._loop.add_reader(self._socket.fileno(), self._drain)
        self._timer = self._loop.call_later(seconds, self._run_out)

    @property
    def is_full(self) -> bool:
        """No more may be asked here."""
        return not self._ids

    def ask(self, asker: Asker) -> None:
        """Send the asker's question, or tell it that this failed."""
        number = self._ids.pop()
        self._waiting[number] = asker
        asker.sent_ns = time.monotonic_ns()
        try:
            self._socket.send(number + asker.text)
        except OSError:
            self._send_again(number, asker)

    def seal(self) -> None:
        """Nothing more is asked: with the last answer the socket is closed."""
        self._is_sealed = True
        self._close_if_done()

    def close(self) -> None:
        """Let go of the socket, whatever may still come."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._timer.cancel()

    def _send_again(self, number: bytes, asker: Asker) -> None:
        """Send what was not sent because an earlier question's refusal was told instead."""
        for _ in range(SEND_TRIES_MAX):
            if not self._read_refusals():
                break
            try:
                self._socket.send(number + asker.text)
            except OSError:
                continue
            return
        if self._waiting.pop(number, None):
            asker.refused()

    def _drain(self) -> None:
        """Take all that has arrived."""
        # Of both clocks now: the kernel stamps by the wall's, which may be set; we count by the
        # other. Within one turn they keep their distance.
        apart_ns = time.time_ns() - time.monotonic_ns()
        is_told, is_empty = False, True
        for _ in range(READS_MAX):
            try:
                text, ancillary, _, _ = self._socket.recvmsg(DATAGRAM_OCTETS_MAX, ANCILLARY_OCTETS)
            except BlockingIOError:
                break
            except OSError:
                is_told = True  # a refusal, in place of what has arrived
                continue
            is_empty = False
            self._take(text, _stamped(ancillary, apart_ns))
            if not self._waiting:
                break
        if self._waiting and (is_told or is_empty):
            self._read_refusals(is_told=is_told)
        self._close_if_done()

    def _take(self, text: bytes, at_ns: int) -> None:
        number = text[:ID_OCTETS]
        found = self._waiting.get(number)
        if found is not None and found.arrived(text[ID_OCTETS:], at_ns):
            del self._waiting[number]

    def _read_refusals(self, *, is_told: bool = False) -> bool:
        """Tell whose question the network gave back; True if it gave back any."""
        if MSG_ERRQUEUE is None:
            self._refuse(list(self._waiting) if is_told else [])
            return False
        found = False
        while True:
            try:
                quote, why, _, _ = self._socket.recvmsg(QUOTE_OCTETS, ERROR_OCTETS, MSG_ERRQUEUE)
            except OSError:
                return found
            found = True
            if _errno(why) != errno.EMSGSIZE:  # which is said of the path, not of the question
                # A network that does not quote enough speaks of all.
                is_enough = len(quote) >= ID_OCTETS
                self._refuse([quote[:ID_OCTETS]] if is_enough else list(self._waiting))

    def _refuse(self, numbers: list[bytes]) -> None:
        for number in numbers:
            if refused := self._waiting.pop(number, None):
                refused.refused()

    def _run_out(self) -> None:
        """Tell those whose time is over; what has arrived is taken first."""
        self._drain()
        if self._socket.fileno() < 0:
            return
        over = time.monotonic_ns() - self._allowed_ns
        lost = _drops(self._socket) > 0
        for number, asker in list(self._waiting.items()):
            if asker.sent_ns > over:
                left = (asker.sent_ns - over) / NANOSECONDS
                self._timer = self._loop.call_later(left, self._run_out)
                return
            del self._waiting[number]
            asker.ran_out(lost=lost)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._is_sealed and not self._waiting:
            self.close()


@cache
def keep_stamping() -> None:
    """Let the kernel stamp packets from here on, for as long as the process lives.

    It does while any socket wants it, and begins late: with a new socket a second it never would.
    """
    keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _set(keeper, socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    keeper.detach()


def _random_ids() -> list[bytes]:
    """Return as many ids as may be in flight, none twice."""
    drawn = os.urandom(ID_OCTETS * IN_FLIGHT_MAX)
    return list({drawn[at : at + ID_OCTETS] for at in range(0, len(drawn), ID_OCTETS)})


def _opened(server: Peer) -> socket.socket:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        _set(opened, socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        _set(opened, socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        if family == socket.AF_INET:
            _set(opened, socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            _set(opened, socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        opened.connect(server)
    except OSError:
        opened.close()
        raise
    return opened


def _set(opened: socket.socket, level: int, option: int, value: int) -> None:
    """Set what the platform may not know: there we are less exact, and work."""
    try:
        opened.setsockopt(level, option, value)
    except OSError:
        return


def _stamped(ancillary: list[tuple[int, int, bytes]], apart_ns: int) -> int:
    """Return when the datagram came, by CLOCK_MONOTONIC; without a stamp, now."""
    now_ns = time.monotonic_ns()
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            at_ns: int = seconds * NANOSECONDS + nanoseconds - apart_ns
            # From the future: the wall's clock was set back in this very moment.
            return min(at_ns, now_ns)
    return now_ns


def _errno(ancillary: list[tuple[int, int, bytes]]) -> int:
    for _, kind, data in ancillary:
        if kind in (IP_RECVERR, IPV6_RECVERR) and len(data) >= ERRNO.size:
            found: int = ERRNO.unpack_from(data)[0]
            return found
    return 0


def _drops(opened: socket.socket) -> int:
    """Return how many datagrams the kernel had no room for in this socket; 0 if it does not say."""
    try:
        told = opened.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size)
    except OSError:
        return 0
    drops: int = MEMINFO.unpack(told)[DROPS] if len(told) == MEMINFO.size else 0
    return drops
