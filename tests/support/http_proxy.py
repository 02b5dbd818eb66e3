"""A proxy that understands HTTP: each request is told before it goes on, and after its answer came.

Whoever is told may take its time, during which the client waits, or drop the request.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

CHUNK_BYTES = 65_536
NO_BODY = (204, 304)


class Stage(StrEnum):
    """Where a request is."""

    BEFORE = "before"
    """It has left its client, and has reached nobody."""
    AFTER = "after"
    """It was done and answered, and its client has not heard of it."""


class Dropped(Exception):
    """The request gets no further, or its answer does not."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    body: bytes


Watch = Callable[[Request, Stage], None]
"""Told of every request, twice; raises Dropped to end its connection."""


class _Message:
    """One request or response, as it came."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.octets = head + body
        self.head, self.body = head, body

    @property
    def first_line(self) -> str:
        """Its first line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1")


class HttpProxy:
    """Stands before one port of loopback."""

    def __init__(self, target_port: int, watch: Watch) -> None:
        self._target_port, self._watch = target_port, watch
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def close(self) -> None:
        """End everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._run(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        """Pass one connection's requests on, one after the other."""
        with suppress(OSError, Dropped), client:
            server = socket.create_connection(("127.0.0.1", self._target_port))
            with server:
                self._keep(client, server)
                try:
                    self._pass_on(client, server)
                finally:
                    self._forget(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        from_client, from_server = _Reader(client), _Reader(server)
        while (asked := from_client.message()) is not None:
            method, path, _ = asked.first_line.split(" ", 2)
            request = Request(method, unquote(path), asked.body)
            self._watch(request, Stage.BEFORE)
            server.sendall(asked.octets)
            answer = from_server.message(is_answer=True)
            if answer is None:
                return
            self._watch(request, Stage.AFTER)
            client.sendall(answer.octets)

    def _keep(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._sockets |= set(sockets)

    def _forget(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._sockets -= set(sockets)

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


class _Reader:
    """Reads messages off a connection."""

    def __init__(self, source: socket.socket) -> None:
        self._source, self._rest = source, b""

    def message(self, *, is_answer: bool = False) -> _Message | None:
        """Return the next message; None when the other side has ended."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        if is_answer and int(head.split(b" ", 2)[1]) in NO_BODY:
            return _Message(head, b"")
        if re.search(rb"\r\ntransfer-encoding:\s*chunked", head, re.IGNORECASE):
            return _Message(head, self._chunks())
        length = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
        return _Message(head, self._exactly(int(length[1]) if length else 0))

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._rest:
            more = self._source.recv(CHUNK_BYTES)
            if not more:
                return None
            self._rest += more
        found, _, self._rest = self._rest.partition(mark)
        return found + mark

    def _exactly(self, count: int) -> bytes:
        while len(self._rest) < count:
            more = self._source.recv(CHUNK_BYTES)
            if not more:
                raise ConnectionResetError("The connection ended within a message.")
            self._rest += more
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def _chunks(self) -> bytes:
        """Return a chunked body as it came; trailers are not used by anybody here."""
        body = b""
        while True:
            line = self._until(b"\r\n")
            if line is None:
                raise ConnectionResetError("The connection ended within a message.")
            size = int(line.split(b";")[0], 16)
            body += line + self._exactly(size + 2)
            if size == 0:
                return body


@contextmanager
def running_http_proxy(target_port: int, watch: Watch) -> Iterator[HttpProxy]:
    """Run a proxy in front of a port of loopback."""
    proxy = HttpProxy(target_port, watch)
    try:
        yield proxy
    finally:
        proxy.close()
