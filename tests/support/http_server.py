"""A small real HTTP server on loopback, a thread per connection, as rude as a test wants it."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Responder = Callable[[bytes], bytes | None]
"""Takes the request's head; returns what is sent before hanging up, or None: silence."""


def answer(status: int, *headers: str, body: str = "served\n") -> bytes:
    """Return a response."""
    lines = (f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", body)
    return "\r\n".join(lines).encode()


class HttpServer(socketserver.ThreadingTCPServer):
    """Answers as `respond` says (it may be changed at any time) and keeps the requests."""

    daemon_threads = False  # so that closing waits for every connection
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, respond: Responder, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.respond, self.context = respond, context
        self.requests: list[bytes] = []
        self.closing = threading.Event()
        self.port: int = self.server_address[1]


class _Connection(socketserver.BaseRequestHandler):
    server: HttpServer

    def handle(self) -> None:
        context: ssl.SSLContext | None = self.server.context
        with suppress(OSError):
            if context is None:
                self._serve(self.request)
                return
            with context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            ) as secured:
                secured.do_handshake()
                self._serve(secured)

    def _serve(self, connection: socket.socket) -> None:
        head = self._head(connection)
        if not head:
            return
        self.server.requests.append(head)
        response = self.server.respond(head)
        if response is None:
            self.server.closing.wait()
            return
        connection.sendall(response)

    def _head(self, connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4_096)
            if not more:
                return b""
            head += more
        return head


@contextmanager
def http_server(respond: Responder, context: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """A server that answers within the block."""
    with HttpServer(respond, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def self_signed(folder: Path, host: str) -> ssl.SSLContext:
    """Return a server's TLS context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.fromtimestamp(0, UTC) + timedelta(days=365 * 50)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * 50))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
