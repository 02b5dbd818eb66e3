"""A small real HTTP server on loopback that keeps its connections, and can end them at any time."""

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.http_server import Responder

LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing resets."""


class KeepingServer(socketserver.ThreadingTCPServer):
    """Answers request after request as `respond` says; None is silence.

    `visits` holds, for every request, the number of the connection that it came over.
    """

    daemon_threads = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, respond: Responder, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.respond, self.context = respond, context
        self.visits: list[int] = []
        self.open: dict[int, socket.socket] = {}
        self.accepted = 0
        self.closing = threading.Event()
        self.port: int = self.server_address[1]

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


class _Connection(socketserver.BaseRequestHandler):
    server: KeepingServer

    def handle(self) -> None:
        self.server.accepted += 1
        number = self.server.accepted
        context = self.server.context
        with suppress(OSError):
            if context is None:
                self._serve(number, self.request)
                return
            with context.wrap_socket(self.request, server_side=True) as secured:
                self._serve(number, secured)

    def _serve(self, number: int, connection: socket.socket) -> None:
        self.server.open[number] = connection
        try:
            while head := self._head(connection):
                self.server.visits.append(number)
                response = self.server.respond(head)
                if response is None:
                    self.server.closing.wait()
                    return
                connection.sendall(response)
        finally:
            del self.server.open[number]

    def _head(self, connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4_096)
            if not more:
                return b""
            head += more
        return head


@contextmanager
def keeping_server(
    respond: Responder, context: ssl.SSLContext | None = None
) -> Iterator[KeepingServer]:
    """A server that answers within the block."""
    with KeepingServer(respond, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.hang_up()
            server.shutdown()
            thread.join()
