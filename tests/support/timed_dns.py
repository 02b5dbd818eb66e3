"""A DNS server on loopback whose answers' TTL is the time, in µs, that it took to answer them."""

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.adapters.dns_sockets import SO_TIMESTAMPNS, TIMESPEC

RECEIVE_OCTETS = 4 * 1024 * 1024
READS_MAX = 64
ANSWERED = 0x8580
ADDRESS = bytes((127, 1, 0, 4))


def _answer(query: bytes, client: object, came_ns: int, server: socket.socket) -> None:
    end = query.index(0, 12) + 5
    head = query[:2] + struct.pack("!HHHHH", ANSWERED, 1, 1, 0, 0) + query[12:end] + b"\xc0\x0c"
    took_us = (time.time_ns() - came_ns) // 1_000
    server.sendto(head + struct.pack("!HHIH", 1, 1, took_us, 4) + ADDRESS, client)  # type: ignore[arg-type,call-overload,unused-ignore]


def _serve(servers: list[socket.socket], stopped: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([*servers, stopped], (), ())
        if stopped in ready:
            return
        for server in ready:
            for _ in range(READS_MAX):
                try:
                    query, ancillary, _, client = server.recvmsg(2_048, 64)
                except BlockingIOError:
                    break
                seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
                _answer(query, client, seconds * 1_000_000_000 + nanoseconds, server)


@contextmanager
def timed_dns(count: int) -> Iterator[list[str]]:
    """So many of them within the block; their addresses."""
    servers = []
    for _ in range(count):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        server.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        server.setblocking(False)
        server.bind(("127.0.0.1", 0))
        servers.append(server)
    stop, stopped = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(servers, stopped))
    thread.start()
    try:
        yield [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    finally:
        stop.send(b"x")
        thread.join()
        for one in (*servers, stop, stopped):
            one.close()
