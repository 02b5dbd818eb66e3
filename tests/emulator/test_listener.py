"""Ports that answer, drop or refuse: what a TCP client meets, without privileges."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from emulator.listener import Listener, Mode, reset

HANG_SECONDS = 0.1  # longer than any loopback handshake takes


@pytest.fixture
async def listener() -> Iterator[Listener]:  # type: ignore[misc]
    """A listener that greets and leaves."""

    def greet(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        connection.close()

    made = Listener("127.1.99.3", greet)
    yield made
    made.close()


async def meet(listener: Listener) -> str:
    """Return what a new client meets."""
    connecting = asyncio.open_connection(listener.address, listener.port)
    try:
        async with asyncio.timeout(HANG_SECONDS):
            reader, writer = await connecting
            said = await reader.read()
            writer.close()
    except TimeoutError:
        return "silence"
    except OSError as error:
        return type(error).__name__
    return said.decode()


async def test_an_answering_port_accepts(listener: Listener) -> None:
    """The ordinary case."""
    listener.switch(Mode.ANSWERS)

    assert await meet(listener) == "hello"


async def test_a_dropping_port_is_silent_to_everyone_from_the_first(listener: Listener) -> None:
    """As a firewall before a stopped machine: no refusal, no handshake."""
    listener.switch(Mode.ANSWERS)
    listener.switch(Mode.DROPS)

    with socket.socket() as client:
        client.settimeout(HANG_SECONDS)
        with pytest.raises(TimeoutError):
            client.connect((listener.address, listener.port))
    assert await asyncio.gather(*(meet(listener) for _ in range(20))) == ["silence"] * 20


async def test_a_refusing_port_refuses_at_once(listener: Listener) -> None:
    """A machine that is up with its service down."""
    listener.switch(Mode.ANSWERS)
    listener.switch(Mode.REFUSES)

    assert await meet(listener) == "ConnectionRefusedError"


async def test_a_port_can_change_as_often_as_it_likes(listener: Listener) -> None:
    """Every way from one to the other, on the same port number."""
    port = listener.port
    expected = {
        Mode.ANSWERS: "hello",
        Mode.DROPS: "silence",
        Mode.REFUSES: "ConnectionRefusedError",
    }
    ways = [Mode.ANSWERS, Mode.DROPS, Mode.REFUSES, Mode.DROPS, Mode.ANSWERS, Mode.REFUSES]

    for mode in (*ways, *ways):
        listener.switch(mode)
        assert await meet(listener) == expected[mode]
    assert listener.port == port


async def test_a_connection_closed_with_reset_is_reset(listener: Listener) -> None:
    """What a machine that has just booted says to connections that it does not know."""
    listener.close()
    with socket.create_server(("127.1.99.3", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        reset(accepted)

        with pytest.raises(ConnectionResetError):
            client.recv(1)
    listener.__init__("127.1.99.3", lambda _: None)  # type: ignore[misc]
