"""Exchanges: steps are taken when the socket is ready, and once more when time is over."""

import asyncio
import gc
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from shared.adapters.exchanges import Exchanges, Steps, is_connected, opened, send


class Talk:
    """An exchange of a test's own steps."""

    def __init__(self, port: int, steps: Callable[["Talk"], Steps], seconds: float = 5) -> None:
        self.peer = ("127.0.0.1", port)
        self.socket = opened(self.peer)
        self.steps = steps(self)
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.is_over = asyncio.Event()
        self.error: Exception | None = None
        self.ended_at = 0.0

    def ended(self, error: Exception | None) -> None:
        """Note it."""
        self.error, self.ended_at = error, asyncio.get_running_loop().time()
        self.is_over.set()


def connect(talk: Talk) -> Steps:
    """Connect, no more."""
    while not is_connected(talk.socket, talk.peer):
        yield


def wait_for_ever(talk: Talk) -> Steps:
    """Wait for what never comes."""
    yield from connect(talk)
    while True:
        yield


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that accepts whoever comes."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=256)) as listening:
        yield listening


def port_of(listener: socket.socket) -> int:
    """Return its port."""
    port: int = listener.getsockname()[1]
    return port


async def test_steps_are_taken_to_their_end(listener: socket.socket) -> None:
    """And then the socket is closed."""
    talk = Talk(port_of(listener), connect)
    with Exchanges() as going:
        going.start(talk)
        await talk.is_over.wait()

    assert talk.error is None
    assert talk.socket.fileno() < 0


async def test_what_goes_wrong_is_told() -> None:
    """Refused, or a bug in the steps: somebody waits for an end."""

    def stumble(_talk: Talk) -> Steps:
        yield from ()
        raise ZeroDivisionError

    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = port_of(gone)
    refused, stumbled = Talk(port, connect), Talk(port, stumble)
    with Exchanges() as going:
        going.start(refused)
        going.start(stumbled)
        await asyncio.gather(refused.is_over.wait(), stumbled.is_over.wait())

    assert isinstance(refused.error, ConnectionRefusedError)
    assert isinstance(stumbled.error, ZeroDivisionError)


async def test_more_than_a_socket_holds_is_sent_in_parts(listener: socket.socket) -> None:
    """Each when there is room."""
    text = b"x" * 8_000_000

    def pour(talk: Talk) -> Steps:
        yield from connect(talk)
        yield from send(talk.socket, text)

    talk = Talk(port_of(listener), pour)
    with Exchanges() as going:
        going.start(talk)
        connection, _ = listener.accept()
        with connection:
            received = await asyncio.to_thread(_read_all, connection, len(text))
            await talk.is_over.wait()

    assert (talk.error, received) == (None, len(text))


def _read_all(connection: socket.socket, size: int) -> int:
    received = 0
    while received < size:
        received += len(connection.recv(1_000_000))
    return received


async def test_each_has_its_own_deadline(listener: socket.socket) -> None:
    """Whatever order they begin in."""
    late, early = (Talk(port_of(listener), wait_for_ever, seconds) for seconds in (0.3, 0.1))
    with Exchanges() as going:
        going.start(late)
        going.start(early)
        await asyncio.gather(late.is_over.wait(), early.is_over.wait())

    assert isinstance(early.error, TimeoutError)
    assert isinstance(late.error, TimeoutError)
    assert early.deadline <= early.ended_at < late.deadline <= late.ended_at


async def test_what_has_arrived_is_taken_before_time_is_over(listener: socket.socket) -> None:
    """A busy loop invents no outage."""
    received = b""

    def hear(talk: Talk) -> Steps:
        nonlocal received
        yield from connect(talk)
        while not received:
            try:
                received = talk.socket.recv(9)
            except BlockingIOError:
                yield

    talk = Talk(port_of(listener), hear, 0.1)
    with Exchanges() as going:
        going.start(talk)
        connection, _ = listener.accept()
        with connection:
            await asyncio.sleep(0.02)
            connection.send(b"here")
            time.sleep(0.2)  # the loop does nothing else
            await talk.is_over.wait()

    assert (talk.error, received) == (None, b"here")


async def test_hundreds_go_on_beside_each_other(listener: socket.socket) -> None:
    """More than are looked at in one turn."""
    talks = [Talk(port_of(listener), connect) for _ in range(200)]
    with Exchanges() as going:
        for talk in talks:
            going.start(talk)
        await asyncio.gather(*(talk.is_over.wait() for talk in talks))

    assert {talk.error for talk in talks} == {None}


async def test_what_is_given_up_is_closed(listener: socket.socket) -> None:
    """A socket left open is warned of, and that is an error here."""
    talk = Talk(port_of(listener), wait_for_ever)
    with Exchanges() as going:
        going.start(talk)
        await asyncio.sleep(0.05)
    gc.collect()

    assert talk.socket.fileno() < 0
    assert not talk.is_over.is_set()
