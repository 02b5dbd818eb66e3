"""The recursive resolver: TTLs count down, absence is remembered, nothing is kept too long."""

import asyncio
import time
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from emulator import wire
from emulator.clock import Clock
from emulator.dns import DnsServer, at_once
from emulator.resolver import Resolver
from emulator.resolver_kinds import HONEST
from emulator.wire import Query, Rcode, Reply, Type
from tests.emulator.running import ANCHOR

NAME = "lab.trafficmanager.net"
TARGET = "west.example.org"


class World:
    """Name servers whose answers a test sets, a resolver before them, and a clock to turn."""

    def __init__(self) -> None:
        self.clock = Clock(ANCHOR, time.monotonic(), 1)
        self.replies: dict[tuple[str, int], Reply] = {}
        self.asked: list[tuple[str, int]] = []
        self.upstream = DnsServer(at_once(self.reply))
        self.front: DnsServer | None = None
        self.place = ("", 0)
        self.kind = HONEST

    async def start(self) -> None:
        """Listen."""
        server = await self.upstream.start("127.1.99.1")
        zones = {"net": [server], "org": [server]}
        self.resolver = Resolver(self.clock, zones, "seed", self.kind)
        self.front = DnsServer(self.resolver.handle)
        self.place = await self.front.start("127.1.99.2")

    def stop(self) -> None:
        """Give the sockets back."""
        self.resolver.close()
        self.upstream.stop()
        if self.front is not None:
            self.front.stop()

    def reply(self, query: Query) -> Reply:
        """Answer as the name servers that the test has set up."""
        self.asked.append((query.name, query.type))
        return self.replies.get((query.name, query.type), Reply(Rcode.SERVFAIL))

    def turn_clock(self, seconds: float) -> None:
        """Let virtual time pass without waiting for it."""
        self.clock._monotonic0 -= seconds

    async def ask(self, name: str = NAME, kind: str = "A") -> dns.message.Message:
        """Ask the resolver."""
        question = dns.message.make_query(name, kind)
        return await dns.asyncquery.udp(question, self.place[0], 2, self.place[1])

    async def ttls(self, kind: str = "A") -> list[int]:
        """Return the TTLs of an answer, record by record."""
        return [rrset.ttl for rrset in (await self.ask(kind=kind)).answer]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A profile's name that leads to an address by way of a CNAME."""
    made = World()
    await made.start()
    alias = Reply(answers=(wire.cname_record(TARGET, 100),))
    made.replies = {
        (NAME, Type.A): alias,
        (NAME, Type.AAAA): alias,
        (TARGET, Type.A): Reply(answers=(wire.address_record("192.0.2.7", 10),)),
    }
    yield made
    made.stop()
    await asyncio.sleep(0)


def absent(rcode: Rcode, soa_ttl: int, minimum: int) -> Reply:
    """Return a negative answer."""
    soa = wire.soa_record("net", ("a.net", "b.net"), (1, 2, 3, 4, minimum), soa_ttl)
    return Reply(rcode, authority=(soa,))


async def test_the_whole_chain_is_answered(world: World) -> None:
    """CNAME and address, each with its own TTL; recursion is offered, authority is not."""
    message = await world.ask()

    assert [rrset.to_text() for rrset in message.answer] == [
        f"{NAME}. 100 IN CNAME {TARGET}.",
        f"{TARGET}. 10 IN A 192.0.2.7",
    ]
    assert message.flags & dns.flags.RA
    assert not message.flags & dns.flags.AA


async def test_ttls_count_down_and_each_record_is_asked_again_when_its_own_is_over(
    world: World,
) -> None:
    """The address lives ten seconds, the alias a hundred."""
    assert await world.ttls() == [100, 10]
    world.turn_clock(4.5)
    assert await world.ttls() == [95, 5]
    world.turn_clock(6)
    assert await world.ttls() == [89, 10]
    assert world.asked == [(NAME, Type.A), (TARGET, Type.A), (TARGET, Type.A)]


