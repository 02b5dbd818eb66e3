"""HTTP samples against a real server that answers, is silent, hangs up, or talks too much."""

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.model import HealthCheck
from shared.core.questions import DnsQuestion, HealthQuestion
from shared.core.samples import Outcome, Sample
from tests.support.certificates import self_signed
from tests.support.dns_server import DnsServer, answering, dns_server, silent
from tests.support.http_server import answer, http_server

SPEED = 20
VIRGINIA = "127.1.0.4"
HOST = "switchback-virginia.eastus.test"


def scaled() -> Clock:
    """Return a clock on which a time-out of two seconds takes a tenth of one."""
    return Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*{SPEED}")


def check(address: str = VIRGINIA, scheme: str = "http", port: int = 80) -> HealthCheck:
    """Return how the endpoint is asked."""
    return HealthCheck(
        url=f"{scheme}://{HOST}:{port}/health?deep=1",
        address=address,
        host=HOST,
        expected_statuses=((200, 202), (301, 301)),
        timeout_seconds=2,
    )


def sampler(port: int, virtual_port: int = 80) -> HttpSampler:
    """Return a sampler that finds the endpoint's address on our server's port."""
    detours: dict[Peer, Peer] = {(VIRGINIA, virtual_port): ("127.0.0.1", port)}
    return HttpSampler(scaled(), Guard(allow_loopback=True), detours)


async def ask(port: int, served_by_header: str | None = None) -> Sample:
    """Return one health sample."""
    return await sampler(port).sample(
        HealthQuestion(series="health/x", check=check(), served_by_header=served_by_header)
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Outcome.OK), (202, Outcome.OK), (203, Outcome.FAILED), (301, Outcome.OK),
     (302, Outcome.FAILED), (500, Outcome.FAILED)],
)  # fmt: skip
async def test_the_monitor_s_statuses_are_healthy(status: int, outcome: Outcome) -> None:
    """As Traffic Manager judges; a redirect is an answer and is never followed."""
    with http_server(lambda _: answer(status, "Location: http://127.0.0.1/")) as server:
        sample = await ask(server.port)

    assert (sample.outcome, sample.code) == (outcome, status)
    assert sample.answer == VIRGINIA, "the address as the drill knows it, not the detour"
    assert sample.asked_at < sample.answered_at < sample.asked_at + 2_000
    assert len(server.requests) == 1


async def test_it_asks_as_the_probe_asks() -> None:
    """Path and Host header are the monitor's and the endpoint's; the connection is new."""
    with http_server(lambda _: answer(200)) as server:
        await ask(server.port)

    (request,) = server.requests
    first, *headers = request.decode().split("\r\n")
    assert first == "GET /health?deep=1 HTTP/1.1"
    assert {f"Host: {HOST}", "Connection: close"} <= set(headers)


async def test_the_application_may_say_who_served() -> None:
    """Behind a load balancer or a proxy the address does not tell."""
    with http_server(lambda _: answer(200, "X-Served-By:  amsterdam-vm2 ")) as server:
        named = await ask(server.port, "x-served-by")
        unnamed = await ask(server.port, "x-other")

    assert (named.answer, unnamed.answer) == ("amsterdam-vm2", VIRGINIA)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"", id="hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y", id="hangs up in the headers"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="speaks something else"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000, id="never stops"),
    ],
)
async def test_what_is_no_answer_has_failed(response: bytes) -> None:
    """At once: it answered, but wrongly."""
    with http_server(lambda _: response) as server:
        sample = await ask(server.port)

    assert (sample.outcome, sample.answer, sample.code) == (Outcome.FAILED, "", None)
    assert sample.answered_at < sample.asked_at + 2_000


async def test_a_closed_port_has_failed() -> None:
    """Refused is an answer of the machine, not of the service."""
    with http_server(lambda _: None) as server:
        port = server.port
    sample = await ask(port)

    assert (sample.outcome, sample.answer) == (Outcome.FAILED, "")


