"""HTTP samples: a new connection, one GET, its status line and headers; nothing is followed."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.exchanges import (
    WOULD_BLOCK,
    Exchanges,
    Steps,
    is_connected,
    opened,
    secured,
    send,
    shake_hands,
)
from shared.adapters.http_visits import (
    END_OF_HEAD,
    Head,
    is_expected,
    read_head,
    visit_of,
)
from shared.adapters.tally import Tally
from shared.adapters.wire import own_fault
from shared.core.certificates import valid_until
from shared.core.model import HealthCheck
from shared.core.questions import HealthQuestion
from shared.core.samples import CERTIFICATE_UNTIL, Instant, Outcome, Sample

HEAD_BYTES_MAX = 16 * 1024
READ_BYTES = 4_096
AT_ONCE_MAX = 16
"""So many connections are begun before those under way are looked at."""
CERTIFICATES_KEPT_MAX, ADDRESSES_KEPT_MAX = 1_024, 4_096

Done = Callable[[Sample], None]
"""Takes a sample, once."""
Resolve = Callable[[str, float], Awaitable[str | None]]
"""(name, seconds) -> an address of it, asked of the client's resolver within that time; or None."""


class Reached(NamedTuple):
    """What came of one attempt, and when that was known."""

    outcome: Outcome
    answered_at: Instant
    answer: str = ""
    code: int | None = None
    detail: str = ""
    took_tenths: int | None = None


class HttpSampler:
    """Asks an address for a URL as Traffic Manager's probes do, once.

    Certificates are verified only on behalf of clients: Traffic Manager does not look at them.
    Where `resolve` is given, a check whose address is a name has it looked up for each attempt.
    """

    def __init__(
        self,
        clock: Clock,
        guard: Guard,
        detours: Mapping[Peer, Peer] | None = None,
        resolve: Resolve | None = None,
        *,
        verify_certificates: bool = False,
    ) -> None:
        self._clock, self._guard, self._detours = clock, guard, detours or {}
        self._resolve = resolve
        self._verify_certificates = verify_certificates

    async def sample(self, question: HealthQuestion) -> Sample:
        """Return one sample; a failure to answer is a sample too."""
        samples: list[Sample] = []
        await self.sample_all([(question, samples.append)])
        return samples[0]

    async def sample_all(self, asked: Iterable[tuple[HealthQuestion, Done]]) -> None:
        """Ask everything at once and hand over each sample as it comes; return with the last."""
        tally = Tally()
        try:
            with Exchanges() as going:
                for number, (question, done) in enumerate(asked, 1):
                    if self._is_named(question.check):
                        tally.do(self._ask_by_name(question, done))
                    else:
                        tally.begin()
                        self._ask(question, done, going, tally)
                    if number % AT_ONCE_MAX == 0:
                        await asyncio.sleep(0)
                await tally.end()
        finally:
            tally.close()

    def answers(self, check: HealthCheck) -> bool:
        """The endpoint answers as expected, now. For threads: it runs a loop of its own."""
        question = HealthQuestion(series="", check=check)
        return asyncio.run(self.sample(question)).outcome is Outcome.OK

    async def reach(
        self, check: HealthCheck, served_by_header: str | None, not_after: Instant
    ) -> Reached:
        """Return what the address answers until `not_after`."""
        if self._resolve is not None and self._is_named(check):
            left_seconds = (not_after - self._clock.now()) / 1_000
            address = await self._resolve(check.address, left_seconds)
            if address is None:
                return Reached(Outcome.FAILED, self._clock.ceil())  # its name leads nowhere now
            check = replace(check, address=address)
        reached: asyncio.Future[Reached] = asyncio.get_running_loop().create_future()
        attempt = Attempt(self._its(check), check, served_by_header, not_after, reached.set_result)
        with Exchanges() as going:
            attempt.begin(going)
            return await reached

    def _ask(self, question: HealthQuestion, done: Done, going: Exchanges, tally: Tally) -> None:
        its, check = self._its(question.check), question.check
        asked_at = self._clock.now()

        def take(reached: Reached) -> None:
            tally.settle()
            done(_sample(question, asked_at, reached))

        not_after = asked_at + round(check.timeout_seconds * 1_000)
        Attempt(its, check, question.served_by_header, not_after, take).begin(going)

    async def _ask_by_name(self, question: HealthQuestion, done: Done) -> None:
        asked_at = self._clock.now()
        not_after = asked_at + round(question.check.timeout_seconds * 1_000)
        reached = await self.reach(question.check, question.served_by_header, not_after)
        done(_sample(question, asked_at, reached))

    def _is_named(self, check: HealthCheck) -> bool:
        return self._resolve is not None and not is_address(check.address)

    def _its(self, check: HealthCheck) -> "Means":
        # The context is made before the attempt begins: no endpoint is to be blamed for the time.
        tls = self._tls if check.url.startswith("https:") else None
        return Means(self._clock, self._guard, self._detours, tls)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Once: making a context that verifies costs as much as thirty-five requests.
        if self._verify_certificates:
            return ssl.create_default_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


