"""Malformed HTTP never stops a server: mutated requests to a machine, a load balancer and ARM."""

import random
import socket
from collections.abc import Iterator

import pytest

from tests.emulator.damage import damage
from tests.emulator.planes import dice
from tests.emulator.running import PROFILE, Emulator, lab_profile

COUNT = 400
SEEDS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /subscriptions/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
)


def mutations(count: int, seed: str) -> Iterator[bytes]:
    """Return requests with octets changed, cut, repeated and inserted."""
    drawn = dice(seed)
    for number in range(count):
        message = bytearray(SEEDS[number % len(SEEDS)])
        for _ in range(drawn.randint(0, 5)):
            damage(message, drawn, (_separate,), grown_max=40)
        yield bytes(message)


def _separate(message: bytearray, place: int, drawn: random.Random) -> None:
    """Insert what means something between the parts of a request."""
    message[place:place] = drawn.choice((b"\r\n", b"\r\n\r\n", b" ", b":", b"\0")) * 3


@pytest.mark.usefixtures("complaints")
def test_mutated_requests_are_answered_or_dropped_and_stop_nothing(emulator: Emulator) -> None:
    """An honest request afterwards is answered as ever."""
    places = [emulator.connect_to["127.1.0.4:80"], emulator.connect_to["127.1.0.5:80"]]
    places.append(emulator.url.removeprefix("http://"))
    for place in places:
        host, port = place.split(":")
        for message in mutations(COUNT, place.partition(":")[0]):
            with socket.create_connection((host, int(port)), 2) as client:
                client.sendall(message)

    assert emulator.arm("PUT", PROFILE, lab_profile()).status_code == 201
    for place in places[:2]:
        assert emulator.http.get(f"http://{place}/").status_code == 200
