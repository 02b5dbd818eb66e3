"""A recursive resolver with an honest cache: asks the name servers over real UDP, keeps TTLs.

Honest: it never answers past a TTL, counts what is left down in virtual time, keeps negative
answers as long as the zone's SOA says, and asks again only when it must.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from emulator.clock import Clock
from emulator.dns import Respond
from emulator.wire import Query, Rcode, Record, Reply, Type

log = logging.getLogger(__name__)

Server = tuple[str, int]

_CHAIN_MAX = 8  # a CNAME chain longer than this is a loop in all but name
_ATTEMPTS = 3
_UPSTREAM_SECONDS = 2.0  # virtual, as resolvers wait for a name server…
_UPSTREAM_WALL_SECONDS_MIN = 0.25  # …but no less than a busy laptop may need to answer
_CACHE_ENTRIES_MAX = 10_000
_EVERY_TYPE = 0  # the cache's key for a name that does not exist at all


@dataclass(frozen=True, slots=True)
class Known:
    """What one name and type came to: records, or their absence with the SOA that proves it."""

    rcode: Rcode
    records: tuple[Record, ...]
    authority: tuple[Record, ...]
    learned_at: datetime
    expires_at: datetime

    def at(self, now: datetime) -> "Known":
        """Return the same with what is left of every TTL."""
        left = max(0, int((self.expires_at - now).total_seconds()))

        def aged(record: Record) -> Record:
            return Record(record.type, min(left, record.ttl_seconds), record.data, record.owner)

        records, authority = map(aged, self.records), map(aged, self.authority)
        return replace(self, records=tuple(records), authority=tuple(authority))


class Unreachable(Exception):
    """No name server of the zone gave a usable answer."""


class Resolver:
    """One recursive resolver: a cache in front of the emulated zones' name servers."""

    def __init__(self, clock: Clock, zones: Mapping[str, Sequence[Server]], seed: str) -> None:
        self._clock, self._zones = clock, zones
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable
        self._cache: dict[tuple[str, int], Known] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[Known]] = {}
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
            )
        )

    async def _resolve(self, query: Query) -> Reply:
        """Follow the chain of CNAMEs to the records that were asked for."""
        name, owner, answers = query.name, None, list[Record]()
        for _ in range(_CHAIN_MAX):
            known = await self._look_up(name, query.type)
            answers += [Record(r.type, r.ttl_seconds, r.data, owner) for r in known.records]
            alias = next((r for r in known.records if r.type == Type.CNAME), None)
            if alias is None or query.type == Type.CNAME:
                return Reply(known.rcode, tuple(answers), known.authority)
            name = owner = name_from_wire(alias.data)
        raise Unreachable(f"{query.name} is an alias of an alias, {_CHAIN_MAX} times over.")

    async def _look_up(self, name: str, kind: int) -> Known:
        """Return what is known, asking upstream once however many clients wait for it."""
        now = self._clock.now()
        known = self._recall(name, kind, now)
        if known is not None:
            return known.at(now)
        task = self._asking.get((name, kind))
        if task is None:
            task = asyncio.get_running_loop().create_task(self._learn(name, kind))
            self._asking[name, kind] = task
            task.add_done_callback(lambda _: self._asking.pop((name, kind), None))
        return await asyncio.shield(task)

    def _recall(self, name: str, kind: int, now: datetime) -> Known | None:
        """Return what is cached and fresh: a CNAME stands for every type, so does NXDOMAIN."""
        for cached_kind in (kind, Type.CNAME, _EVERY_TYPE):
            known = self._cache.get((name, cached_kind))
            if known is None or now >= known.expires_at:
                continue
            if cached_kind == kind or known.records or known.rcode is Rcode.NXDOMAIN:
                return known
        return None

    async def _learn(self, name: str, kind: int) -> Known:
        """Ask the zone's name servers and remember the answer for its TTL."""
        message = await self._ask_zone(name, kind)
        # Read the clock once: the answer is in the cache from this very instant on.
        now = self._clock.now()
        known = _understand(message, now)
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
        for attempt in range(_ATTEMPTS if order else 0):
            answer = await self._ask(order[attempt % len(order)], name, kind)
            if answer is not None and answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return answer
        raise Unreachable(f"no usable answer for {name}")

    async def _ask(self, server: Server, name: str, kind: int) -> dns.message.Message | None:
        """Ask one name server once, over TCP when UDP was too small; None for no answer."""
        question = dns.message.make_query(name, dns.rdatatype.RdataType.make(kind), use_edns=0)
        question.id = secrets.randbits(16)
        question.flags &= ~dns.flags.RD
        seconds = max(self._clock.to_wall_seconds(_UPSTREAM_SECONDS), _UPSTREAM_WALL_SECONDS_MIN)
        try:
            async with asyncio.timeout(seconds):
                answer = await _ask_udp(server, question)
                if answer.flags & dns.flags.TC:
                    answer = await _ask_tcp(server, question)
        except (OSError, TimeoutError, EOFError, dns.exception.DNSException) as error:
            log.debug("name server failed server=%s error=%r", server, error)
            return None
        return answer


class _OneAnswer(asyncio.DatagramProtocol):
    """A UDP socket that waits for the answer to one question."""

    def __init__(self, question: dns.message.Message) -> None:
        self._question = question
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[dns.message.Message] = loop.create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Take the first message that answers the question; anything else is not for us."""
        try:
            message = dns.message.from_wire(data, ignore_trailing=True)
        except dns.exception.DNSException as error:
            log.debug("unreadable answer server=%s error=%r", addr, error)
            return
        if self._question.is_response(message) and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _ask_udp(server: Server, question: dns.message.Message) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _OneAnswer(question), remote_addr=server
    )
    try:
        transport.sendto(question.to_wire())
        return await protocol.answer
    finally:
        transport.close()


async def _ask_tcp(server: Server, question: dns.message.Message) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*server)
    try:
        message = question.to_wire()
        writer.write(len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(length))
    finally:
        writer.close()


def _understand(message: dns.message.Message, now: datetime) -> Known:
    """Return a name server's answer as the cache keeps it, for its smallest TTL."""
    rcode = Rcode.NXDOMAIN if message.rcode() == dns.rcode.NXDOMAIN else Rcode.NOERROR
    records = tuple(record for rrset in message.answer for record in _records(rrset, None))
    authority: tuple[Record, ...] = ()
    ttl_seconds = min((r.ttl_seconds for r in records), default=0)
    soa = next((r for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)
    if not records and soa is not None:
        # RFC 2308: as long as the SOA's own TTL or its minimum, whichever is less.
        ttl_seconds = min(soa.ttl, soa[0].minimum)
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
