"""DNS samples: one question, one attempt, one server.

A retry, or another server's answer, would hide the very gap that a drill measures.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable

from shared.adapters.clock import Clock
from shared.adapters.connect import Peer, peer
from shared.adapters.dns_sockets import ID_OCTETS, NANOSECONDS, Burst, keep_stamping
from shared.adapters.tally import Tally
from shared.adapters.wire import Wire, own_fault
from shared.core.dns_answers import Odd, Read, read_answer
from shared.core.dns_queries import Query, write_query
from shared.core.questions import DnsQuestion
from shared.core.samples import LOST, OWN_FAULT, STALE, Instant, Outcome, Sample

Done = Callable[[Sample], None]
"""Takes a sample, once."""

AT_ONCE_MAX = 64
"""So many are sent before what has arrived is looked at."""
QUERIES_KEPT_MAX = 8_192
ANSWERS_KEPT_MAX = 512
"""Of one query: a resolver that counts a TTL down gives as many as the TTL has seconds."""
NO_ID = bytes(ID_OCTETS)


class DnsSampler:
    """Asks servers for names' addresses over UDP, and over TCP if the answer was cut off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, bool, str], _Known] = {}
        keep_stamping()

    async def sample(self, question: DnsQuestion) -> Sample:
        """Return one sample; a failure to answer is a sample too."""
        samples: list[Sample] = []
        await self.sample_all([(question, samples.append)])
        return samples[0]

    async def sample_all(self, asked: Iterable[tuple[DnsQuestion, Done]]) -> None:
        """Ask everything at once and hand over each sample as it comes; return with the last."""
        going = _Round(self._clock)
        try:
            for number, (question, done) in enumerate(asked, 1):
                self._ask(question, done, going)
                if number % AT_ONCE_MAX == 0:
                    await asyncio.sleep(0)
            await going.end()
        finally:
            going.close()

    def _ask(self, question: DnsQuestion, done: Done, going: "_Round") -> None:
        try:
            known = self._query(question)
            burst = going.burst(question.server, question.timeout_seconds)
        except (OSError, ValueError) as error:
            fault = own_fault(error) if isinstance(error, OSError) else f"{OWN_FAULT}{error}"
            now = self._clock.now()
            done(Sample(question.series, now, now + 1, Outcome.FAILED, detail=fault))
            return
        going.begin()
        burst.ask(_Asked(question, known, done, going))

    def _query(self, question: DnsQuestion) -> "_Known":
        name, record_type = question.name, question.record_type
        key = (name, record_type, question.recursion_desired, question.client_subnet)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= QUERIES_KEPT_MAX:
                self._known.clear()
            query = write_query(
                name,
                record_type,
                recursion_desired=question.recursion_desired,
                client_subnet=question.client_subnet,
            )
            known = self._known[key] = _Known(query)
        return known


class _Known:
    """A query, and the answers to it that were read before."""

    __slots__ = ("_read", "query")

    def __init__(self, query: Query) -> None:
        self.query = query
        self._read: dict[bytes, Read] = {}

    def read(self, body: bytes) -> Read | None:
        """Return what the message after its id says; None if it is no answer to the query."""
        known = self._read.get(body)
        if known is None:
            try:
                known = read_answer(NO_ID + body, self.query)
            except Odd:
                known = _read_odd(body, self.query)
            if known is not None:
                if len(self._read) >= ANSWERS_KEPT_MAX:
                    self._read.clear()
                self._read[body] = known
        return known


def _read_odd(body: bytes, query: Query) -> Read | None:
    # Late, for this takes dnspython, and it a tenth of a second to be loaded.
    from shared.adapters.dns_odd import read_odd

    return read_odd(body, query)


