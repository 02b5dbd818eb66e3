"""A request that is late is not sent: asked before, and again with the first byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from azure.core.pipeline.transport import HttpRequest  # noqa: TID251 - what the SDK sends

from shared.adapters.arm_transport import LateRequest, PunctualTransport
from shared.adapters.clock import Clock
from tests.support.drills import START, at
from tests.support.machines import ToyClock


class Waking(Clock):
    """A clock by which a process freezes after the first look."""

    def __init__(self, *instants: int) -> None:
        super().__init__()
        self._instants = list(instants)

    def now(self) -> int:
        """Return the next instant; the last one stays."""
        return self._instants.pop(0) if len(self._instants) > 1 else self._instants[0]


@contextmanager
def a_server() -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server and what it receives; it answers 202 to anything."""
    received: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # closed: the test has ended without a connection
        with connection:
            text = connection.recv(65_536)
            if text:
                received.append(text)
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/powerOff", received
    listening.shutdown(socket.SHUT_RDWR)  # wakes whoever still waits for a connection
    listening.close()
    thread.join(5)


def test_a_request_in_time_is_sent() -> None:
    """Both looks at the clock find it in time."""
    with a_server() as (url, received), PunctualTransport(Waking(START)) as transport:
        response = transport.send(HttpRequest("POST", url), not_after=at(30))

    assert response.status_code == 202
    assert received[0].startswith(b"POST /powerOff")


def test_a_process_that_froze_while_connecting_sends_nothing() -> None:
    """Not one byte, though the connection stands."""
    with a_server() as (url, received), PunctualTransport(Waking(START, at(31))) as transport:
        with pytest.raises(LateRequest):
            transport.send(HttpRequest("POST", url), not_after=at(30))
        transport.close()

    assert received == []


def test_a_late_request_is_not_even_connected() -> None:
    """Nobody listens there."""
    clock = ToyClock(at(31))

    with PunctualTransport(Waking(clock.at)) as transport, pytest.raises(LateRequest):
        transport.send(HttpRequest("POST", "http://127.0.0.1:9/"), not_after=at(30))


def test_a_request_without_a_limit_is_always_sent() -> None:
    """Reads and undos are never late."""
    with a_server() as (url, received), PunctualTransport(Waking(at(10_000))) as transport:
        assert transport.send(HttpRequest("GET", url)).status_code == 202

    assert received
