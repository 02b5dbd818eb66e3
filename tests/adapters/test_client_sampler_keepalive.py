"""The client that keeps its connection: when it stays, when it gives up, and where it goes then."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from shared.core.http_bodies import BODY_OCTETS_MAX
from shared.core.plan import ClientClass
from shared.core.samples import Outcome, Sample
from tests.support.client_bench import AMSTERDAM, NAME, VIRGINIA, ClientBench, leads_to
from tests.support.dns_server import DnsServer, dns_server
from tests.support.http_server import answer
from tests.support.keeping_server import KeepingServer, keeping_server

KEEPALIVE = ClientClass.KEEPALIVE
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"
)


@pytest.fixture
def virginia() -> Iterator[KeepingServer]:
    """A server that keeps its connections."""
    with keeping_server(lambda _: answer(200)) as server:
        yield server


@pytest.fixture
def amsterdam() -> Iterator[KeepingServer]:
    """Another."""
    with keeping_server(lambda _: answer(200)) as server:
        yield server


@pytest.fixture
async def bench(bench: ClientBench) -> ClientBench:
    """The client, in a drill that is open."""
    await bench.begin()
    return bench


async def until(server: KeepingServer, connections: int) -> None:
    """Return when the server has so many connections."""
    while len(server.open) != connections:
        await asyncio.sleep(0.005)


async def visited(bench: ClientBench, times: int) -> list[Sample]:
    """Let the client visit, one time after the other."""
    return [await bench.visit(KEEPALIVE) for _ in range(times)]


async def test_requests_follow_each_other_over_one_connection(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer
) -> None:
    """It resolved once; whatever its resolver would say now, it stays while it is answered."""
    await visited(bench, 2)
    resolver.udp = leads_to(AMSTERDAM)
    samples = await visited(bench, 3)

    assert {(s.outcome, s.answer, s.code) for s in samples} == {(Outcome.OK, VIRGINIA, 200)}
    assert virginia.visits == [1] * 5
    assert len(resolver.queries) == 1
    assert samples[0].ttl_seconds is None


async def test_it_asks_to_be_kept() -> None:
    """With the service's name; no request says that it is the last."""
    heads: list[bytes] = []

    def respond(head: bytes) -> bytes:
        heads.append(head)
        return answer(200)

    with dns_server(leads_to(VIRGINIA)) as resolver, keeping_server(respond) as server:
        bench = ClientBench(resolver, {VIRGINIA: server.port})
        await bench.begin()
        await bench.visit(KEEPALIVE, f"http://{NAME}/health?deep=1")
        await bench.sampler.follow(())

    first, *fields = heads[0].decode().split("\r\n")
    assert first == "GET /health?deep=1 HTTP/1.1"
    assert {f"Host: {NAME}", "Connection: keep-alive"} <= set(fields)


@pytest.mark.parametrize("how", [KeepingServer.hang_up, KeepingServer.reset])
async def test_a_connection_that_ended_in_between_costs_no_request(
    bench: ClientBench,
    resolver: DnsServer,
    virginia: KeepingServer,
    how: Callable[[KeepingServer], None],
) -> None:
    """It is seen before anything is sent; the next visit resolves and connects anew."""
    await bench.visit(KEEPALIVE)
    resolver.udp = leads_to(AMSTERDAM)
    how(virginia)
    await until(virginia, 0)
    sample = await bench.visit(KEEPALIVE)

    assert (sample.outcome, sample.answer) == (Outcome.OK, AMSTERDAM)
    assert len(virginia.visits) == 1


async def test_a_request_that_was_sent_is_never_sent_again(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer, amsterdam: KeepingServer
) -> None:
    """The connection ends in place of the answer: that visit has failed, the next is another."""
    await bench.visit(KEEPALIVE)
    resolver.udp = leads_to(AMSTERDAM)
    virginia.respond = lambda _: b""
    asking = asyncio.create_task(bench.visit(KEEPALIVE))
    while len(virginia.visits) < 2:
        await asyncio.sleep(0.005)
    virginia.hang_up()
    failed = await asking

    assert (failed.outcome, failed.answer) == (Outcome.FAILED, "")
    assert (virginia.visits, amsterdam.visits) == ([1, 1], [])
    assert (await bench.visit(KEEPALIVE)).answer == AMSTERDAM


async def test_a_connection_whose_request_timed_out_is_given_up(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer
) -> None:
    """An answer to it could still come, and be taken for the next one's."""
    await bench.visit(KEEPALIVE)
    virginia.respond = lambda _: None
    timed_out = await bench.visit(KEEPALIVE)
    resolver.udp = leads_to(AMSTERDAM)
    next_one = await bench.visit(KEEPALIVE)

    assert timed_out.outcome is Outcome.TIMEOUT
    assert timed_out.answered_at >= timed_out.asked_at + 2_000
    assert (next_one.outcome, next_one.answer) == (Outcome.OK, AMSTERDAM)


