"""The web servers: http and https side by side, and whatever a client may send."""

import contextlib
import random
import socket
import ssl
import time

import httpx2
import pytest

from tests.emulator.running import PROFILE, Emulator

REQUEST = (
    b"PUT " + PROFILE.encode() + b"?api-version=2026-09-01 HTTP/1.1\r\nHost: x\r\n"
    b"Connection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: 20\r\nX-A: b\r\n\r\n"
    b'{"location":"global"'
)
MUTATIONS = 1_000
PATIENCE_SECONDS = 0.02  # for a server that waits for the rest of a request


def test_https_serves_the_same_cloud(emulator: Emulator) -> None:
    """Whoever trusts the authority's file can speak to it; whoever does not, cannot."""
    told = emulator.world.ready
    trust = ssl.create_default_context(cafile=str(told["caFile"]))
    base = str(told["armHttps"])

    with httpx2.Client(base_url=base, verify=trust) as client:
        assert client.get("/emulator/truth").json() == {"events": []}
        assert client.get(PROFILE, params={"api-version": "2026-09-01"}).status_code == 401
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(f"{base}/emulator/truth")


def exchange(place: tuple[str, int], sent: bytes) -> bytes:
    """Send bytes, and return what comes back before the server ends or has nothing to say."""
    with socket.create_connection(place, 5) as client:
        received = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            client.sendall(sent)
            client.settimeout(PATIENCE_SECONDS)
            while chunk := client.recv(65_536):
                received += chunk
        return received


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"/" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50_000,
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nXYZ\r\n",
        b"GET /%zz%00?%ff=\xff HTTP/1.1\r\nHost: \xff\r\nAuthorization: Bearer \xff\r\n\r\n",
        REQUEST,
    ],
    ids=range(12),
)
@pytest.mark.parametrize("scheme", ["arm", "armHttps"])
def test_malformed_http_never_stops_a_server(emulator: Emulator, scheme: str, sent: bytes) -> None:
    """It answers 4xx or ends the connection, and serves the next."""
    host, _, port = str(emulator.world.ready[scheme]).rpartition("//")[2].partition(":")

    received = exchange((host, int(port)), sent)

    assert not received.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5"))
    assert emulator.arm("GET", "/subscriptions").status_code == 200


def test_mutated_requests_never_stop_a_server(emulator: Emulator) -> None:
    """A thousand requests with some bytes changed, cut or repeated."""
    dice = random.Random(4)  # noqa: S311 - mutations that can be had again
    host, _, port = emulator.url.rpartition("//")[2].partition(":")
    token = f"Authorization: Bearer {emulator.token()}\r\n".encode()
    whole = REQUEST.replace(b"X-A: b\r\n", token)
    give_up_at = time.monotonic() + 60
    statuses: set[bytes] = set()

    for _ in range(MUTATIONS):
        sent = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            place = dice.randrange(len(sent))
            sent[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
        received = exchange((host, int(port)), bytes(sent))
        statuses.add(received[9:12])
        assert time.monotonic() < give_up_at

    assert {b"400", b"401"} <= statuses
    assert b"500" not in statuses
    assert emulator.arm("GET", "/subscriptions").status_code == 200
