"""HTTP samples: a new connection, one GET, its status line and headers; nothing is followed."""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.wire import Wire
from shared.core.model import HealthCheck
from shared.core.questions import HealthQuestion
from shared.core.samples import Instant, Outcome, Sample

PORTS = {"http": 80, "https": 443}
HEAD_BYTES_MAX = 16 * 1024
READ_BYTES = 4_096
END_OF_HEAD = b"\r\n\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r|$)")


class Reached(NamedTuple):
    """What came of one attempt, and when that was known."""

    outcome: Outcome
    answered_at: Instant
    answer: str = ""
    code: int | None = None


class Head(NamedTuple):
    """A response without its body; `status` is None of a connection that asked nothing."""

    status: int | None
    lines: tuple[bytes, ...] = ()

    def value(self, name: str) -> str | None:
        """Return the header's value, or None."""
        for line in self.lines:
            field, _, value = line.partition(b":")
            if field.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


class HttpSampler:
    """Asks an address for a URL as Traffic Manager's probes do, once.

    Certificates are verified only on behalf of clients: Traffic Manager does not look at them.
    """

    def __init__(
        self,
        clock: Clock,
        guard: Guard,
        detours: Mapping[Peer, Peer] | None = None,
        *,
        verify_certificates: bool = False,
    ) -> None:
        self._clock, self._guard, self._detours = clock, guard, detours or {}
        self._verify_certificates = verify_certificates

    async def sample(self, question: HealthQuestion) -> Sample:
        """Return one sample; a failure to answer is a sample too."""
        asked_at = self._clock.now()
        reached = await self.reach(
            question.check,
            question.served_by_header,
            asked_at + round(question.check.timeout_seconds * 1_000),
        )
        return Sample(
            question.series,
            asked_at,
            reached.answered_at,
            reached.outcome,
            reached.answer,
            reached.code,
        )

    def answers(self, check: HealthCheck) -> bool:
        """The endpoint answers as expected, now. For threads: it runs a loop of its own."""
        question = HealthQuestion(series="", check=check)
        return asyncio.run(self.sample(question)).outcome is Outcome.OK

    async def reach(
        self, check: HealthCheck, served_by_header: str | None, not_after: Instant
    ) -> Reached:
        """Return what the address answers until `not_after`."""
        if not self._guard.allows(check.address):
            refused = f"refused:ssrf {check.address}"
            return Reached(Outcome.FAILED, self._clock.ceil(), refused)
        try:
            head = await self._get(check, not_after)
        except TimeoutError:
            return Reached(Outcome.TIMEOUT, max(self._clock.ceil(), not_after))
        except (OSError, ValueError):
            return Reached(Outcome.FAILED, self._clock.ceil())
        answered_at = self._clock.ceil()
        served_by = head.value(served_by_header) if served_by_header else None
        outcome = Outcome.OK if _is_expected(head, check) else Outcome.FAILED
        return Reached(outcome, answered_at, served_by or check.address, head.status)

    async def _get(self, check: HealthCheck, not_after: Instant) -> Head:
        url = urlsplit(check.url)
        address = (check.address, url.port or PORTS.get(url.scheme, 0))
        left_seconds = self._clock.wall_seconds((not_after - self._clock.now()) / 1_000)
        deadline = asyncio.get_running_loop().time() + left_seconds
        peer = self._detours.get(address, address)
        with Wire(socket.SOCK_STREAM, peer, deadline) as wire:
            await wire.connect()
            if url.scheme == "tcp":
                return Head(None)
            if url.scheme == "https":
                await wire.start_tls(self._tls, urlsplit(f"//{check.host}").hostname or "")
            await wire.send(_request(url, check.host))
            return await _head(wire)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Once: making a context that verifies costs as much as thirty-five requests.
        if self._verify_certificates:
            return ssl.create_default_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def _request(url: SplitResult, host: str) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not (target + host).isprintable() or " " in target + host:
        raise ValueError("A blank or control character would end the request line early.")
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Switchback",
        "Accept: */*",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


async def _head(wire: Wire) -> Head:
    received = b""
    while END_OF_HEAD not in received:
        more = await wire.receive(READ_BYTES)
        if not more:
            raise ConnectionError("The server hung up in the middle of its headers.")
        received += more
        if len(received) > HEAD_BYTES_MAX:
            raise ValueError("The headers are longer than anything we read.")
    first, *lines = received.partition(END_OF_HEAD)[0].split(b"\r\n")
    status = STATUS_LINE.match(first)
    if status is None:
        raise ValueError("This is no HTTP/1.1 answer.")
    return Head(int(status[1]), tuple(lines))


def _is_expected(head: Head, check: HealthCheck) -> bool:
    if head.status is None:
        return True
    return any(low <= head.status <= high for low, high in check.expected_statuses)
