"""DNS samples against a real server that answers, is silent, lies, or cuts its answers off."""

import asyncio
import gc
import itertools
import os
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from shared.adapters import dns_sampler
from shared.adapters.clock import Clock
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.dns_sockets import IN_FLIGHT_MAX
from shared.core.questions import DnsQuestion
from shared.core.samples import OWN_FAULT, Outcome, Sample
from tests.support.dns_server import (
    DnsServer,
    Responder,
    answering,
    cut_off,
    dns_server,
    reply,
    silent,
)
from tests.support.timed_dns import timed_dns

SPEED = 20
NAME = "switchback.trafficmanager.test"
CNAME = f"{NAME}. 100 IN CNAME Switchback-Virginia.eastus.test."
ADDRESS = "switchback-virginia.eastus.test. 10 IN A 127.1.0.4"


def scaled() -> Clock:
    """Return a clock on which a time-out of two seconds takes a tenth of one."""
    return Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*{SPEED}")


def question(server: str, *, recursion_desired: bool = True) -> DnsQuestion:
    """Return the question for the profile's name."""
    return DnsQuestion(
        series="dns/x",
        server=server,
        name=NAME,
        recursion_desired=recursion_desired,
        timeout_seconds=2,
    )


async def ask(udp: Responder, tcp: Responder | None = None) -> tuple[Sample, int]:
    """Return one sample, and how many questions the server got."""
    with dns_server(udp, tcp) as server:
        sample = await DnsSampler(scaled()).sample(question(server.address))
        return sample, len(server.queries)


async def test_a_resolver_s_answer_is_its_whole_chain() -> None:
    """Names in lower case without the dot, then addresses; the TTL is the profile's CNAME's."""
    sample, _ = await ask(answering(CNAME, ADDRESS))

    assert sample.outcome is Outcome.OK
    assert sample.answer == "switchback-virginia.eastus.test>127.1.0.4"
    assert (sample.code, sample.ttl_seconds) == (0, 100)
    assert sample.asked_at < sample.answered_at < sample.asked_at + 2_000


async def test_an_authoritative_server_is_asked_without_recursion() -> None:
    """It gives the CNAME only, and may refuse whoever wants more."""
    with dns_server(answering(CNAME)) as server:
        sampler = DnsSampler(scaled())
        sample = await sampler.sample(question(server.address, recursion_desired=False))
        await sampler.sample(question(server.address))

    assert (sample.outcome, sample.answer) == (Outcome.OK, "switchback-virginia.eastus.test")
    assert [bool(query.flags & dns.flags.RD) for query in server.queries] == [False, True]


@pytest.mark.parametrize(
    ("rcode", "records"),
    [
        (dns.rcode.NXDOMAIN, ()),
        (dns.rcode.SERVFAIL, ()),
        (dns.rcode.REFUSED, ()),
        (dns.rcode.NOERROR, ()),
        (dns.rcode.NXDOMAIN, (CNAME,)),
    ],
)
async def test_an_answer_that_names_nothing_has_failed(
    rcode: dns.rcode.Rcode, records: tuple[str, ...]
) -> None:
    """It proves nothing about any endpoint, and its rcode is kept."""
    sample, _ = await ask(answering(*records, rcode=rcode))

    assert (sample.outcome, sample.code) == (Outcome.FAILED, rcode)


async def test_silence_is_a_time_out_after_one_attempt() -> None:
    """A retry would hide the gap; its end is the instant at which time ran out."""
    sample, asked = await ask(silent)

    assert sample.outcome is Outcome.TIMEOUT
    assert asked == 1
    assert sample.asked_at + 2_000 <= sample.answered_at < sample.asked_at + 4_000


async def test_a_closed_port_has_failed_at_once() -> None:
    """The machine said so itself: nobody listens."""
    with dns_server(silent) as server:
        address = server.address
    sample = await DnsSampler(scaled()).sample(question(address))

    assert sample.outcome is Outcome.FAILED
    assert sample.answered_at < sample.asked_at + 2_000


async def test_a_wrong_answer_is_not_taken_for_the_right_one() -> None:
    """Another id, another name, rubbish: ignored, and the real answer still counts."""

    def confused(query: dns.message.Message) -> Iterable[bytes]:
        other_id = reply(query, f"{NAME}. 1 IN A 6.6.6.6").to_wire()
        other_name = dns.message.make_query("other.test", "A", id=query.id)
        return [
            bytes((other_id[0] ^ 1,)) + other_id[1:],
            reply(other_name, "other.test. 1 IN A 6.6.6.6").to_wire(),
            query.to_wire(),
            b"rubbish",
            reply(query, CNAME, ADDRESS).to_wire(),
        ]

    sample, _ = await ask(confused)

    assert sample.answer == "switchback-virginia.eastus.test>127.1.0.4"