async def test_a_switch_is_seen_only_after_the_ttl(world: World) -> None:
    """What the servers say in between does not matter."""
    await world.ask()
    world.replies[NAME, Type.A] = Reply(answers=(wire.cname_record("east.example.org", 100),))
    world.replies["east.example.org", Type.A] = Reply(
        answers=(wire.address_record("192.0.2.8", 10),)
    )

    world.turn_clock(99)
    assert TARGET in (await world.ask()).answer[0].to_text()
    world.turn_clock(1.5)
    assert "east.example.org" in (await world.ask()).answer[0].to_text()


async def test_an_alias_is_shared_by_all_types(world: World) -> None:
    """As in any resolver: A and AAAA follow one cached CNAME."""
    world.replies[TARGET, Type.AAAA] = absent(Rcode.NOERROR, 30, 30)
    await world.ask()
    world.turn_clock(20)

    message = await world.ask(kind="AAAA")

    assert [rrset.ttl for rrset in message.answer] == [79]
    assert message.authority[0].ttl == 30
    assert (NAME, Type.AAAA) not in world.asked


@pytest.mark.parametrize(("soa_ttl", "minimum"), [(30, 60), (60, 30)])
async def test_absence_is_remembered_as_long_as_the_soa_says(
    world: World, soa_ttl: int, minimum: int
) -> None:
    """RFC 2308: the SOA's TTL or its minimum, whichever is less."""
    world.replies[NAME, Type.A] = absent(Rcode.NXDOMAIN, soa_ttl, minimum)

    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    world.turn_clock(29)
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    assert (await world.ask(kind="AAAA")).rcode() == dns.rcode.NXDOMAIN  # no name, no type
    assert len(world.asked) == 1
    world.turn_clock(1.5)
    await world.ask()
    assert len(world.asked) == 2


async def test_ttl_zero_is_asked_every_time(world: World) -> None:
    """And passed on as zero."""
    world.replies[NAME, Type.A] = Reply(answers=(wire.cname_record(TARGET, 0),))

    assert await world.ttls() == [0, 10]
    assert await world.ttls() == [0, 9]
    assert world.asked.count((NAME, Type.A)) == 2


async def test_clients_that_ask_at_once_share_one_question(world: World) -> None:
    """A resolver does not hammer the servers for a herd."""
    await asyncio.gather(*(world.ask() for _ in range(20)))

    assert world.asked == [(NAME, Type.A), (TARGET, Type.A)]


async def test_an_answer_too_large_for_udp_is_fetched_over_tcp(world: World) -> None:
    """TC means: ask again over TCP."""
    many = tuple(wire.address_record(f"192.0.2.{i}", 50) for i in range(100))
    world.replies[NAME, Type.A] = Reply(answers=many)
    question = dns.message.make_query(NAME, "A")

    message = await dns.asyncquery.tcp(question, world.place[0], 2, world.place[1])

    assert len(message.answer[0]) == 100
    assert world.asked == [(NAME, Type.A)] * 2


@pytest.mark.parametrize("name", [NAME, "www.example.com"])
async def test_servers_that_fail_or_do_not_exist_are_servfail(world: World, name: str) -> None:
    """Three attempts, then an honest failure that is not remembered."""
    world.replies.clear()

    assert (await world.ask(name)).rcode() == dns.rcode.SERVFAIL
    assert len(world.asked) in (0, 3)


async def test_a_loop_of_aliases_ends(world: World) -> None:
    """A chain has a limit."""
    world.replies[TARGET, Type.A] = Reply(answers=(wire.cname_record(NAME, 100),))

    assert (await world.ask()).rcode() == dns.rcode.SERVFAIL


async def test_what_was_learned_is_told_once_it_answers(world: World) -> None:
    """The truth log hears of the cache's change, with the instant it holds from."""
    told: list[tuple[str, int]] = []
    world.resolver.on_learned = lambda name, known: told.append((name, known.records[0].type))

    await world.ask()
    await world.ask()

    assert told == [(NAME, Type.CNAME), (TARGET, Type.A)]
    assert dns.rdataclass.IN == wire.CLASS_IN
