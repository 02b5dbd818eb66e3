"""A recursive resolver: asks the name servers over real UDP and keeps what it learns.

Of itself it is honest: it never answers past a TTL, counts what is left down in virtual time, keeps
negative answers as long as the zone's SOA says, and asks again only when it must. What other kinds
do instead is in `resolver_kinds`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from emulator.clock import Clock
from emulator.dns import Respond
from emulator.resolver_kinds import (
    CLIENT_RESPONSE_SECONDS,
    FAILURE_RECHECK_SECONDS,
    HONEST,
    STALE_SECONDS_MAX,
    Kind,
)
from emulator.upstream import Server, ask
from emulator.wire import STALE_ANSWER, Query, Rcode, Record, Reply, Type

log = logging.getLogger(__name__)

_CHAIN_MAX = 8  # a CNAME chain longer than this is a loop in all but name
_ATTEMPTS = 3
_UPSTREAM_SECONDS = 2.0  # virtual, as resolvers wait for a name server…
_UPSTREAM_WALL_SECONDS_MIN = 0.25  # …but no less than a busy laptop may need to answer
_CACHE_ENTRIES_MAX = 10_000
_NEVER = datetime.max.replace(tzinfo=UTC)
_EVERY_TYPE = 0  # the cache's key for a name that does not exist at all


@dataclass(frozen=True, slots=True)
class Known:
    """What one name and type came to: records, or their absence with the SOA that proves it."""

    rcode: Rcode
    records: tuple[Record, ...]
    authority: tuple[Record, ...]
    learned_at: datetime
    expires_at: datetime
    is_stale: bool = False

    def at(self, now: datetime) -> "Known":
        """Return the same with what is left of every TTL; what never expires shows it whole."""
        if self.expires_at == _NEVER:
            return self
        return self.with_ttl(max(0, int((self.expires_at - now).total_seconds())))

    def with_ttl(self, left: int) -> "Known":
        """Return the same with no TTL above this."""

        def aged(record: Record) -> Record:
            return Record(record.type, min(left, record.ttl_seconds), record.data, record.owner)

        records, authority = map(aged, self.records), map(aged, self.authority)
        return replace(self, records=tuple(records), authority=tuple(authority))


class Unreachable(Exception):
    """No name server of the zone gave a usable answer."""


class Resolver:
    """One recursive resolver: a cache in front of the emulated zones' name servers."""

    def __init__(
        self,
        clock: Clock,
        zones: Mapping[str, Sequence[Server]],
        seed: str,
        kind: Kind = HONEST,
    ) -> None:
        self._clock, self._zones, self._kind = clock, zones, kind
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable
        self._cache: dict[tuple[str, int], Known] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[Known]] = {}
        self._ask_again_at: dict[tuple[str, int], datetime] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.on_learned: Callable[[str, Known], None] = lambda _name, _known: None

    def handle(self, query: Query, respond: Respond) -> None:
        """Answer from the cache at once, else when the name servers have spoken."""
        if query.type == Type.ANY or not query.wants_recursion:
            # RFC 8482 lets ANY go unanswered; a cache that is not asked to recurse stays shut.
            respond(Reply(Rcode.REFUSED, is_authoritative=False, offers_recursion=True))
            return
        task = asyncio.get_running_loop().create_task(self._answer(query, respond))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    def close(self) -> None:
        """Forget what is being asked."""
        for task in (*self._answering, *self._asking.values()):
            task.cancel()

    async def _answer(self, query: Query, respond: Respond) -> None:
        try:
            reply = await self._resolve(query)
        except Unreachable as error:
            log.debug("resolution failed name=%s error=%s", query.name, error)
            reply = Reply(Rcode.SERVFAIL)
        respond(
            Reply(
                reply.rcode,
                reply.answers,
                reply.authority,
                is_authoritative=False,
                offers_recursion=True,
                extended_error=reply.extended_error,
            )
        )

    async def _resolve(self, query: Query) -> Reply:
        """Follow the chain of CNAMEs to the records that were asked for."""
        name, owner, answers, error = query.name, None, list[Record](), None
        for _ in range(_CHAIN_MAX):
            known = await self._look_up(name, query.type)
            answers += [Record(r.type, r.ttl_seconds, r.data, owner) for r in known.records]
            alias = next((r for r in known.records if r.type == Type.CNAME), None)
            if known.is_stale and self._kind.tells_stale:
                error = STALE_ANSWER
            if alias is None or query.type == Type.CNAME:
                return Reply(known.rcode, tuple(answers), known.authority, extended_error=error)
            name = owner = name_from_wire(alias.data)
        raise Unreachable(f"{query.name} is an alias of an alias, {_CHAIN_MAX} times over.")

    async def _look_up(self, name: str, kind: int) -> Known:
        """Return what is known, asking upstream once however many clients wait for it."""
        now = self._clock.now()
        known = self._recall(name, kind, now)
        if known is not None:
            return known.at(now)
        stale = self._recall_stale(name, kind, now)
        if stale is None:
            return await asyncio.shield(self._ask_once(name, kind))
        return await self._refresh(name, kind, stale)

    def _ask_once(self, name: str, kind: int) -> asyncio.Task[Known]:
        """Return the question that is under way, started now if there was none."""
        task = self._asking.get((name, kind))
        if task is None:
            task = asyncio.get_running_loop().create_task(self._learn(name, kind))
            self._asking[name, kind] = task
            task.add_done_callback(lambda done: self._asked(name, kind, done))
        return task

    def _asked(self, name: str, kind: int, done: asyncio.Task[Known]) -> None:
        """Take note of the end of a question, whoever may still wait for it."""
        del self._asking[name, kind]
        if not done.cancelled() and done.exception() is not None:
            pause = timedelta(seconds=FAILURE_RECHECK_SECONDS)
            self._ask_again_at[name, kind] = self._clock.now() + pause

    async def _refresh(self, name: str, kind: int, stale: Known) -> Known:
        """Return fresh data if the name servers give it soon enough, else what is past its TTL."""
        old = replace(stale.with_ttl(self._kind.ttl_seconds), is_stale=True)
        if self._clock.now() < self._ask_again_at.get((name, kind), stale.learned_at):
            return old
        task = self._ask_once(name, kind)
        if self._kind.answers_stale_first:
            return old
        seconds = self._clock.to_wall_seconds(CLIENT_RESPONSE_SECONDS)
        await asyncio.wait({task}, timeout=max(seconds, _UPSTREAM_WALL_SECONDS_MIN))
        has_come = task.done() and not task.cancelled() and task.exception() is None
        return task.result() if has_come else old

    def _recall(self, name: str, kind: int, now: datetime) -> Known | None:
        """Return what is cached and fresh: a CNAME stands for every type, so does NXDOMAIN."""
        return next((k for k in self._cached(name, kind) if now < k.expires_at), None)

    def _recall_stale(self, name: str, kind: int, now: datetime) -> Known | None:
        """Return what is past its TTL and may yet be answered."""
        if not self._kind.serves_stale:
            return None
        kept = timedelta(seconds=STALE_SECONDS_MAX)
        found = (k for k in self._cached(name, kind) if k.records and now < k.expires_at + kept)
        return max(found, key=lambda known: known.expires_at, default=None)

    def _cached(self, name: str, kind: int) -> Iterator[Known]:
        for cached_kind in (kind, Type.CNAME, _EVERY_TYPE):
            known = self._cache.get((name, cached_kind))
            if known is None:
                continue
            if cached_kind == kind or known.records or known.rcode is Rcode.NXDOMAIN:
                yield known

    async def _learn(self, name: str, kind: int) -> Known:
        """Ask the zone's name servers and remember the answer for its TTL."""
        message = await self._ask_zone(name, kind)
        # Read the clock once: the answer is in the cache from this very instant on.
        now = self._clock.now()
        known = _understand(message, now, self._kind)
        if len(self._cache) >= _CACHE_ENTRIES_MAX:
            self._cache.clear()
        if known.expires_at > now:
            is_alias = any(record.type == Type.CNAME for record in known.records)
            cached_kind = Type.CNAME if is_alias else kind
            self._cache[name, _EVERY_TYPE if known.rcode else cached_kind] = known
        self.on_learned(name, known)
        return known

    async def _ask_zone(self, name: str, kind: int) -> dns.message.Message:
        servers = next(
            (s for zone, s in self._zones.items() if name == zone or name.endswith("." + zone)), ()
        )
        order = self._random.sample(servers, len(servers))
        seconds = max(self._clock.to_wall_seconds(_UPSTREAM_SECONDS), _UPSTREAM_WALL_SECONDS_MIN)
        for attempt in range(_ATTEMPTS if order else 0):
            answer = await ask(order[attempt % len(order)], name, kind, seconds)
            if answer is not None and answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return answer
        raise Unreachable(f"no usable answer for {name}")


