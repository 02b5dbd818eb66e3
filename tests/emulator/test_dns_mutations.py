"""Malformed DNS never stops a server: mutated questions by the thousand, over UDP and TCP."""

import random
import socket
import struct
from collections.abc import Iterator

import dns.edns
import dns.message
import pytest

from tests.emulator.conftest import Complaints
from tests.emulator.damage import damage
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
            damage(message, drawn, (_lie, _point, _repeat), grown_max=300)
        yield bytes(message)


def _lie(message: bytearray, _place: int, drawn: random.Random) -> None:
    """Tell of records that are not there."""
    if len(message) >= 12:
        struct.pack_into("!H", message, drawn.choice((4, 6, 8, 10)), drawn.randrange(65_536))


def _point(message: bytearray, place: int, drawn: random.Random) -> None:
    """Insert a pointer, likely astray."""
    message[place:place] = bytes((0xC0, drawn.randrange(256)))


def _repeat(message: bytearray, place: int, _drawn: random.Random) -> None:
    message += message[place:]


@pytest.fixture
def watched(emulator: Emulator, complaints: Complaints) -> Emulator:
    """An emulator with the lab's profile, whose event loop has nothing to complain of."""
    del complaints
    emulator.arm("PUT", PROFILE, lab_profile())
    return emulator


def flood(emulator: Emulator, server: str, count: int) -> None:
    """Send mutations over UDP; every so often an honest question must be answered."""
    address, port = server.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number, message in enumerate(mutations(count, server.partition(":")[0])):
            client.sendto(message[:60_000], (address, int(port)))
            if number % CHECK_EVERY == 0:
                assert VIRGINIA_FQDN in emulator.ask(server).answer[0].to_text()
    assert VIRGINIA_FQDN in emulator.ask(server).answer[0].to_text()


def test_a_sample_over_tcp(watched: Emulator) -> None:
    """Each in a frame that says its length, or lies about it."""
    server = watched.authoritative[0]
    address, port = server.split(":")
    for number, message in enumerate(mutations(200, "tcp")):
        length = len(message) if number % 3 else number
        with socket.create_connection((address, int(port)), 2) as client:
            client.sendall(struct.pack("!H", length) + message[:60_000])

    assert VIRGINIA_FQDN in watched.ask(server, tcp=True).answer[0].to_text()


def test_ten_thousand_to_each_kind_of_server(watched: Emulator) -> None:
    """Over UDP, to a name server and to a resolver."""
    for server in (watched.authoritative[0], watched.resolvers[0]):
        flood(watched, server, MANY)


def test_prepared_answers_do_not_grow_without_end(watched: Emulator) -> None:
    """A cookie makes every message another: such questions are answered and not kept."""
    server = watched.authoritative[0]
    address, port = server.split(":")
    drawn = dice("cookies")

    for _ in range(50):
        cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, drawn.randbytes(8))
        question = dns.message.make_query(FQDN, "A", use_edns=0, options=[cookie])
        assert dns.query.udp(question, address, timeout=2, port=int(port)).answer
    name_servers = watched.world.plane.name_servers
    forget = name_servers[0].zone.on_publish
    assert len(forget.__self__.prepared) <= 1  # type: ignore[attr-defined]
