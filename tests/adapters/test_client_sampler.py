"""What each class of client asks, keeps and gives up, against real servers."""

import asyncio
from collections.abc import Iterator

import pytest

from shared.core.errors import UpstreamUnavailable
from shared.core.model import Drill
from shared.core.plan import ClientClass
from shared.core.samples import Outcome
from tests.support.client_bench import (
    AMSTERDAM,
    DRILL,
    NAME,
    VIRGINIA,
    ClientBench,
    leads_to,
)
from tests.support.dns_server import DnsServer, answering, silent
from tests.support.http_server import HttpServer, answer, http_server

FRESH, TTL, PINNED = ClientClass.FRESH, ClientClass.TTL, ClientClass.PINNED


@pytest.fixture
def virginia() -> Iterator[HttpServer]:
    """A server that serves."""
    with http_server(lambda _: answer(200, "x-served-by: virginia-vm")) as server:
        yield server


@pytest.fixture
def amsterdam() -> Iterator[HttpServer]:
    """Another."""
    with http_server(lambda _: answer(200)) as server:
        yield server


async def test_a_fresh_client_asks_its_resolver_every_time(
    bench: ClientBench, resolver: DnsServer, virginia: HttpServer
) -> None:
    """One sample over both: what a user would have waited. It keeps nothing for any drill."""
    first = await bench.visit(FRESH)
    resolver.udp = leads_to(AMSTERDAM)
    second = await bench.visit(FRESH)

    assert (first.outcome, first.answer, first.code) == (Outcome.OK, VIRGINIA, 200)
    assert (second.outcome, second.answer) == (Outcome.OK, AMSTERDAM)
    assert first.ttl_seconds == 60
    assert b"Host: www.test\r\n" in virginia.requests[0]


async def test_a_client_whose_resolver_fails_is_not_served(
    bench: ClientBench, resolver: DnsServer, virginia: HttpServer
) -> None:
    """Wrong or absent, with the rcode, and no endpoint is named."""
    await bench.begin()
    for client in ClientClass:
        resolver.udp = silent
        timed_out = await bench.visit(client)
        resolver.udp = answering(f"{NAME}. 60 IN CNAME v.test.")
        nowhere = await bench.visit(client)
        assert (timed_out.outcome, timed_out.answer) == (Outcome.TIMEOUT, "")
        assert (nowhere.outcome, nowhere.answer, nowhere.code) == (Outcome.FAILED, "", 0)

    assert virginia.requests == []


async def test_a_client_has_one_deadline_over_both(
    bench: ClientBench, virginia: HttpServer
) -> None:
    """A slow resolver leaves less time for the service."""
    await bench.begin()
    virginia.respond = lambda _: None
    for client in ClientClass:
        sample = await bench.visit(client)
        assert sample.outcome is Outcome.TIMEOUT
        assert sample.asked_at + 2_000 <= sample.answered_at < sample.asked_at + 4_000


async def test_the_address_stands_beside_a_header_s_value(bench: ClientBench) -> None:
    """The header is the application's own word; which address said it is still known."""
    await bench.begin()
    for client in ClientClass:
        sample = await bench.visit(client, header="x-served-by")
        assert (sample.answer, sample.detail) == ("virginia-vm", f"connected to {VIRGINIA}")
        assert (await bench.visit(client)).detail == ""


async def test_no_client_connects_where_it_must_not(
    bench: ClientBench, resolver: DnsServer
) -> None:
    """The service's name may lead anywhere."""
    await bench.begin()
    resolver.udp = leads_to("169.254.169.254")
    for client in ClientClass:
        sample = await bench.visit(client)
        assert (sample.outcome, sample.answer) == (
            Outcome.FAILED,
            "refused:ssrf 169.254.169.254",
        )


async def test_a_ttl_client_keeps_an_answer_as_long_as_it_may(
    bench: ClientBench, resolver: DnsServer
) -> None:
    """It asks once, tells what is left, and asks again when nothing is; never earlier or later."""
    await bench.begin()
    resolver.udp = leads_to(VIRGINIA, ttl=6)
    learnt = await bench.visit(TTL)
    resolver.udp = leads_to(AMSTERDAM)
    kept = await bench.visit(TTL)
    await bench.pause(6)
    switched = await bench.visit(TTL)

    assert (learnt.answer, learnt.ttl_seconds) == (VIRGINIA, 6)
    assert (kept.answer, kept.ttl_seconds) == (VIRGINIA, 5)
    assert (switched.answer, switched.ttl_seconds) == (AMSTERDAM, 60)
    assert len(resolver.queries) == 2


async def test_a_chain_is_kept_no_longer_than_any_of_it(
    bench: ClientBench, resolver: DnsServer
) -> None:
    """The address has a TTL of its own, and it is the shorter one with Azure's public IPs."""
    await bench.begin()
    resolver.udp = leads_to(VIRGINIA, ttl=60, address_ttl=6)
    learnt = await bench.visit(TTL)
    await bench.pause(6)
    await bench.visit(TTL)

    assert learnt.ttl_seconds == 6
    assert len(resolver.queries) == 2