def _understand(message: dns.message.Message, now: datetime, kind: Kind) -> Known:
    """Return a name server's answer as the cache keeps it, for its smallest TTL."""
    rcode = Rcode.NXDOMAIN if message.rcode() == dns.rcode.NXDOMAIN else Rcode.NOERROR
    records = tuple(
        replace(record, ttl_seconds=kind.kept_seconds(record.ttl_seconds))
        for rrset in message.answer
        for record in _records(rrset, None)
    )
    if records and kind.keeps_forever:
        return Known(rcode, records, (), now, _NEVER)
    authority: tuple[Record, ...] = ()
    ttl_seconds = min((r.ttl_seconds for r in records), default=0)
    soa = next((r for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)
    if not records and soa is not None:
        # RFC 2308: as long as the SOA's own TTL or its minimum, whichever is less.
        ttl_seconds = kind.absent_seconds(min(soa.ttl, soa[0].minimum))
        authority = tuple(_records(soa, soa.name.to_text(omit_final_dot=True)))
    return Known(rcode, records, authority, now, now + timedelta(seconds=ttl_seconds))


def _records(rrset: dns.rrset.RRset, owner: str | None) -> list[Record]:
    return [Record(rrset.rdtype, rrset.ttl, rdata.to_wire(), owner) for rdata in rrset]


def name_from_wire(data: bytes) -> str:
    """Return the name of an uncompressed wire form, in lower case."""
    labels, offset = [], 0
    while length := data[offset]:
        labels.append(data[offset + 1 : offset + 1 + length].decode("ascii", "backslashreplace"))
        offset += 1 + length
    return ".".join(labels).lower()
