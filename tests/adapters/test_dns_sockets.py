"""Bursts of DNS questions: whose answer is whose, what is refused, what is lost, and when."""

import asyncio
import gc
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from shared.adapters import dns_sockets
from shared.adapters.dns_sockets import IN_FLIGHT_MAX, Burst, keep_stamping

SECONDS = 0.2


class Asker:
    """Notes what becomes of its question; answers to it begin with `yes`."""

    def __init__(self, text: bytes = b"question") -> None:
        self.text, self.sent_ns = text, 0
        self.came_ns: int | None = None
        self.told: list[str] = []

    def arrived(self, body: bytes, at_ns: int) -> bool:
        """Take what says yes."""
        if body.startswith(b"yes"):
            self.came_ns = at_ns
            self.told.append("arrived")
        return body.startswith(b"yes")

    def refused(self) -> None:
        """Note it."""
        self.told.append("refused")

    def ran_out(self, *, lost: bool) -> None:
        """Note it."""
        self.told.append("lost" if lost else "ran out")


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A socket that a test answers from by hand."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as opened:
        opened.bind((request.param, 0))
        opened.settimeout(5)
        yield opened


def burst_at(server: socket.socket, seconds: float = SECONDS) -> Burst:
    """Return a burst of questions to the server."""
    return Burst(server.getsockname()[:2], seconds)


async def until_told(*askers: Asker) -> None:
    """Return when all of them know."""
    async with asyncio.timeout(5):
        while not all(asker.told for asker in askers):
            await asyncio.sleep(0.005)


async def test_answers_are_told_apart_by_their_ids(server: socket.socket) -> None:
    """In whatever order they come; what is no answer changes nothing."""
    burst, one, other = burst_at(server), Asker(b"one"), Asker(b"other")
    burst.ask(one)
    burst.ask(other)
    burst.seal()
    (first, client), (second, _) = server.recvfrom(99), server.recvfrom(99)
    assert (first[2:], second[2:]) == (b"one", b"other")
    assert first[:2] != second[:2]

    server.sendto(second[:2] + b"no", client)
    server.sendto(second[:2] + b"yes", client)
    server.sendto(second[:2] + b"yes again", client)
    await until_told(other)
    assert one.told == []
    server.sendto(first[:2] + b"yes", client)
    await until_told(one)

    assert (one.told, other.told) == (["arrived"], ["arrived"])


async def test_only_the_server_itself_is_heard(server: socket.socket) -> None:
    """Who knows port and id, but not the server's address, says nothing to us."""
    burst, asker = burst_at(server), Asker()
    burst.ask(asker)
    burst.seal()
    text, client = server.recvfrom(99)
    with closing(socket.socket(server.family, socket.SOCK_DGRAM)) as stranger:
        stranger.sendto(text[:2] + b"yes, trust me", client)
    await until_told(asker)

    assert asker.told == ["ran out"]


async def test_every_burst_has_a_port_of_its_own(server: socket.socket) -> None:
    """What comes too late for one finds nobody, and nobody can prepare for the next."""
    ports = set()
    for _ in range(5):
        burst, asker = burst_at(server), Asker()
        burst.ask(asker)
        text, client = server.recvfrom(99)
        server.sendto(text[:2] + b"yes", client)
        burst.seal()
        await until_told(asker)
        ports.add(client[1])

    assert len(ports) > 1


async def test_when_an_answer_came_is_the_kernel_s_word(server: socket.socket) -> None:
    """A loop that was busy for a while does not make the server slow."""
    keep_stamping()
    burst, asker = burst_at(server, 5), Asker()
    await asyncio.sleep(0.1)  # until the kernel has begun to stamp
    burst.ask(asker)
    burst.seal()
    text, client = server.recvfrom(99)
    server.sendto(text[:2] + b"yes", client)
    time.sleep(0.3)  # the loop does nothing else
    await until_told(asker)

    assert asker.came_ns is not None
    assert 0 <= asker.came_ns - asker.sent_ns < 200_000_000


async def test_a_closed_port_refuses_everything_at_once(server: socket.socket) -> None:
    """Also what could not be sent because an earlier refusal was told in its place."""
    burst, askers = burst_at(server, 60), [Asker() for _ in range(20)]
    server.close()
    for asker in askers:
        burst.ask(asker)
    burst.seal()
    await until_told(*askers)

    assert [asker.told for asker in askers] == [["refused"]] * 20


async def test_what_cannot_be_sent_is_refused(server: socket.socket) -> None:
    """No packet is as large; the others are asked."""
    burst, too_large, asker = burst_at(server), Asker(b"x" * 70_000), Asker()
    burst.ask(too_large)
    assert too_large.told == ["refused"]
    burst.ask(asker)
    burst.seal()
    text, client = server.recvfrom(99)
    server.sendto(text[:2] + b"yes", client)
    await until_told(asker)

    assert asker.told == ["arrived"]