async def test_what_must_not_be_kept_is_not_kept(bench: ClientBench, resolver: DnsServer) -> None:
    """A TTL of 0 is for this one use; an answer that is none is not kept either."""
    await bench.begin()
    resolver.udp = leads_to(VIRGINIA, ttl=0)
    await bench.visit(TTL)
    await bench.visit(TTL)
    resolver.udp = silent
    await bench.visit(TTL)
    resolver.udp = leads_to(AMSTERDAM)
    recovered = await bench.visit(TTL)

    assert recovered.answer == AMSTERDAM
    assert len(resolver.queries) == 4


async def test_a_kept_address_that_fails_is_kept(
    bench: ClientBench, resolver: DnsServer, virginia: HttpServer
) -> None:
    """What a cache holds does not depend on whether anybody is served there."""
    await bench.begin()
    await bench.visit(TTL)
    virginia.respond = lambda _: None
    failed = await bench.visit(TTL)

    assert failed.outcome is Outcome.TIMEOUT
    assert len(resolver.queries) == 1


async def test_a_pinned_client_never_asks_again(bench: ClientBench, resolver: DnsServer) -> None:
    """Whatever its resolver would say, and through failures."""
    await bench.begin()
    await bench.visit(PINNED)
    resolver.udp = leads_to(AMSTERDAM)
    later = await bench.visit(PINNED)

    assert (later.outcome, later.answer, later.ttl_seconds) == (Outcome.OK, VIRGINIA, None)
    assert len(resolver.queries) == 1


async def test_a_pinned_client_pins_whom_it_was_served_by(
    bench: ClientBench, resolver: DnsServer, virginia: HttpServer
) -> None:
    """A failure pins nobody."""
    await bench.begin()
    virginia.respond = lambda _: answer(503)
    failed = await bench.visit(PINNED)
    resolver.udp = leads_to(AMSTERDAM)
    await bench.visit(PINNED)
    resolver.udp = leads_to(VIRGINIA)

    assert (failed.outcome, failed.code) == (Outcome.FAILED, 503)
    assert (await bench.visit(PINNED)).answer == AMSTERDAM


async def test_a_new_process_recalls_what_was_pinned(
    resolver: DnsServer, virginia: HttpServer, amsterdam: HttpServer
) -> None:
    """The timeline knows; its drill is named."""
    asked: list[str] = []

    def recall(drill: Drill) -> str:
        asked.append(drill.id)
        return AMSTERDAM

    ports = {VIRGINIA: virginia.port, AMSTERDAM: amsterdam.port}
    bench = ClientBench(resolver, ports, recall=recall)
    await bench.begin()
    await bench.begin()

    assert (await bench.visit(PINNED)).answer == AMSTERDAM
    assert (asked, resolver.queries) == ([DRILL.id], [])


async def test_while_nobody_knows_what_was_pinned_the_client_is_not_asked(
    resolver: DnsServer, virginia: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A gap is better than another client's samples; it is tried again, and others go on."""
    answers: list[str | None] = [None, VIRGINIA]

    def recall(_: Drill) -> str:
        known = answers.pop(0)
        if known is None:
            raise UpstreamUnavailable("The table does not answer.")
        return known

    bench = ClientBench(resolver, {VIRGINIA: virginia.port}, recall=recall)
    await bench.begin()
    assert await bench.visits(PINNED) == ()
    assert (await bench.visit(TTL)).outcome is Outcome.OK
    await bench.begin()

    assert (await bench.visit(PINNED)).answer == VIRGINIA
    assert "The table does not answer" in caplog.text


async def test_a_recall_that_takes_long_holds_nothing_up(
    resolver: DnsServer, virginia: HttpServer
) -> None:
    """Sampling begins without it, and it is not begun twice."""
    go_on = asyncio.Event()
    loop = asyncio.get_running_loop()
    begun: list[str] = []

    def recall(drill: Drill) -> str:
        begun.append(drill.id)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        return VIRGINIA

    bench = ClientBench(resolver, {VIRGINIA: virginia.port}, recall=recall)
    await bench.begin()
    assert await bench.visits(PINNED) == ()
    await bench.begin()
    go_on.set()
    await bench.begin()

    assert (await bench.visit(PINNED)).answer == VIRGINIA
    assert begun == [DRILL.id]


async def test_what_a_drill_s_clients_keep_is_gone_with_it(
    bench: ClientBench, resolver: DnsServer
) -> None:
    """Late visits of those that would need it are not made; a drill of the same id begins anew."""
    await bench.begin()
    await bench.visit(PINNED)
    await bench.sampler.follow(())
    assert [await bench.visits(client) for client in ClientClass if client is not FRESH] == [()] * 3
    assert (await bench.visit(FRESH)).outcome is Outcome.OK
    resolver.udp = leads_to(AMSTERDAM)
    await bench.begin()

    assert (await bench.visit(PINNED)).answer == AMSTERDAM