async def test_an_outage_keeps_it_looking_through_its_resolver(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer
) -> None:
    """Visits overlap, for a time-out is longer than a slot: each tries for itself, once."""
    await bench.visit(KEEPALIVE)
    virginia.respond = lambda _: None
    visits = []
    for second in range(5):
        if second == 3:
            resolver.udp = leads_to(AMSTERDAM)
        visits.append(asyncio.create_task(bench.visit(KEEPALIVE)))
        await bench.pause(1)
    samples = await asyncio.gather(*visits)

    assert [s.outcome for s in samples] == 3 * [Outcome.TIMEOUT] + 2 * [Outcome.OK]
    assert [s.answer for s in samples[3:]] == [AMSTERDAM, AMSTERDAM]
    assert sorted(virginia.visits) == [1, 1, 2, 3]


async def test_a_slow_answer_moves_nobody(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer, amsterdam: KeepingServer
) -> None:
    """A visit meanwhile opens a second connection to the same address; then the older one stays."""
    await bench.visit(KEEPALIVE)
    resolver.udp = leads_to(AMSTERDAM)
    virginia.respond = lambda _: None
    slow = asyncio.create_task(bench.visit(KEEPALIVE))
    while len(virginia.visits) < 2:
        await asyncio.sleep(0.005)
    virginia.respond = lambda _: answer(200)
    meanwhile = await bench.visit(KEEPALIVE)
    virginia.open[1].sendall(answer(200))
    answered = await slow

    for sample in (answered, meanwhile):
        assert (sample.outcome, sample.answer) == (Outcome.OK, VIRGINIA)
    assert (virginia.visits, amsterdam.visits) == ([1, 1, 2], [])
    assert len(resolver.queries) == 1
    await until(virginia, 1)
    assert list(virginia.open) == [1]


@pytest.mark.parametrize(
    "response",
    [
        answer(200, "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n12",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot all",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + bytes(BODY_OCTETS_MAX + 1),
    ],
    ids=["close", "old", "endless", "unclear", "more", "less", "long"],
)
async def test_a_connection_that_cannot_be_used_again_is_closed(
    bench: ClientBench, resolver: DnsServer, virginia: KeepingServer, response: bytes
) -> None:
    """The visit was served all the same; the next one connects anew."""
    virginia.respond = lambda _: response
    first = await bench.visit(KEEPALIVE)
    await until(virginia, 0)
    second = await bench.visit(KEEPALIVE)

    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
    assert virginia.visits == [1, 2]
    assert len(resolver.queries) == 2


@pytest.mark.parametrize(
    "response",
    [
        CHUNKED,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + answer(200),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000),
    ],
    ids=["chunked", "nothing", "interim", "large"],
)
async def test_a_body_is_read_to_its_end(
    bench: ClientBench, virginia: KeepingServer, response: bytes
) -> None:
    """However its end is told."""
    virginia.respond = lambda _: response
    samples = await visited(bench, 3)

    assert {s.outcome for s in samples} == {Outcome.OK}
    assert virginia.visits == [1, 1, 1]


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9_000,
        b"\0" * 50,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20,
    ],
    ids=["ssh", "endless headers", "garbage", "never the answer"],
)
async def test_what_is_no_answer_has_failed(
    bench: ClientBench, virginia: KeepingServer, response: bytes
) -> None:
    """Nobody was served; the connection is given up."""
    virginia.respond = lambda _: response
    sample = await bench.visit(KEEPALIVE)

    assert sample.outcome in (Outcome.FAILED, Outcome.TIMEOUT)
    await until(virginia, 0)


async def test_a_status_that_is_not_wanted_keeps_the_connection(
    bench: ClientBench, virginia: KeepingServer
) -> None:
    """The machine answers: a client stays with it, and is not well served."""
    virginia.respond = lambda _: answer(503)
    samples = await visited(bench, 2)

    assert [(s.outcome, s.code) for s in samples] == 2 * [(Outcome.FAILED, 503)]
    assert virginia.visits == [1, 1]


async def test_nothing_is_left_open_at_a_drill_s_end(
    bench: ClientBench, virginia: KeepingServer
) -> None:
    """Neither the connection that is free, nor one over which an answer comes after it."""
    await bench.visit(KEEPALIVE)
    virginia.respond = lambda _: None
    late = asyncio.create_task(bench.visit(KEEPALIVE))
    while len(virginia.visits) < 2:
        await asyncio.sleep(0.005)
    await bench.sampler.follow(())
    virginia.open[1].sendall(answer(200))

    assert (await late).outcome is Outcome.OK
    virginia.closing.set()
    await until(virginia, 0)
    assert await bench.visits(KEEPALIVE) == ()


async def test_a_url_that_could_smuggle_a_request_is_not_asked(
    bench: ClientBench, virginia: KeepingServer
) -> None:
    """A blank ends the request line."""
    sample = await bench.visit(KEEPALIVE, f"http://{NAME}/a b")

    assert sample.outcome is Outcome.FAILED
    assert virginia.visits == []
