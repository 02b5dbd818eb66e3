"""The machines' HTTP servers: real sockets whose port follows the machine's power."""

import asyncio
import socket
from collections.abc import Iterable
from typing import cast

from emulator.listener import Listener, Mode, abort, reset

_HEAD_OCTETS_MAX = 16_384
_CLIENTS_MAX = 500  # per machine; more are reset


class _Http(asyncio.Protocol):
    """One HTTP/1.1 client of a machine: any path is 200 and says who served it."""

    def __init__(self, backend: "Backend") -> None:
        self._backend = backend
        self._buffer = b""
        self._body_left = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # as asyncio promises for TCP
        self._backend.clients.add(self)
        if not self._backend.is_serving:  # stopped between accept and here
            self.fall_silent()

    def connection_lost(self, exc: Exception | None) -> None:
        self._backend.clients.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self.transport is not None and not self.transport.is_closing():
            skipped = self._buffer[: self._body_left]
            self._buffer = self._buffer[len(skipped) :]
            self._body_left -= len(skipped)
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                if len(self._buffer) > _HEAD_OCTETS_MAX:
                    self._answer(431, keeps=False)
                return
            self._buffer = rest
            self._answer_head(head.decode("latin-1").split("\r\n"))

    def fall_silent(self) -> None:
        """Say nothing more: no bytes, no FIN, whatever the client does."""
        if self.transport is not None:
            self.transport.pause_reading()

    def _answer_head(self, lines: list[str]) -> None:
        method, _, rest = lines[0].partition(" ")
        version = rest.rpartition(" ")[2]
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            self._answer(400, keeps=False)
            return
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
        if "transfer-encoding" in headers:
            self._answer(411, keeps=False)  # a toy server reads bodies by their length only
            return
        length = headers.get("content-length", "0")
        self._body_left = int(length) if length.isdecimal() else 0
        wanted = headers.get("connection", "close" if version == "HTTP/1.0" else "keep-alive")
        status = 200 if method in ("GET", "HEAD") else 405
        self._answer(status, keeps="close" not in wanted, has_body=method != "HEAD")

    def _answer(self, status: int, *, keeps: bool, has_body: bool = True) -> None:
        if self.transport is None:
            return
        body = f"{self._backend.name}\n".encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"x-served-by: {self._backend.name}\r\n"
            f"Connection: {'keep-alive' if keeps else 'close'}\r\n\r\n"
        )
        self.transport.write(head.encode() + (body if has_body else b""))
        if not keeps:
            self.transport.close()


_REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    411: "Length Required",
    431: "Request Header Fields Too Large",
}


class Backend:
    """One machine's web server, on every address and port it listens on."""

    def __init__(self, name: str, places: Iterable[tuple[str, int]], stopped: Mode) -> None:
        self.name = name
        self.is_serving = False
        self.clients: set[_Http] = set()
        self._stopped = stopped
        self._tasks: set[asyncio.Task[object]] = set()
        # By the address and port that the cloud knows; the real port is the listener's own.
        self.listeners = {place: Listener(place[0], self._accepted) for place in places}

    def serve(self) -> None:
        """Answer from now on; what hung or was silent is reset."""
        self.is_serving = True
        for client in list(self.clients):
            abort(client.transport)
        for listener in self.listeners.values():
            listener.switch(Mode.ANSWERS)

    def stop(self) -> None:
        """Answer nothing from now on."""
        self.is_serving = False
        for client in list(self.clients):
            if self._stopped is Mode.DROPS:
                client.fall_silent()
            else:
                abort(client.transport)
        for listener in self.listeners.values():
            listener.switch(self._stopped)

    def close(self) -> None:
        """Give all sockets back."""
        for listener in self.listeners.values():
            listener.close()
        for client in list(self.clients):
            abort(client.transport)

    def _accepted(self, connection: socket.socket) -> None:
        if len(self.clients) >= _CLIENTS_MAX:
            reset(connection)
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(lambda: _Http(self), connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