async def test_wrong_answers_alone_are_a_time_out() -> None:
    """Nothing that came was an answer."""
    sample, _ = await ask(lambda _query: [b"rubbish"])

    assert sample.outcome is Outcome.TIMEOUT


async def test_an_answer_that_was_cut_off_is_asked_for_over_tcp() -> None:
    """That is not a retry: the server asked for it."""
    sample, asked = await ask(lambda query: [cut_off(query).to_wire()], answering(CNAME, ADDRESS))

    assert (sample.outcome, asked) == (Outcome.OK, 2)
    assert sample.answer == "switchback-virginia.eastus.test>127.1.0.4"


async def test_tcp_that_hangs_up_has_failed() -> None:
    """Half an answer is none."""
    sample, _ = await ask(lambda query: [cut_off(query).to_wire()], silent)

    assert sample.outcome is Outcome.FAILED


async def test_names_that_lead_in_a_circle_end() -> None:
    """A server that is set up wrongly must not keep us busy for ever."""
    sample, _ = await ask(answering(f"{NAME}. 1 IN CNAME b.test.", f"b.test. 1 IN CNAME {NAME}."))

    assert sample.answer.count(">") == 15


async def test_an_answer_that_lies_in_the_socket_wins_over_the_deadline() -> None:
    """If our own loop was busy past the time-out, the server is not to blame, nor is it slow."""
    may_answer = threading.Event()

    def when_told(query: dns.message.Message) -> Iterable[bytes]:
        may_answer.wait(1)
        return [reply(query, CNAME).to_wire()]

    with dns_server(when_told) as server:
        sampling = asyncio.create_task(DnsSampler(scaled()).sample(question(server.address)))
        await asyncio.sleep(0)
        may_answer.set()
        time.sleep(2.5 / SPEED)  # the loop does nothing else: time-out and answer are both due
        sample = await sampling

    assert sample.outcome is Outcome.OK
    assert sample.answered_at < sample.asked_at + 2_400
    assert sample.took_tenths is not None
    assert sample.took_tenths < 24_000


async def test_a_stale_answer_says_so() -> None:
    """RFC 8914: the resolver serves what it has, and admits it."""

    def stale(query: dns.message.Message) -> Iterable[bytes]:
        message = reply(query, CNAME, ADDRESS)
        message.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER, "cache")])
        return [message.to_wire()]

    fresh, _ = await ask(answering(CNAME, ADDRESS))
    sample, _ = await ask(stale)

    assert (sample.outcome, sample.is_stale, fresh.is_stale) == (Outcome.OK, True, False)


async def test_a_resolver_is_asked_on_behalf_of_a_subnet() -> None:
    """And only if the question says so."""
    with dns_server(answering(CNAME)) as server:
        asked = question(server.address)
        await DnsSampler(scaled()).sample(replace(asked, client_subnet="203.0.113.0/24"))
        await DnsSampler(scaled()).sample(asked)

    told = [[option.to_text() for option in query.options] for query in server.queries]
    assert told == [["ECS 203.0.113.0/24 scope/0"], []]


async def test_a_ttl_that_counts_down_is_seen_to() -> None:
    """What was read before is remembered by its bytes, and the TTL is among them."""
    left = itertools.count(100, -1)

    def counting(query: dns.message.Message) -> Iterable[bytes]:
        return [reply(query, f"{NAME}. {next(left)} IN CNAME v.test.").to_wire()]

    with dns_server(counting) as server:
        sampler = DnsSampler(scaled())
        samples = [await sampler.sample(question(server.address)) for _ in range(3)]

    assert [sample.ttl_seconds for sample in samples] == [100, 99, 98]


