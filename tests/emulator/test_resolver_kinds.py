"""Resolvers as vantages: what each kind makes of a TTL, on the wire and in the truth."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import dns.asyncquery
import dns.edns
import dns.message
import dns.rcode
import pytest

from emulator import topology as topologies
from emulator import wire
from emulator.resolver_kinds import Kind
from emulator.wire import Rcode, Reply, Type
from tests.emulator.running import LAB, PROFILE, Json, lab_profile, running
from tests.emulator.test_resolver import NAME, TARGET, World, absent

EAST = "east.example.org"
OfKind = Callable[[Kind], Awaitable[World]]
RESOLVERS = Path(LAB).with_name("resolvers.json")


def lead(world: World, target: str, address: str, ttl: int = 100) -> None:
    """Let the servers send the name's clients to a target."""
    world.replies[NAME, Type.A] = Reply(answers=(wire.cname_record(target, ttl),))
    world.replies[target, Type.A] = Reply(answers=(wire.address_record(address, 10),))


@pytest.fixture
async def of_kind() -> AsyncIterator[OfKind]:
    """What starts a resolver of a kind before servers that lead from a name to an address."""
    made: list[World] = []

    async def start(kind: Kind) -> World:
        world = World()
        world.kind = kind
        await world.start()
        made.append(world)
        lead(world, TARGET, "192.0.2.7")
        return world

    yield start
    for world in made:
        world.stop()


async def told(world: World) -> str:
    """Return the first record's data of a fresh question."""
    message = await world.ask()
    return str(message.answer[0][0]).rstrip(".") if message.answer else "none"


async def assert_follows(world: World, after_seconds: int) -> None:
    """A switch is seen after so many seconds, and not earlier."""
    lead(world, EAST, "192.0.2.8")
    world.turn_clock(after_seconds - 1)
    assert await told(world) == TARGET
    world.turn_clock(2)
    assert await told(world) == EAST


async def test_an_extending_resolver_keeps_short_answers_longer(of_kind: OfKind) -> None:
    """The switch is seen only after its own minimum; an absence is kept no longer than it says."""
    world = await of_kind(Kind.of("extending", 300))

    assert await world.ttls() == [300, 300]
    await assert_follows(world, after_seconds=300)
    world.replies[NAME, Type.A] = absent(Rcode.NXDOMAIN, 30, 30)
    world.turn_clock(301)
    assert await told(world) == "none"
    lead(world, EAST, "192.0.2.8")
    world.turn_clock(31)
    assert await told(world) == EAST


async def test_an_extending_resolver_leaves_longer_ttls_alone(of_kind: OfKind) -> None:
    """It has a minimum, no maximum."""
    world = await of_kind(Kind.of("extending", 60))

    assert await world.ttls() == [100, 60]


async def test_a_capping_resolver_asks_earlier(of_kind: OfKind) -> None:
    """It sees the switch before the TTL is over."""
    world = await of_kind(Kind.of("capping", 30))

    assert await world.ttls() == [30, 10]
    await assert_follows(world, after_seconds=30)


async def test_a_pinned_resolver_never_asks_again(of_kind: OfKind) -> None:
    """Days later it still answers with what it found first; only absences expire."""
    world = await of_kind(Kind.of("pinned"))
    world.replies[NAME, Type.A] = absent(Rcode.NXDOMAIN, 30, 30)
    assert await told(world) == "none"
    lead(world, TARGET, "192.0.2.7")
    world.turn_clock(31)

    assert await world.ttls() == [100, 10]
    lead(world, EAST, "192.0.2.8")
    world.turn_clock(86_400 * 3)

    assert await world.ttls() == [100, 10]
    assert await told(world) == TARGET


async def test_serve_stale_answers_past_the_ttl_while_nobody_answers(of_kind: OfKind) -> None:
    """With its own short TTL, asking no more often than every 30 s; fresh data wins at once."""
    world = await of_kind(Kind.of("serveStale", 30))
    await world.ask()
    world.replies.clear()  # SERVFAIL from now on
    world.turn_clock(101)

    assert await told(world) == TARGET
    assert await world.ttls() == [30, 10]  # the address, asked for first, was not stale for long
    asked = len(world.asked)
    await world.ask()
    assert len(world.asked) == asked
    lead(world, EAST, "192.0.2.8")
    assert await told(world) == TARGET
    world.turn_clock(31)
    assert await told(world) == EAST


@pytest.mark.parametrize("tells", [True, False])
async def test_a_stale_answer_says_so_if_it_is_to(of_kind: OfKind, tells: bool) -> None:
    """To whoever speaks EDNS; a fresh one has nothing to say."""
    world = await of_kind(Kind.of("serveStale", 30, tells_stale=tells))
    question = dns.message.make_query(NAME, "A", use_edns=0)
    plain = dns.message.make_query(NAME, "A")

    async def errors(message: dns.message.Message) -> list[int]:
        answer = await dns.asyncquery.udp(message, world.place[0], 2, world.place[1])
        assert answer.answer
        return [int(error.code) for error in answer.extended_errors()]

    assert await errors(question) == []
    world.replies.clear()
    world.turn_clock(101)

    assert await errors(question) == ([dns.edns.EDECode.STALE_ANSWER] if tells else [])
    assert await errors(plain) == []


async def test_serve_stale_ends_after_a_day(of_kind: OfKind) -> None:
    """RFC 8767 suggests a maximum of one to three days."""
    world = await of_kind(Kind.of("serveStale"))
    await world.ask()
    world.replies.clear()
    world.turn_clock(86_400 + 101)

    assert (await world.ask()).rcode() == dns.rcode.SERVFAIL


async def test_a_resolver_that_answers_stale_first_is_one_question_late(of_kind: OfKind) -> None:
    """The first client after the TTL gets the old answer, and the refresh is for the next."""
    world = await of_kind(Kind.of("serveStale", answers_stale_first=True))
    heard: list[str] = []
    world.resolver.on_learned = lambda name, _known: heard.append(name)
    await world.ask()
    lead(world, EAST, "192.0.2.8")
    world.turn_clock(101)

    assert await told(world) == TARGET
    while heard.count(NAME) < 2:
        await world.ask()
    assert await told(world) == EAST


def test_an_unknown_kind_is_refused() -> None:
    """By name."""
    with pytest.raises(ValueError, match="telepathic"):
        Kind.of("telepathic")


def test_the_topology_of_resolvers_has_one_of_each_and_tells_the_truth_of_each() -> None:
    """All are listed in the ready file; each tells what its own cache has learned, and when."""
    topology = topologies.read(RESOLVERS)
    off: Json = {"properties": {"endpointStatus": "Disabled"}}
    with running(speed=40, topology=topology) as emulator:
        assert len(emulator.resolvers) == len(topology.resolvers) == 7
        emulator.arm("PUT", PROFILE, lab_profile(ttl=20))
        for resolver in emulator.resolvers:
            emulator.ask(resolver)
        emulator.arm("PATCH", f"{PROFILE}/azureEndpoints/virginia", off)
        honest, extending, capping, stale, first, pinned, second = emulator.resolvers
        prompt = (honest, capping, stale, first, second)
        while len(emulator.truth("resolverAnswer")) < 7 + len(prompt):
            for resolver in emulator.resolvers:
                emulator.ask(resolver)
        values = {
            r: [e["value"] for e in emulator.truth("resolverAnswer", r)] for r in emulator.resolvers
        }

    assert all(values[r] == ["virginia", "amsterdam"] for r in prompt)
    assert values[extending] == values[pinned] == ["virginia"]