class _Asked:
    """A question on its way: it makes the sample of what becomes of it."""

    __slots__ = ("_asked_at", "_done", "_going", "_known", "_question", "sent_ns", "text")

    def __init__(self, question: DnsQuestion, known: _Known, done: Done, going: "_Round") -> None:
        self._question, self._known, self._done, self._going = question, known, done, going
        self.text = known.query.text
        self.sent_ns = 0
        self._asked_at = going.clock.now()

    def arrived(self, body: bytes, at_ns: int) -> bool:
        """Take what came then; False if it is no answer."""
        read = self._known.read(body)
        if read is None:
            return False
        if read.is_cut_off:
            self._going.do(self._ask_tcp())
        else:
            # Not from before it was asked: the wall's clock was set in between.
            self._settle(read, at_ns if at_ns >= self.sent_ns else time.monotonic_ns())
        return True

    def refused(self) -> None:
        """Nobody listens there, or the question could not get there."""
        self._end(Outcome.FAILED, self._going.clock.ceil())

    def ran_out(self, *, lost: bool) -> None:
        """Nothing came in time, and something may have been lost in our own buffer."""
        ran_out_at = self._asked_at + round(self._question.timeout_seconds * 1_000)
        answered_at = max(self._going.clock.ceil(), ran_out_at)
        self._end(Outcome.TIMEOUT, answered_at, LOST if lost else "")

    def _settle(self, read: Read, at_ns: int) -> None:
        clock = self._going.clock
        sample = Sample(
            self._question.series,
            self._asked_at,
            clock.ceil(time.monotonic_ns() - at_ns),
            Outcome.OK if read.names_something else Outcome.FAILED,
            read.chain,
            read.rcode,
            read.least_ttl_seconds if self._question.is_kept else read.ttl_seconds,
            "",
            STALE if read.is_stale else "",
            clock.tenths(at_ns - self.sent_ns),
        )
        self._going.settle()
        self._done(sample)

    def _end(self, outcome: Outcome, answered_at: Instant, detail: str = "") -> None:
        sample = Sample(self._question.series, self._asked_at, answered_at, outcome)
        self._going.settle()
        self._done(sample._replace(detail=detail))

    async def _ask_tcp(self) -> None:
        """Ask again as the server wants it, within what is left of the time."""
        seconds = self._going.clock.wall_seconds(self._question.timeout_seconds)
        left = seconds - (time.monotonic_ns() - self.sent_ns) / NANOSECONDS
        deadline = asyncio.get_running_loop().time() + left
        try:
            read = await self._over_tcp(Wire(socket.SOCK_STREAM, self._server, deadline))
        except TimeoutError:
            self.ran_out(lost=False)
        except OSError as error:
            self._end(Outcome.FAILED, self._going.clock.ceil(), own_fault(error))
        else:
            self._settle(read, time.monotonic_ns())

    async def _over_tcp(self, wire: Wire) -> Read:
        number = os.urandom(ID_OCTETS)
        text = number + self.text
        with wire:
            await wire.connect()
            await wire.send(len(text).to_bytes(2, "big") + text)
            length = int.from_bytes(await _exactly(wire, 2), "big")
            received = await _exactly(wire, length)
        read = self._known.read(received[ID_OCTETS:]) if received[:ID_OCTETS] == number else None
        if read is None:
            raise ConnectionError(f"{self._question.server} answered another question over TCP.")
        return read

    @property
    def _server(self) -> Peer:
        return peer(self._question.server)


class _Round(Tally):
    """Everything that is asked at one time, and its bursts."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._bursts: dict[tuple[str, float], Burst] = {}
        self._full: list[Burst] = []

    def burst(self, server: str, timeout_seconds: float) -> Burst:
        """Return where to ask the server; OSError if there is no socket to be had."""
        burst = self._bursts.get((server, timeout_seconds))
        if burst is not None and burst.is_full:
            burst.seal()
            self._full.append(self._bursts.pop((server, timeout_seconds)))
            burst = None
        if burst is None:
            burst = Burst(peer(server), self.clock.wall_seconds(timeout_seconds))
            self._bursts[server, timeout_seconds] = burst
        return burst

    async def end(self) -> None:
        """Return when all that was asked is settled."""
        for burst in self._bursts.values():
            burst.seal()
        await super().end()

    def close(self) -> None:
        """Let go of whatever is still open."""
        for burst in (*self._bursts.values(), *self._full):
            burst.close()
        super().close()


async def _exactly(wire: Wire, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = await wire.receive(size - len(received))
        if not more:
            raise ConnectionError("The server hung up in the middle of its answer.")
        received += more
    return received