async def ask_before_and_after_it_has_gone(
    server: socket.socket, burst: Burst, before: Asker, after: Asker
) -> None:
    """The server gets one question and is gone when the other is asked."""
    burst.ask(before)
    server.recvfrom(99)
    server.close()
    burst.ask(after)
    burst.seal()
    await until_told(before, after)


async def test_a_refusal_that_does_not_say_whose_is_everybody_s(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some networks give back less of a packet than its id."""
    monkeypatch.setattr(dns_sockets, "QUOTE_OCTETS", 1)
    before, after = Asker(), Asker()
    await ask_before_and_after_it_has_gone(server, burst_at(server, 60), before, after)

    assert (before.told, after.told) == (["refused"], ["refused"])


async def test_a_refusal_is_told_to_whom_it_is_meant_for(server: socket.socket) -> None:
    """A server that has gone has still got what it was asked before."""
    before, after = Asker(b"before"), Asker(b"after")
    await ask_before_and_after_it_has_gone(server, burst_at(server), before, after)

    assert (before.told, after.told) == (["ran out"], ["refused"])


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
async def test_what_our_own_buffer_had_no_room_for_is_owned_up_to(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may have answered: an outage of ours must not be taken for one of its."""
    monkeypatch.setattr(dns_sockets, "RECEIVE_OCTETS", 1)
    burst, asker = burst_at(server), Asker()
    burst.ask(asker)
    burst.seal()
    text, client = server.recvfrom(99)
    for _ in range(100):
        server.sendto(b"noise" * 20, client)
    server.sendto(text[:2] + b"yes", client)
    await until_told(asker)

    assert asker.told == ["lost"]


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
async def test_a_flood_is_read_in_parts_and_the_answer_found(server: socket.socket) -> None:
    """Whoever sends us thousands of packets keeps us from nothing."""
    burst, asker = burst_at(server, 5), Asker()
    burst.ask(asker)
    burst.seal()
    text, client = server.recvfrom(99)
    for _ in range(dns_sockets.READS_MAX + 10):
        server.sendto(b"noise", client)
    server.sendto(text[:2] + b"yes", client)
    await until_told(asker)

    assert asker.told == ["arrived"]


async def test_a_burst_takes_only_so_many(server: socket.socket) -> None:
    """Their answers must fit into the receive buffer together."""
    burst, askers = burst_at(server, 60), [Asker() for _ in range(IN_FLIGHT_MAX)]
    while not burst.is_full:
        burst.ask(askers.pop())
    burst.close()
    burst.close()

    assert len(askers) < 5, "random ids that were drawn twice are not used"


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
async def test_where_the_kernel_tells_less_we_are_less_exact(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error queue, no stamps, no count of drops: questions are asked and answered as ever."""
    monkeypatch.setattr(dns_sockets, "MSG_ERRQUEUE", None)
    for option in ("SO_TIMESTAMPNS", "SO_MEMINFO", "IP_RECVERR"):
        monkeypatch.setattr(dns_sockets, option, 9_999)
    burst, silent, answered, refused = burst_at(server), Asker(), Asker(), Asker()
    burst.ask(silent)
    burst.ask(answered)
    server.recvfrom(99)
    text, client = server.recvfrom(99)
    server.sendto(text[:2] + b"yes", client)
    await until_told(silent, answered)
    another = burst_at(server)
    server.close()
    another.ask(refused)
    await until_told(refused)
    burst.close()
    another.close()

    assert (silent.told, answered.told, refused.told) == (["ran out"], ["arrived"], ["refused"])
    assert answered.came_ns is not None
    assert answered.came_ns >= answered.sent_ns


async def test_each_question_has_its_whole_time(server: socket.socket) -> None:
    """One that is sent later runs out later, on the same socket."""
    burst, early, late = burst_at(server), Asker(), Asker()
    burst.ask(early)
    await asyncio.sleep(SECONDS / 2)
    burst.ask(late)
    burst.seal()
    await until_told(early)
    assert late.told == []
    await until_told(late)

    assert (early.told, late.told) == (["ran out"], ["ran out"])


async def test_an_address_that_nothing_may_be_sent_to_is_an_error() -> None:
    """At once, and nothing stays open."""
    with pytest.raises(PermissionError):
        Burst(("255.255.255.255", 53), SECONDS)


async def test_nothing_stays_open(server: socket.socket) -> None:
    """A socket that is dropped open would be warned of, and that is an error here."""
    burst, asker = burst_at(server), Asker()
    burst.ask(asker)
    burst.close()
    del burst
    gc.collect()

    assert asker.told == []
