"""DNS samples: one question, one attempt, one server.

A retry, or another server's answer, would hide the very gap that a drill measures.
"""

import asyncio
import socket
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from shared.adapters.clock import Clock
from shared.adapters.connect import Peer, peer
from shared.adapters.wire import Wire
from shared.core.questions import DnsQuestion
from shared.core.samples import Instant, Outcome, Sample

MESSAGE_BYTES_MAX = 65_535
CHAIN_LENGTH_MAX = 16
"""Resolvers give up at about as many; a loop of names ends here."""
NOTHING_ASKED = dns.flags.Flag(0)


class Reply(NamedTuple):
    """A message that answers the question, and when it was there."""

    message: dns.message.Message
    at: Instant


class DnsSampler:
    """Asks a server for a name's addresses over UDP, and over TCP if the answer was cut off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def sample(self, question: DnsQuestion) -> Sample:
        """Return one sample; a failure to answer is a sample too."""
        query = dns.message.make_query(
            question.name,
            question.record_type,
            flags=dns.flags.RD if question.recursion_desired else NOTHING_ASKED,
        )
        server = peer(question.server)
        deadline = asyncio.get_running_loop().time() + self._clock.wall_seconds(
            question.timeout_seconds
        )
        asked_at = self._clock.now()
        try:
            reply = await self._ask(query, server, deadline)
        except TimeoutError:
            ran_out_at = asked_at + round(question.timeout_seconds * 1_000)
            answered_at = max(self._clock.ceil(), ran_out_at)
            return Sample(question.series, asked_at, answered_at, Outcome.TIMEOUT)
        except OSError:
            return Sample(question.series, asked_at, self._clock.ceil(), Outcome.FAILED)
        return _sample(question.series, asked_at, reply)

    async def _ask(self, query: dns.message.Message, server: Peer, deadline: float) -> Reply:
        text = query.to_wire()
        # A socket, so a port, of its own: what an earlier question left unanswered stays away.
        with Wire(socket.SOCK_DGRAM, server, deadline) as wire:
            await wire.connect()
            await wire.send(text)
            reply = None
            while reply is None:
                received = await wire.receive(MESSAGE_BYTES_MAX)
                reply = _answering(query, received, self._clock.ceil())
        if not reply.message.flags & dns.flags.TC:
            return reply
        return await self._ask_tcp(query, server, deadline)

    async def _ask_tcp(self, query: dns.message.Message, server: Peer, deadline: float) -> Reply:
        text = query.to_wire()
        with Wire(socket.SOCK_STREAM, server, deadline) as wire:
            await wire.connect()
            await wire.send(len(text).to_bytes(2, "big") + text)
            length = int.from_bytes(await _exactly(wire, 2), "big")
            received = await _exactly(wire, length)
        reply = _answering(query, received, self._clock.ceil())
        if reply is None:
            raise ConnectionError(f"{server[0]} answered another question over TCP.")
        return reply


async def _exactly(wire: Wire, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = await wire.receive(size - len(received))
        if not more:
            raise ConnectionError("The server hung up in the middle of its answer.")
        received += more
    return received


def _answering(query: dns.message.Message, received: bytes, at: Instant) -> Reply | None:
    """Return the reply; None if this is no answer to the query, which then is still awaited."""
    try:
        # What is cut off may be cut anywhere; then its question is all that is read of it.
        cut_off = bool(int.from_bytes(received[2:4], "big") & dns.flags.TC)
        message = dns.message.from_wire(received, question_only=cut_off, ignore_trailing=cut_off)
    except dns.exception.DNSException:
        return None
    return Reply(message, at) if query.is_response(message) else None


def _sample(series: str, asked_at: Instant, reply: Reply) -> Sample:
    chain, ttl_seconds = _chain(reply.message)
    rcode = reply.message.rcode()
    answered = rcode == dns.rcode.NOERROR and chain
    outcome = Outcome.OK if answered else Outcome.FAILED
    return Sample(series, asked_at, reply.at, outcome, ">".join(chain), int(rcode), ttl_seconds)


def _chain(message: dns.message.Message) -> tuple[list[str], int | None]:
    """Return what the question's name leads to, names first, and the first record's TTL."""
    if not message.question:
        return [], None
    name, record_type = message.question[0].name, message.question[0].rdtype
    chain: list[str] = []
    ttl_seconds: int | None = None
    for _ in range(CHAIN_LENGTH_MAX):
        found = _records(message, name, record_type) or _records(message, name, dns.rdatatype.CNAME)
        if found is None:
            break
        ttl_seconds = found.ttl if ttl_seconds is None else ttl_seconds
        if found.rdtype == record_type:
            chain += [record.to_text() for record in found]
            break
        name = found[0].target
        chain.append(name.to_text(omit_final_dot=True).lower())
    return chain, ttl_seconds


def _records(
    message: dns.message.Message, name: dns.name.Name, record_type: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    return message.get_rrset(message.answer, name, dns.rdataclass.IN, record_type)
