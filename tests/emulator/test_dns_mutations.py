"""Malformed DNS never stops a server: mutated questions by the thousand, over UDP and TCP."""

import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import dns.edns
import dns.message
import pytest

from tests.emulator.planes import dice
from tests.emulator.running import FQDN, PROFILE, VIRGINIA_FQDN, Emulator, lab_profile

MANY = 10_000
CHECK_EVERY = 100  # mutations; then an honest question must be answered as ever
SUBNET = dns.edns.ECSOption("198.51.100.0", 24)
SEEDS = [
    dns.message.make_query(FQDN, "A").to_wire(),
    dns.message.make_query(FQDN, "ANY", use_edns=0, options=[SUBNET]).to_wire(),
    dns.message.make_query("missing.trafficmanager.net", "TXT", use_edns=0).to_wire(),
    dns.message.make_query("trafficmanager.net", "SOA", want_dnssec=True).to_wire(),
]


def mutations(count: int, seed: str) -> Iterator[bytes]:
    """Return questions with octets changed, cut, repeated, inserted, and counts that lie."""
    drawn = dice(seed)
    for _ in range(count):
        message = bytearray(drawn.choice(SEEDS))
        for _ in range(drawn.randint(1, 6)):
            _mutate(message, drawn)
        yield bytes(message)


def _mutate(message: bytearray, drawn: random.Random) -> None:
    place = drawn.randrange(len(message) + 1)
    kind = drawn.randrange(6)
    if kind == 0 and place < len(message):
        message[place] = drawn.randrange(256)
    elif kind == 1:
        del message[place:]
    elif kind == 2:
        message[place:place] = drawn.randbytes(drawn.randint(1, 300))
    elif kind == 3 and len(message) >= 12:
        struct.pack_into("!H", message, drawn.choice((4, 6, 8, 10)), drawn.randrange(65_536))
    elif kind == 4:
        message[place:place] = bytes((0xC0, drawn.randrange(256)))  # a pointer, likely astray
    else:
        message += message[place:]


@pytest.fixture
def watched(emulator: Emulator) -> Iterator[tuple[Emulator, list[dict[str, Any]]]]:
    """An emulator whose event loop's complaints are kept."""
    complaints: list[dict[str, Any]] = []
    emulator.loop.call_soon_threadsafe(
        emulator.loop.set_exception_handler, lambda _, context: complaints.append(context)
    )
    emulator.arm("PUT", PROFILE, lab_profile())
    yield emulator, complaints
    assert complaints == []


def flood(emulator: Emulator, server: str, count: int) -> None:
    """Send mutations over UDP; every so often an honest question must be answered."""
    address, port = server.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number, message in enumerate(mutations(count, server.partition(":")[0])):
            client.sendto(message[:60_000], (address, int(port)))
            if number % CHECK_EVERY == 0:
                assert VIRGINIA_FQDN in emulator.ask(server).answer[0].to_text()
    assert VIRGINIA_FQDN in emulator.ask(server).answer[0].to_text()


def test_a_sample_over_tcp(watched: tuple[Emulator, list[dict[str, Any]]]) -> None:
    """Each in a frame that says its length, or lies about it."""
    emulator, _ = watched
    server = emulator.authoritative[0]
    address, port = server.split(":")
    for number, message in enumerate(mutations(200, "tcp")):
        length = len(message) if number % 3 else number
        with socket.create_connection((address, int(port)), 2) as client:
            client.sendall(struct.pack("!H", length) + message[:60_000])

    assert VIRGINIA_FQDN in emulator.ask(server, tcp=True).answer[0].to_text()


def test_ten_thousand_to_each_kind_of_server(
    watched: tuple[Emulator, list[dict[str, Any]]],
) -> None:
    """Over UDP, to a name server and to a resolver."""
    emulator, _ = watched

    for server in (emulator.authoritative[0], emulator.resolvers[0]):
        flood(emulator, server, MANY)


def test_prepared_answers_do_not_grow_without_end(
    watched: tuple[Emulator, list[dict[str, Any]]],
) -> None:
    """A cookie makes every message another: such questions are answered and not kept."""
    emulator, _ = watched
    server = emulator.authoritative[0]
    address, port = server.split(":")
    drawn = dice("cookies")

    for _ in range(50):
        cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, drawn.randbytes(8))
        question = dns.message.make_query(FQDN, "A", use_edns=0, options=[cookie])
        assert dns.query.udp(question, address, timeout=2, port=int(port)).answer
    name_servers = emulator.world.plane.name_servers
    forget = name_servers[0].zone.on_publish
    assert len(forget.__self__.prepared) <= 1  # type: ignore[attr-defined]
