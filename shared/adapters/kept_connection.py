"""Visits over a connection that is kept: one request after the other, each sent once.

A connection that ended while nothing was asked is known to have ended before the next request is
sent, so that another one is opened for it: nothing is ever sent twice.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.http_sampler import HEAD_BYTES_MAX, READ_BYTES, Reached
from shared.adapters.http_visits import END_OF_HEAD, Visit, visit_of
from shared.adapters.wire import Wire, own_fault
from shared.core.http_bodies import AnswerHead, Body, Unusable, read_head
from shared.core.model import HealthCheck
from shared.core.samples import Instant, Outcome

KEPT = (("Connection", "keep-alive"),)
INTERIM_MAX = 8
"""Answers that are not yet the answer; more of them is no conversation."""


class Connection:
    """A connection to one address, over which requests follow each other."""

    def __init__(self, address: str, wire: "_KeptWire") -> None:
        self.address, self._wire = address, wire
        self._received = b""

    @property
    def is_idle(self) -> bool:
        """It is open, and nothing has come that nobody asked for."""
        return self._wire.is_silent()

    async def ask(self, text: bytes, deadline: float) -> AnswerHead:
        """Send a request and return its answer's head; the body is still to be read."""
        self._wire.deadline = deadline
        await self._wire.send(text)
        for _ in range(INTERIM_MAX):
            head = read_head(await self._head())
            if not head.is_interim:
                return head
        raise Unusable("The answer does not come after so many that are none.")

    async def can_be_kept(self, head: AnswerHead) -> bool:
        """Read the body; the connection may be used again."""
        try:
            body = Body(head)
            if body.is_endless or not head.keeps_connection:
                return False
            body.take(self._received)
            while not body.is_over:
                more = await self._wire.receive(READ_BYTES)
                if not more:
                    return False
                body.take(more)
        except (OSError, Unusable):
            return False
        self._received = b""
        return True

    def close(self) -> None:
        """Give the socket back."""
        self._wire.close()

    async def _head(self) -> bytes:
        while END_OF_HEAD not in self._received:
            if len(self._received) > HEAD_BYTES_MAX:
                raise Unusable("The headers are longer than anything we read.")
            more = await self._wire.receive(READ_BYTES)
            if not more:
                raise ConnectionError("The server hung up in the middle of its headers.")
            self._received += more
        head, _, self._received = self._received.partition(END_OF_HEAD)
        return head


class Visited(NamedTuple):
    """What came of a visit, and the connection if it can be used again."""

    reached: Reached
    connection: Connection | None = None


class KeptConnections:
    """Opens connections that are kept, and asks over them."""

    def __init__(
        self,
        clock: Clock,
        guard: Guard,
        detours: Mapping[Peer, Peer] | None = None,
        trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._clock, self._guard, self._detours = clock, guard, detours or {}
        self._trust = trust

    async def visit(
        self,
        check: HealthCheck,
        served_by_header: str | None,
        not_after: Instant,
        kept: Connection | None,
    ) -> Visited:
        """Return what the URL answers until `not_after`: over `kept`, else from its address."""
        begun_ns = time.monotonic_ns()
        address = kept.address if kept else check.address
        if not kept and not self._guard.allows(address):
            refused = f"refused:ssrf {address}"
            return Visited(Reached(Outcome.FAILED, self._clock.ceil(), refused))
        connection, is_kept = kept, False
        try:
            visit = visit_of(replace(check, headers=KEPT))
            deadline = self._deadline(not_after)
            connection = connection or await self._open(check.address, visit, deadline)
            head = await connection.ask(visit.request, deadline)
            reached = self._reached(check, head, address, begun_ns)
            is_kept = await connection.can_be_kept(head)
        except (OSError, ValueError) as error:
            return Visited(self._failed(error, not_after))
        finally:
            if connection is not None and not is_kept:
                connection.close()
        named = head.text(served_by_header) if served_by_header else None
        reached = reached._replace(answer=named or address)
        return Visited(reached, connection if is_kept else None)

    def _deadline(self, not_after: Instant) -> float:
        left_seconds = self._clock.wall_seconds((not_after - self._clock.now()) / 1_000)
        return asyncio.get_running_loop().time() + left_seconds

    async def _open(self, address: str, visit: Visit, deadline: float) -> Connection:
        place = (address, visit.port)
        wire = _KeptWire(socket.SOCK_STREAM, self._detours.get(place, place), deadline)
        try:
            await wire.connect()
            if visit.scheme == "https":
                await wire.start_tls(self._tls, visit.server_name)
        except BaseException:
            wire.close()
            raise
        return Connection(address, wire)

    def _failed(self, error: Exception, not_after: Instant) -> Reached:
        if isinstance(error, TimeoutError):
            return Reached(Outcome.TIMEOUT, max(self._clock.ceil(), not_after))
        ours = own_fault(error) if isinstance(error, OSError) else ""
        return Reached(Outcome.FAILED, self._clock.ceil(), detail=ours)

    def _reached(
        self, check: HealthCheck, head: AnswerHead, address: str, begun_ns: int
    ) -> Reached:
        is_expected = any(low <= head.status <= high for low, high in check.expected_statuses)
        return Reached(
            Outcome.OK if is_expected else Outcome.FAILED,
            self._clock.ceil(),
            address,
            head.status,
            took_tenths=self._clock.tenths(time.monotonic_ns() - begun_ns),
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._trust()


class _KeptWire(Wire):
    """A wire that outlives a deadline."""

    @property
    def deadline(self) -> float:
        """When (by the loop's clock) it gives up."""
        return self._deadline

    @deadline.setter
    def deadline(self, at: float) -> None:
        self._deadline = at

    def is_silent(self) -> bool:
        """Nothing has come: neither its end nor what nobody asked for."""
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()
