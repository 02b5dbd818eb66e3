"""Client samples: what a client of the service experiences, its resolver included.

1. Every visit is one attempt: at most one question to the resolver, one connection, one request.
2. `fresh` keeps nothing. `ttl` keeps an address as long as its answer may be kept. `pinned` keeps
   the first address that served it, and never asks again.
3. `keepalive` keeps its connection until that ends or a request over it fails; one that timed out
   is given up. The next visit resolves and connects anew, as HTTP libraries do. While the
   connection waits for an answer, another visit opens a second one to the same address, and of two
   that are free the older one stays: a slow answer alone moves nobody.

What is kept is kept for one drill, in the process: a restart makes new clients of all but `pinned`,
whose address the timeline remembers.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.adapters.clock import Clock
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler, Reached
from shared.adapters.kept_connection import Connection, KeptConnections
from shared.adapters.tally import Tally
from shared.core.clients import connection_detail, first_address
from shared.core.errors import SwitchbackError
from shared.core.model import Drill, HealthCheck
from shared.core.plan import ClientClass
from shared.core.questions import ClientQuestion, DnsQuestion
from shared.core.samples import Instant, Outcome, Sample

log = logging.getLogger(__name__)

RECALL_SECONDS_MAX = 1.0
"""How long (on the wall) sampling waits for what was pinned; `pinned` waits until it is known."""

Recall = Callable[[Drill], str | None]
"""Returns the address that the drill's pinned client keeps, as far as was recorded, or None."""


class Answer(NamedTuple):
    """What a resolver said: an address, and how long it may be kept."""

    sample: Sample
    address: str | None


class Cached(NamedTuple):
    """An address, and until when (by the loop's clock, which never steps) it may be used."""

    address: str
    until: float


class Kept(NamedTuple):
    """A connection that has served, and its place in the order of their opening."""

    number: int
    connection: Connection


class Memory:
    """What the clients of one drill keep."""

    def __init__(self) -> None:
        self.cached: Cached | None = None
        self.pinned: str | None = None
        self.is_recalled = False
        self._free: Kept | None = None
        self._in_use: list[Kept] = []
        self._opened = 0
        self._is_over = False

    def number(self) -> int:
        """Return the number of a connection that is about to be opened."""
        self._opened += 1
        return self._opened

    def take(self) -> Kept | None:
        """Return the connection that is free and still open: it is in use from here on."""
        free, self._free = self._free, None
        if free is not None and not free.connection.is_idle:
            free.connection.close()
            return None
        if free is not None:
            self._in_use.append(free)
        return free

    @property
    def address(self) -> str | None:
        """Where the connection goes that is in use; of two the older one."""
        return min(self._in_use).connection.address if self._in_use else None

    def end_use(self, taken: Kept | None) -> None:
        """The connection that was taken, if any, waits for no answer any more."""
        if taken is not None:
            self._in_use.remove(taken)

    def put_back(self, served: Kept) -> None:
        """Keep the connection; of two the older one."""
        both = sorted(filter(None, (self._free, served)))
        self._free = None if self._is_over else both[0]
        for closed in both if self._is_over else both[1:]:
            closed.connection.close()

    def forget(self) -> None:
        """Close what is open; the drill is over."""
        self._is_over = True
        free, self._free = self._free, None
        if free is not None:
            free.connection.close()