async def test_more_answers_than_are_remembered_are_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory has its bounds, and nothing depends on it."""
    monkeypatch.setattr(dns_sampler, "ANSWERS_KEPT_MAX", 1)
    monkeypatch.setattr(dns_sampler, "QUERIES_KEPT_MAX", 1)
    ttls = itertools.cycle((100, 99))

    def turning(query: dns.message.Message) -> Iterable[bytes]:
        name = query.question[0].name
        return [reply(query, f"{name} {next(ttls)} IN CNAME v.test.").to_wire()]

    with dns_server(turning) as server:
        sampler, asked = DnsSampler(scaled()), question(server.address)
        samples = [
            await sampler.sample(replace(asked, name=name))
            for name in (NAME, NAME, "b.test", NAME, NAME)
        ]

    assert [sample.ttl_seconds for sample in samples] == [100, 99, 100, 99, 100]


@pytest.mark.parametrize("wrong", [{"name": "a..b"}, {"server": "ns1.test:53"}])
async def test_what_cannot_be_asked_is_our_own_fault(wrong: dict[str, str]) -> None:
    """It is said, and the other questions of the second are asked."""
    samples: list[Sample] = []
    with dns_server(answering(CNAME)) as server:
        good = question(server.address)
        await DnsSampler(scaled()).sample_all(
            [(replace(good, **wrong), samples.append), (good, samples.append)]  # type: ignore[arg-type]
        )

    failed, answered = samples
    assert (failed.outcome, failed.answer) == (Outcome.FAILED, "")
    assert failed.detail.startswith(OWN_FAULT)
    assert answered.outcome is Outcome.OK


async def test_having_no_more_files_is_our_own_fault() -> None:
    """An outage of ours is not one of the server's; the sample says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with dns_server(answering(CNAME)) as server:
        sampler = DnsSampler(scaled())
        await sampler.sample(question(server.address))
        next_file = os.dup(0)
        os.close(next_file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_file, hard))
        try:
            sample = await sampler.sample(question(server.address))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (sample.outcome, sample.detail) == (Outcome.FAILED, f"{OWN_FAULT}EMFILE")


async def test_hundreds_of_questions_are_asked_at_once() -> None:
    """Each once, some on a socket, and each sample is its own question's."""
    samples: list[Sample] = []
    with dns_server(
        lambda query: [reply(query, f"{query.question[0].name} 1 IN A 127.1.0.4").to_wire()]
    ) as server:
        asked = question(server.address)
        questions = [replace(asked, name=f"n{n}.test", series=f"dns/n{n}") for n in range(300)]
        await DnsSampler(Clock()).sample_all([(each, samples.append) for each in questions])

    assert sorted(s.series for s in samples) == sorted(each.series for each in questions)
    assert {(s.outcome, s.answer) for s in samples} == {(Outcome.OK, "127.1.0.4")}
    assert len(server.queries) == 300
    assert 300 / IN_FLIGHT_MAX <= len(set(server.clients)) < 10


async def test_latency_is_told_truly_with_600_questions_at_once() -> None:
    """The servers say in their answers how long they took; we must not have seen it differently."""
    samples: list[Sample] = []
    with timed_dns(6) as addresses:
        questions = [
            replace(question(address), name=f"p{n}.test")
            for n in range(100)
            for address in addresses
        ]
        sampler = DnsSampler(Clock())
        await asyncio.sleep(0.1)  # until the kernel has begun to stamp
        await sampler.sample_all([(each, samples.append) for each in questions])

    answered = [s for s in samples if s.outcome is Outcome.OK]
    off_ms = [abs((s.took_tenths or 0) / 10 - (s.ttl_seconds or 0) / 1_000) for s in answered]
    assert len(answered) == 600
    assert statistics.median(off_ms) <= 0.5


@contextmanager
def cutting_off_then_hanging() -> Iterator[DnsServer]:
    """A server that wants to be asked over TCP, and then says nothing as long as it is asked."""
    is_over = threading.Event()

    def hang(_query: dns.message.Message) -> Iterable[bytes]:
        is_over.wait(10)
        return []

    with dns_server(lambda query: [cut_off(query).to_wire()], hang) as server:
        try:
            yield server
        finally:
            is_over.set()


async def test_tcp_has_only_what_is_left_of_the_time() -> None:
    """One deadline for the question, however often the server wants it asked."""
    with cutting_off_then_hanging() as server:
        sample = await DnsSampler(scaled()).sample(question(server.address))

    assert sample.outcome is Outcome.TIMEOUT
    assert sample.asked_at + 2_000 <= sample.answered_at < sample.asked_at + 3_500


async def test_tcp_that_answers_another_question_has_failed() -> None:
    """There is nobody else on the line: the server itself is wrong."""
    sample, _ = await ask(
        lambda query: [cut_off(query).to_wire()],
        lambda query: [bytes((query.to_wire()[0] ^ 1,)) + reply(query, CNAME).to_wire()[1:]],
    )

    assert sample.outcome is Outcome.FAILED


@pytest.mark.parametrize("asking", [lambda: dns_server(silent), cutting_off_then_hanging])
async def test_what_is_given_up_leaves_nothing_open(
    asking: Callable[[], AbstractContextManager[DnsServer]],
) -> None:
    """The app may stop at any time; a socket left open is warned of, and that is an error here."""
    with asking() as server:
        sampling = asyncio.create_task(DnsSampler(Clock()).sample(question(server.address)))
        await asyncio.sleep(0.2)
        assert server.queries
        sampling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sampling
        del sampling
        gc.collect()