async def test_silence_is_a_time_out() -> None:
    """One deadline for the whole sample; nobody served, so nobody is named."""
    with http_server(lambda _: None) as server:
        sample = await ask(server.port)

    assert (sample.outcome, sample.answer) == (Outcome.TIMEOUT, "")
    assert sample.asked_at + 2_000 <= sample.answered_at < sample.asked_at + 4_000


async def test_an_answer_that_lies_in_the_socket_wins_over_the_deadline() -> None:
    """If our own loop was busy past the time-out, the endpoint is not to blame."""
    asked, may_answer = threading.Event(), threading.Event()

    def when_told(_: bytes) -> bytes:
        asked.set()
        may_answer.wait(1)
        return answer(200)

    with http_server(when_told) as server:
        sampling = asyncio.create_task(ask(server.port))
        while not asked.is_set():
            await asyncio.sleep(0)
        may_answer.set()
        time.sleep(2.5 / SPEED)  # the loop does nothing else: time-out and answer are both due
        sample = await sampling

    assert sample.outcome is Outcome.OK
    assert sample.answered_at > sample.asked_at + 2_000


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.4", "not-an-address"])
async def test_a_forbidden_address_is_refused_and_said(address: str) -> None:
    """An endpoint's target is anybody's text; no packet leaves for such an address."""
    http = HttpSampler(scaled(), Guard(allow_loopback=True))
    sample = await http.sample(HealthQuestion(series="health/x", check=check(address)))

    assert sample.outcome is Outcome.FAILED
    assert sample.answer == f"refused:ssrf {address}"


async def test_a_tcp_monitor_only_connects() -> None:
    """Traffic Manager's TCP probes look at the handshake alone."""
    with http_server(lambda _: None) as server:
        question = HealthQuestion(series="health/x", check=check(scheme="tcp", port=8080))
        sample = await sampler(server.port, 8080).sample(question)

    assert (sample.outcome, sample.answer, sample.code) == (Outcome.OK, VIRGINIA, None)
    assert server.requests == []


async def test_a_header_cannot_be_smuggled_in() -> None:
    """A path with a blank or a line's end in it is not sent."""
    smuggled = HealthCheck(
        url="http://x/", address=VIRGINIA, host="x\r\nX-Admin: 1",
        expected_statuses=(), timeout_seconds=2,
    )  # fmt: skip
    with http_server(lambda _: answer(200)) as server:
        question = HealthQuestion(series="health/x", check=smuggled)
        sample = await sampler(server.port).sample(question)

    assert sample.outcome is Outcome.FAILED
    assert server.requests == []


async def test_custom_headers_are_sent_as_they_are() -> None:
    """The monitor's own, as its probes have them; one of ours gives way to it."""
    asked = replace(check(), headers=(("X-Drill", "fail"), ("user-agent", "Probe")))
    with http_server(lambda _: answer(200)) as server:
        sample = await sampler(server.port).sample(HealthQuestion(series="health/x", check=asked))

    assert sample.outcome is Outcome.OK
    _, *headers = server.requests[0].decode().split("\r\n")
    assert {"X-Drill: fail", "user-agent: Probe", f"Host: {HOST}"} <= set(headers)
    assert not any(line.startswith("User-Agent") for line in headers)


@pytest.mark.parametrize(
    "header", [("X-A", "1\r\nX-B: 2"), ("X-A: 1\r\nX-B", "2"), ("X A", "1"), ("", "1")]
)
async def test_a_custom_header_is_one_header(header: tuple[str, str]) -> None:
    """What could be read as several is not sent."""
    asked = replace(check(), headers=(header,))
    with http_server(lambda _: answer(200)) as server:
        sample = await sampler(server.port).sample(HealthQuestion(series="health/x", check=asked))

    assert sample.outcome is Outcome.FAILED
    assert server.requests == []


