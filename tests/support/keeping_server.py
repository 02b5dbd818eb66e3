"""A small real HTTP server on loopback that keeps its connections, and can end them at any time."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.http_server import Connection, HttpServer, Responder, serving

LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing resets."""


class _Kept(Connection):
    server: "KeepingServer"
    number: int

    def handle(self) -> None:
        self.server.accepted += 1
        self.number = self.server.accepted
        super().handle()

    def serve(self, connection: socket.socket) -> None:
        self.server.open[self.number] = connection
        try:
            while self.answer_next(connection):
                pass
        finally:
            del self.server.open[self.number]

    def note(self, head: bytes) -> None:
        super().note(head)
        self.server.visits.append(self.number)


class KeepingServer(HttpServer):
    """Answers request after request as `respond` says; None is silence.

    `visits` holds, for every request, the number of the connection that it came over.
    """

    connection = _Kept

    def __init__(self, respond: Responder, context: ssl.SSLContext | None = None) -> None:
        super().__init__(respond, context)
        self.visits: list[int] = []
        self.open: dict[int, socket.socket] = {}
        self.accepted = 0

    def hang_up(self) -> None:
        """End every connection as a server does that has waited long enough."""
        for connection in list(self.open.values()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End every connection as a machine does that knows nothing of them."""
        for connection in list(self.open.values()):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.hang_up()

    def end(self) -> None:
        """Keep nobody waiting, and no connection."""
        super().end()
        self.hang_up()


@contextmanager
def keeping_server(
    respond: Responder, context: ssl.SSLContext | None = None
) -> Iterator[KeepingServer]:
    """A server that answers within the block."""
    with serving(KeepingServer(respond, context)) as server:
        yield server