class ClientSampler:
    """Visits a URL as each class of client does."""

    def __init__(
        self,
        dns: DnsSampler,
        http: HttpSampler,
        kept: KeptConnections,
        clock: Clock,
        recall: Recall = lambda _: None,
    ) -> None:
        self._dns, self._http, self._kept, self._clock = dns, http, kept, clock
        self._recall = recall
        self._memories: dict[str, Memory] = {}
        self._recalling: dict[str, asyncio.Task[None]] = {}

    async def follow(self, drills: Iterable[Drill]) -> None:
        """Forget the drills that are over; recall what a process before this one had pinned."""
        followed = {drill.id: drill for drill in drills}
        for drill_id in self._memories.keys() - followed.keys():
            self._memories.pop(drill_id).forget()
        for drill_id, drill in followed.items():
            memory = self._memories.setdefault(drill_id, Memory())
            if not memory.is_recalled and drill_id not in self._recalling:
                task = asyncio.create_task(self._learn_pinned(drill, memory))
                self._recalling[drill_id] = task
                task.add_done_callback(partial(self._recalled, drill_id))
        if self._recalling:
            await asyncio.wait(self._recalling.values(), timeout=RECALL_SECONDS_MAX)

    def _recalled(self, drill_id: str, _: asyncio.Task[None]) -> None:
        del self._recalling[drill_id]

    async def sample(self, question: ClientQuestion) -> tuple[Sample, ...]:
        """Return one sample, from the beginning of the visit to its answer's head.

        None, if what its class keeps is not known: a client without it is another client.
        """
        memory = self._memories.get(question.drill_id)
        if question.client is ClientClass.FRESH:
            return (await self._visit_anew(question),)
        if memory is None:
            return ()
        if question.client is ClientClass.TTL:
            return (await self._visit_cached(question, memory),)
        if question.client is ClientClass.KEEPALIVE:
            return (await self._visit_connected(question, memory),)
        return (await self._visit_pinned(question, memory),) if memory.is_recalled else ()

    async def sample_all(
        self, asked: Iterable[tuple[ClientQuestion, Callable[[Sample], None]]]
    ) -> None:
        """Visit everything at once and hand over each sample as it comes; return with the last."""
        tally = Tally()
        try:
            for question, done in asked:
                tally.do(self._hand_over(question, done))
            await tally.end()
        finally:
            tally.close()

    async def _hand_over(self, question: ClientQuestion, done: Callable[[Sample], None]) -> None:
        for sample in await self.sample(question):
            done(sample)

    async def _visit_anew(self, question: ClientQuestion) -> Sample:
        return await self._visit(question, await self._resolve(question))

    async def _visit_cached(self, question: ClientQuestion, memory: Memory) -> Sample:
        now = asyncio.get_running_loop().time()
        cached = memory.cached
        if cached is not None and now < cached.until:
            left_seconds = int((cached.until - now) / self._clock.wall_seconds(1))
            known = self._known(question, cached.address)
            sample = known.sample._replace(ttl_seconds=left_seconds)
            return await self._visit(question, known._replace(sample=sample))
        answer = await self._resolve(question)
        memory.cached = self._to_keep(answer)
        return await self._visit(question, answer)

    async def _visit_pinned(self, question: ClientQuestion, memory: Memory) -> Sample:
        if memory.pinned is not None:
            return await self._visit(question, self._known(question, memory.pinned))
        answer = await self._resolve(question)
        sample = await self._visit(question, answer)
        if sample.outcome is Outcome.OK and memory.pinned is None:
            memory.pinned = answer.address
        return sample

    async def _visit_connected(self, question: ClientQuestion, memory: Memory) -> Sample:
        address = memory.address
        taken = memory.take()
        if taken is not None:
            address = taken.connection.address
        number = taken.number if taken else memory.number()
        answer = self._known(question, address) if address else await self._resolve(question)
        if answer.address is None:
            return _unresolved(answer.sample)
        try:
            reached, usable = await self._kept.visit(
                _check(question, answer.address),
                question.served_by_header,
                _not_after(question, answer.sample.asked_at),
                taken and taken.connection,
            )
        finally:
            memory.end_use(taken)
        if usable is not None:
            memory.put_back(Kept(number, usable))
        return _served(answer, reached)

    def _known(self, question: ClientQuestion, address: str) -> Answer:
        """Return an address that need not be asked for, as of now."""
        now = self._clock.now()
        return Answer(Sample(question.series, now, now, Outcome.OK), address)

    async def _visit(self, question: ClientQuestion, answer: Answer) -> Sample:
        """Return what the address says over a new connection."""
        if answer.address is None:
            return _unresolved(answer.sample)
        reached = await self._http.reach(
            _check(question, answer.address),
            question.served_by_header,
            _not_after(question, answer.sample.asked_at),
        )
        return _served(answer, reached)

    async def _resolve(self, question: ClientQuestion) -> Answer:
        sample = await self._dns.sample(_lookup(question))
        is_answer = sample.outcome is Outcome.OK
        return Answer(sample, first_address(sample.answer) if is_answer else None)

    def _to_keep(self, answer: Answer) -> Cached | None:
        ttl_seconds = answer.sample.ttl_seconds
        if answer.address is None or not ttl_seconds:
            return None
        now = asyncio.get_running_loop().time()
        return Cached(answer.address, now + self._clock.wall_seconds(ttl_seconds))

    async def _learn_pinned(self, drill: Drill, memory: Memory) -> None:
        try:
            memory.pinned = await asyncio.to_thread(self._recall, drill)
        except SwitchbackError as error:
            log.warning("pinned address unknown drill_id=%s error=%s", drill.id, error)
            return
        memory.is_recalled = True


def _lookup(question: ClientQuestion) -> DnsQuestion:
    return DnsQuestion(
        series=question.series,
        server=question.resolver,
        name=urlsplit(question.url).hostname or "",
        recursion_desired=True,
        timeout_seconds=question.timeout_seconds,
        record_type=question.record_type,
        is_kept=True,
    )


def _check(question: ClientQuestion, address: str) -> HealthCheck:
    return HealthCheck(
        url=question.url,
        address=address,
        host=urlsplit(question.url).netloc.rpartition("@")[2],
        expected_statuses=question.expected_statuses,
        timeout_seconds=round(question.timeout_seconds),
    )


def _not_after(question: ClientQuestion, asked_at: Instant) -> Instant:
    return asked_at + round(question.timeout_seconds * 1_000)


def _unresolved(sample: Sample) -> Sample:
    """Return the sample of a visit whose resolver named nobody."""
    outcome = Outcome.FAILED if sample.outcome is Outcome.OK else sample.outcome
    return sample._replace(outcome=outcome, answer="", ttl_seconds=None)


def _served(answer: Answer, reached: Reached) -> Sample:
    """Return the sample of a visit that had an address to go to."""
    begun, took_tenths = answer.sample, reached.took_tenths
    at_address = (
        "" if reached.code is None else connection_detail(reached.answer, answer.address or "")
    )
    return begun._replace(
        answered_at=reached.answered_at,
        outcome=reached.outcome,
        answer=reached.answer,
        code=reached.code,
        detail=at_address or reached.detail,
        took_tenths=took_tenths and took_tenths + (begun.took_tenths or 0),
    )
