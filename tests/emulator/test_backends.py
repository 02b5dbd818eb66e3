"""The machines' web servers: HTTP when they serve, silence when they are off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from emulator.backends import Backend
from emulator.cloud import HeaderAnswer
from emulator.listener import Mode

PLACE, OTHER_PLACE = ("127.1.99.4", 80), ("127.1.99.5", 80)
HANG_SECONDS = 0.1
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[Backend], Awaitable[Client]]


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    """A machine that serves."""
    made = Backend("virginia-vm", [PLACE], Mode.DROPS)
    made.serve()
    yield made
    made.close()
    await asyncio.sleep(0)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes connections, and ends them with the test."""
    opened: list[asyncio.StreamWriter] = []

    async def connect(backend: Backend) -> Client:
        listener = backend.listeners[PLACE]
        reader, writer = await asyncio.open_connection(listener.address, listener.port)
        opened.append(writer)
        return reader, writer

    yield connect
    for writer in opened:
        writer.transport.abort()
    await asyncio.sleep(0)


async def exchange(client: Client, request: bytes) -> bytes:
    """Send bytes and return the answer's head, and its body when it has one."""
    reader, writer = client
    writer.write(request)
    async with asyncio.timeout(HANG_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
        return head if request.startswith(b"HEAD") else head + await reader.readuntil(b"\n")


GET = b"GET /any/path HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_any_path_is_200_and_says_who_served_it(backend: Backend, connect: Connect) -> None:
    """For the product's `servedByHeader`."""
    answer = await exchange(await connect(backend), GET)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-served-by: virginia-vm\r\n" in answer
    assert b"Content-Type: text/plain" in answer
    assert answer.endswith(b"\r\n\r\nvirginia-vm\n")


async def test_a_connection_is_kept_until_the_client_wants_it_closed(
    backend: Backend, connect: Connect
) -> None:
    """Keep-alive by default in HTTP/1.1, and pipelined requests are answered in order."""
    client = await connect(backend)

    assert b"Connection: keep-alive" in await exchange(client, GET)
    assert (await exchange(client, GET + GET)).endswith(b"virginia-vm\n")
    async with asyncio.timeout(HANG_SECONDS):
        await client[0].readuntil(b"virginia-vm\n")
    closing = GET.replace(b"Host", b"Connection: close\r\nHost")
    assert b"Connection: close" in await exchange(client, closing)
    assert await client[0].read() == b""


async def test_head_has_no_body_and_a_requests_body_is_skipped(
    backend: Backend, connect: Connect
) -> None:
    """Some probes are HEAD (azure-docs#41881)."""
    client = await connect(backend)
    with_body = GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n") + b"12345"

    assert b"200 OK" in await exchange(client, GET.replace(b"GET", b"HEAD"))
    assert b"200 OK" in await exchange(client, with_body)
    assert b"200 OK" in await exchange(client, GET)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (GET.replace(b"GET", b"DELETE"), b"405"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"G" * 20_000, b"431"),
        (b"\xff\xfe\r\n\r\n", b"400"),
    ],
)
async def test_bad_requests_are_told_so(
    backend: Backend, connect: Connect, request_bytes: bytes, status: bytes
) -> None:
    """And the machine goes on."""
    assert (await exchange(await connect(backend), request_bytes)).split()[1] == status
    assert b"200 OK" in await exchange(await connect(backend), GET)


DRILL = GET.replace(b"Host: x", b"Host: x\r\nX-Failover-Drill:  fail ")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (DRILL, b"503"),
        (DRILL.replace(b"GET", b"HEAD"), b"503"),
        (DRILL.replace(b"GET", b"DELETE"), b"405"),
        (DRILL.replace(b"fail", b"Fail"), b"200"),
        (DRILL.replace(b"Drill:", b"Drills:"), b"200"),
        (GET, b"200"),
    ],
)
async def test_a_header_makes_the_application_answer_otherwise(
    backend: Backend, connect: Connect, request_bytes: bytes, status: bytes
) -> None:
    """Names in any case, values as they are; all other requests are served on."""
    backend.header_answers = (HeaderAnswer("x-failover-drill", "fail", 503),)

    assert (await exchange(await connect(backend), request_bytes)).split()[1] == status


async def test_an_address_that_is_the_machines_no_more_is_nobodys(connect: Connect) -> None:
    """Silent, also where the machine's own ports would refuse."""
    backend = Backend("vm", [PLACE, OTHER_PLACE], Mode.REFUSES)
    backend.is_at = lambda address: address == OTHER_PLACE[0]
    try:
        for switch in (backend.serve, backend.stop):
            switch()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(HANG_SECONDS):
                    await connect(backend)
    finally:
        backend.close()


async def test_a_stopped_machine_says_nothing_to_anyone(backend: Backend, connect: Connect) -> None:
    """New connections hang; open ones go silent: no bytes and no FIN."""
    client = await connect(backend)
    await exchange(client, GET)

    backend.stop()

    with pytest.raises(TimeoutError):
        await exchange(client, GET)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(HANG_SECONDS):
            await connect(backend)


async def test_a_connection_opened_in_the_very_moment_of_the_stop_is_silent(
    backend: Backend, connect: Connect
) -> None:
    """Accepted by the kernel, or even by us, but never answered."""
    client = await connect(backend)
    backend.stop()

    with pytest.raises(TimeoutError):
        await exchange(client, GET)


async def test_a_machine_that_serves_again_has_forgotten_its_connections(
    backend: Backend, connect: Connect
) -> None:
    """Old ones are reset, new ones are answered."""
    old = await connect(backend)
    await exchange(old, GET)
    backend.stop()

    backend.serve()

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await exchange(old, GET)
    assert b"200 OK" in await exchange(await connect(backend), GET)


async def test_a_machine_that_refuses_resets_its_connections(connect: Connect) -> None:
    """The other switch: the machine is up, its service is not."""
    backend = Backend("vm", [PLACE], Mode.REFUSES)
    backend.serve()
    client = await connect(backend)
    await exchange(client, GET)

    backend.stop()

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await exchange(client, GET)
    with pytest.raises(ConnectionRefusedError):
        await connect(backend)
    backend.close()