def by_name(port: int, resolver: DnsServer, spare: str = "127.1.0.6") -> HttpSampler:
    """Return a sampler that looks names up, and finds two addresses on our server's port."""
    dns = DnsSampler(scaled())

    async def resolve(name: str, seconds: float) -> str | None:
        question = DnsQuestion(
            series="",
            server=resolver.address,
            name=name,
            recursion_desired=True,
            timeout_seconds=seconds,
        )
        return (await dns.sample(question)).answer or None

    there = ("127.0.0.1", port)
    detours: dict[Peer, Peer] = {(VIRGINIA, 80): there, (spare, 80): there}
    return HttpSampler(scaled(), Guard(allow_loopback=True), detours, resolve)


async def test_an_address_that_changes_is_looked_up_for_every_sample() -> None:
    """A machine that was deallocated comes back with another one, under its old name."""
    question = HealthQuestion(series="health/x", check=check("v.test"))
    before, after = (answering(f"v.test. 10 IN A {ip}") for ip in (VIRGINIA, "127.1.0.6"))
    with dns_server(before) as resolver, http_server(lambda _: answer(200)) as server:
        http = by_name(server.port, resolver)
        first = await http.sample(question)
        resolver.udp = answering()
        gone = await http.sample(question)
        resolver.udp = after
        again = await http.sample(question)
        assert await asyncio.to_thread(http.answers, check("v.test")), "and so does the watchdog"

    assert (first.outcome, first.answer) == (Outcome.OK, VIRGINIA)
    assert (gone.outcome, gone.answer) == (Outcome.FAILED, "")
    assert (again.outcome, again.answer) == (Outcome.OK, "127.1.0.6")
    assert {query.question[0].name.to_text() for query in resolver.queries} == {"v.test."}


async def test_a_name_cannot_lead_past_the_guard() -> None:
    """Whoever owns it could name the metadata service."""
    question = HealthQuestion(series="health/x", check=check("v.test"))
    with (
        dns_server(answering("v.test. 10 IN A 169.254.169.254")) as resolver,
        http_server(lambda _: answer(200)) as server,
    ):
        sample = await by_name(server.port, resolver).sample(question)

    assert (sample.outcome, sample.answer) == (Outcome.FAILED, "refused:ssrf 169.254.169.254")
    assert server.requests == []


async def test_a_silent_resolver_takes_no_longer_than_the_sample() -> None:
    """One deadline over both."""
    question = HealthQuestion(series="health/x", check=check("v.test"))
    with dns_server(silent) as resolver, http_server(lambda _: answer(200)) as server:
        sample = await by_name(server.port, resolver).sample(question)

    assert sample.outcome is Outcome.FAILED
    assert sample.answered_at < sample.asked_at + 4_000


async def test_certificates_matter_to_clients_and_not_to_probes(tmp_path: Path) -> None:
    """Traffic Manager accepts any certificate; whoever browses does not."""
    context = self_signed(tmp_path, HOST)
    with http_server(lambda _: answer(200), context) as server:
        detours: dict[Peer, Peer] = {(VIRGINIA, 443): ("127.0.0.1", server.port)}
        guard = Guard(allow_loopback=True)
        question = HealthQuestion(series="health/x", check=check(scheme="https", port=443))
        probe = await HttpSampler(scaled(), guard, detours).sample(question)
        strict = HttpSampler(scaled(), guard, detours, verify_certificates=True)
        client = await strict.sample(question)

    assert (probe.outcome, probe.code) == (Outcome.OK, 200)
    assert (client.outcome, client.code) == (Outcome.FAILED, None)


async def test_the_watchdog_can_ask_without_a_loop() -> None:
    """It knows no drill, runs in a thread, and wants a plain yes or no."""
    with http_server(lambda _: answer(200)) as server:
        assert await asyncio.to_thread(sampler(server.port).answers, check())
        server.respond = lambda _: answer(503)
        assert not await asyncio.to_thread(sampler(server.port).answers, check())
