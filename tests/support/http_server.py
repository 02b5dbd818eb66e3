"""A small real HTTP server on loopback, a thread per connection, as rude as a test wants it."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

Responder = Callable[[bytes], bytes | None]
"""Takes the request's head; returns what is sent before hanging up, or None: silence."""


def answer(status: int, *headers: str, body: str = "served\n") -> bytes:
    """Return a response."""
    lines = (f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", body)
    return "\r\n".join(lines).encode()


class Connection(socketserver.BaseRequestHandler):
    """A client's connection, through TLS where the server has a certificate."""

    server: "HttpServer"

    def handle(self) -> None:
        """Serve until one of the two hangs up."""
        context: ssl.SSLContext | None = self.server.context
        with suppress(OSError):
            if context is None:
                self.serve(self.request)
                return
            with context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            ) as secured:
                secured.do_handshake()
                self.serve(secured)

    def serve(self, connection: socket.socket) -> None:
        """Answer one request."""
        self.answer_next(connection)

    def answer_next(self, connection: socket.socket) -> bool:
        """Answer the next request; False where none came, or where it is met with silence."""
        head = self._head(connection)
        if not head:
            return False
        self.note(head)
        response = self.server.respond(head)
        if response is None:
            self.server.closing.wait()
            return False
        connection.sendall(response)
        return True

    def note(self, head: bytes) -> None:
        """Keep what was asked."""
        self.server.requests.append(head)

    def _head(self, connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4_096)
            if not more:
                return b""
            head += more
        return head


class HttpServer(socketserver.ThreadingTCPServer):
    """Answers as `respond` says (it may be changed at any time) and keeps the requests."""

    daemon_threads = False  # so that closing waits for every connection
    allow_reuse_address = True
    request_queue_size = 128
    connection = Connection

    def __init__(self, respond: Responder, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), self.connection)
        self.respond, self.context = respond, context
        self.requests: list[bytes] = []
        self.closing = threading.Event()
        self.port: int = self.server_address[1]

    def end(self) -> None:
        """Keep nobody waiting any longer."""
        self.closing.set()


Server = TypeVar("Server", bound=HttpServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Let a server answer within the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.end()
            server.shutdown()
            thread.join()


@contextmanager
def http_server(respond: Responder, context: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """A server that answers within the block."""
    with serving(HttpServer(respond, context)) as server:
        yield server
