"""The load balancer: forwards to machines that serve, drops when none does."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from emulator.backends import Backend
from emulator.balancer import Balancer, Member
from emulator.listener import Mode

HANG_SECONDS = 0.1
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Pool:
    """Two machines behind one frontend."""

    def __init__(self) -> None:
        places = [(f"127.1.99.{number}", 80) for number in (11, 12)]
        self.machines = [Backend(f"vm{p[0][-1]}", [p], Mode.DROPS) for p in places]
        members = [Member(m, m.listeners[p]) for m, p in zip(self.machines, places, strict=True)]
        self.balancer = Balancer("lb", "127.1.99.10", members)
        self.opened: list[asyncio.StreamWriter] = []

    def serve(self, *serving: bool) -> None:
        """Let each machine serve or not."""
        for machine, serves in zip(self.machines, serving, strict=True):
            if serves and not machine.is_serving:
                machine.serve()
            elif not serves:
                machine.stop()
        self.balancer.follow_pool()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a new connection to the frontend."""
        listener = self.balancer.listener
        reader, writer = await asyncio.open_connection(listener.address, listener.port)
        self.opened.append(writer)
        return reader, writer

    async def served_by(self) -> str:
        """Return which machine answers a new client."""
        async with asyncio.timeout(HANG_SECONDS):
            reader, writer = await self.connect()
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        return head.partition(b"x-served-by: ")[2].split(b"\r\n")[0].decode()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Both machines serve."""
    made = Pool()
    made.serve(True, True)
    yield made
    made.balancer.close()
    for machine in made.machines:
        machine.close()
    for writer in made.opened:
        writer.transport.abort()
    await asyncio.sleep(0)


async def test_connections_go_round(pool: Pool) -> None:
    """Each machine has its turn."""
    assert {await pool.served_by() for _ in range(4)} == {"vm1", "vm2"}


async def test_a_machine_that_does_not_serve_is_passed_over(pool: Pool) -> None:
    """At once: health probes of the load balancer itself are not emulated."""
    pool.serve(True, False)

    assert {await pool.served_by() for _ in range(4)} == {"vm1"}


async def test_without_a_serving_machine_the_frontend_drops(pool: Pool) -> None:
    """As a Standard load balancer does; and it is back with the first machine."""
    pool.serve(False, False)
    with pytest.raises(TimeoutError):
        await pool.served_by()

    pool.serve(False, True)
    assert await pool.served_by() == "vm2"


async def test_an_open_connection_to_a_stopped_machine_goes_silent(pool: Pool) -> None:
    """The load balancer does not end flows for it."""
    pool.serve(True, False)
    reader, writer = await pool.connect()
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\n")
    pool.serve(False, False)
    writer.write(GET)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(HANG_SECONDS):
            await reader.read(1)

    pool.serve(True, False)  # and is reset when the machine is back
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(HANG_SECONDS):
            assert await reader.read(1) == b"?"


async def test_more_than_fits_into_the_buffers_passes(pool: Pool) -> None:
    """A slow reader holds back the fast writer; nothing is lost."""
    requests = 20_000
    reader, writer = await pool.connect()
    writer.write(GET * requests)
    await asyncio.sleep(0.05)  # let the answers pile up

    served = 0
    while served < requests:
        served += (await reader.readuntil(b"\r\n\r\n")).count(b"200 OK")


async def test_a_client_whose_machine_has_just_gone_hears_nothing(pool: Pool) -> None:
    """The pool has not been followed yet: the connection is held, and reset when one is back."""
    pool.machines[0].stop()
    pool.machines[1].stop()
    with pytest.raises(TimeoutError):
        await pool.served_by()

    pool.serve(True, True)
    assert await pool.served_by() in {"vm1", "vm2"}


async def test_bytes_pass_both_ways_and_so_do_endings(pool: Pool) -> None:
    """A client's close reaches the machine, a machine's close the client."""
    reader, writer = await pool.connect()
    writer.write(GET.replace(b"Host", b"Connection: close\r\nHost"))

    assert (await reader.read()).endswith(b"\n")  # up to the machine's FIN
    writer.close()
    for machine in pool.machines:
        async with asyncio.timeout(1):
            while machine.clients:
                await asyncio.sleep(0.001)


async def test_a_flow_that_both_sides_have_ended_holds_nothing(pool: Pool) -> None:
    """Whoever ends first: a balancer that forwards for days must not run out of sockets."""
    before = open_sockets()
    for connection in ("close", "keep-alive"):  # the machine ends first, the client does
        for _ in range(5):
            reader, writer = await pool.connect()
            writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
    async with asyncio.timeout(1):
        while open_sockets() > before:
            await asyncio.sleep(0.01)


def open_sockets() -> int:
    """How many sockets this process holds."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own descriptor has gone by now
            count += os.readlink(link).startswith("socket:")
    return count