class Means(NamedTuple):
    """What an attempt needs."""

    clock: Clock
    guard: Guard
    detours: Mapping[Peer, Peer]
    tls: ssl.SSLContext | None


class Attempt:
    """One attempt at an address: a connection, a request, an answer's head."""

    __slots__ = (
        *("_begun_ns", "_check", "_header", "_means", "_not_after", "_take"),
        *("_head", "_peer", "_visit", "deadline", "socket", "steps"),
    )

    def __init__(
        self,
        means: Means,
        check: HealthCheck,
        served_by_header: str | None,
        not_after: Instant,
        take: Callable[[Reached], None],
    ) -> None:
        self._means, self._check, self._header = means, check, served_by_header
        self._not_after, self._take = not_after, take
        self._head = Head(None)
        self._begun_ns = time.monotonic_ns()

    def begin(self, going: Exchanges) -> None:
        """Begin; what comes of it is taken, perhaps at once."""
        # What is judged here is what is connected to: a literal address, of the name's just now.
        if not self._means.guard.allows(self._check.address):
            refused = f"refused:ssrf {self._check.address}"
            self._take(Reached(Outcome.FAILED, self._means.clock.ceil(), refused))
            return
        try:
            self._visit = visit_of(self._check)
            address = (self._check.address, self._visit.port)
            self._peer = self._means.detours.get(address, address)
            self.socket = opened(self._peer)
        except (OSError, ValueError) as error:
            self.ended(error)
            return
        left_ms = self._not_after - self._means.clock.now()
        left_seconds = self._means.clock.wall_seconds(left_ms / 1_000)
        self.deadline = asyncio.get_running_loop().time() + left_seconds
        self.steps = self._talk()
        going.start(self)

    def _talk(self) -> Steps:
        visit, received, certificate = self._visit, b"", b""
        if not is_connected(self.socket, self._peer):
            yield
        if visit.scheme != "http":  # there the request would wait for the connection, or fail
            while not is_connected(self.socket, self._peer):
                yield
        if visit.scheme == "tcp":
            return
        if self._means.tls is not None:
            self.socket = over = secured(self.socket, self._means.tls, visit.server_name)
            yield from shake_hands(over)
            certificate = over.getpeercert(binary_form=True) or b""
        yield from send(self.socket, visit.request)
        yield  # nothing can be there yet: to look would only cost
        while END_OF_HEAD not in received:
            try:
                more = self.socket.recv(READ_BYTES)
            except WOULD_BLOCK:
                yield
                continue
            received += more
            check_whole(more, received)
        self._head = read_head(received, certificate)

    def ended(self, error: Exception | None) -> None:
        """Hand over what came of it, which is known now."""
        clock, answered_at = self._means.clock, self._means.clock.ceil()
        if isinstance(error, TimeoutError):
            reached = Reached(Outcome.TIMEOUT, max(answered_at, self._not_after))
        elif error is not None:
            detail = own_fault(error) if isinstance(error, OSError) else ""
            reached = Reached(Outcome.FAILED, answered_at, detail=detail)
        else:
            head, took_ns = self._head, time.monotonic_ns() - self._begun_ns
            named = head.value(self._header) if self._header else None
            reached = Reached(
                Outcome.OK if is_expected(head, self._check) else Outcome.FAILED,
                answered_at,
                named or self._check.address,
                head.status,
                certificate_detail(head.certificate) if head.certificate else "",
                clock.tenths(took_ns),
            )
        self._take(reached)
        if error is not None and not isinstance(error, OSError | ValueError):
            raise error


def check_whole(more: bytes, received: bytes) -> None:
    """Raise if the head will never be whole."""
    if not more:
        raise ConnectionError("The server hung up in the middle of its headers.")
    if len(received) > HEAD_BYTES_MAX:
        raise ValueError("The headers are longer than anything we read.")


@lru_cache(CERTIFICATES_KEPT_MAX)
def certificate_detail(certificate: bytes) -> str:
    """Return what a sample says of the certificate; nothing of one that cannot be read."""
    try:
        until = valid_until(certificate)
    except ValueError:
        return ""
    return f"{CERTIFICATE_UNTIL}{until:%Y-%m-%dT%H:%M:%SZ}"


def _sample(question: HealthQuestion, asked_at: Instant, reached: Reached) -> Sample:
    return Sample(
        question.series,
        asked_at,
        reached.answered_at,
        reached.outcome,
        reached.answer,
        reached.code,
        detail=reached.detail,
        took_tenths=reached.took_tenths,
    )


@lru_cache(ADDRESSES_KEPT_MAX)
def is_address(text: str) -> bool:
    """The text is an IP address, not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
