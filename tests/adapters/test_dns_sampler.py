"""DNS samples against a real server that answers, is silent, lies, or cuts its answers off."""

import asyncio
import threading
import time
from collections.abc import Iterable

import dns.flags
import dns.message
import dns.rcode
import pytest

from shared.adapters.clock import Clock
from shared.adapters.dns_sampler import DnsSampler
from shared.core.questions import DnsQuestion
from shared.core.samples import Outcome, Sample
from tests.support.dns_server import (
    Responder,
    answering,
    cut_off,
    dns_server,
    reply,
    silent,
)

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
    """If our own loop was busy past the time-out, the server is not to blame."""
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
    assert sample.answered_at > sample.asked_at + 2_000
