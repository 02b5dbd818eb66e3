"""The machines' HTTP servers: real sockets whose port follows the machine's power."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import cast

from emulator.cloud import HeaderAnswer
from emulator.fault_parts import EndpointFault
from emulator.listener import Listener, Mode, abort, reset

log = logging.getLogger(__name__)

HTTPS_PORT = 443  # a machine that listens there speaks TLS; plain HTTP on all other ports
_HEAD_OCTETS_MAX = 16_384
_LENGTH_DIGITS_MAX = 15  # of Content-Length; no body comes near it
_CLIENTS_MAX = 500  # per machine; more are reset


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a machine says to one request."""

    status: int
    body: bytes
    keeps: bool
    has_body: bool = True


class _Http(asyncio.Protocol):
    """One HTTP/1.1 client of a machine: any path is 200 and says who served it.

    Unless the request has a header by which the application answers another status.
    """

    def __init__(self, backend: "Backend") -> None:
        self._backend = backend
        self._buffer = b""
        self._body_left = 0
        self._late: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # as asyncio promises for TCP
        self._backend.clients.add(self)
        if not self._backend.is_serving:  # stopped between accept and here
            self.fall_silent()

    def connection_lost(self, exc: Exception | None) -> None:
        self._backend.clients.discard(self)
        if self._late is not None:
            self._late.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._answer_buffered()

    def fall_silent(self) -> None:
        """Say nothing more: no bytes, no FIN, whatever the client does."""
        if self._late is not None:
            self._late.cancel()
        if self.transport is not None:
            self.transport.pause_reading()

    def _answer_buffered(self) -> None:
        """Answer request after request, unless one is still waiting for its answer."""
        while self._late is None and self.transport and not self.transport.is_closing():
            skipped = self._buffer[: self._body_left]
            self._buffer = self._buffer[len(skipped) :]
            self._body_left -= len(skipped)
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                if len(self._buffer) > _HEAD_OCTETS_MAX:
                    self._send(self._plain(431))
                return
            self._buffer = rest
            self._answer_head(head.decode("latin-1").split("\r\n"))

    def _answer_head(self, lines: list[str]) -> None:
        method, _, rest = lines[0].partition(" ")
        path, _, version = rest.rpartition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            self._send(self._plain(400))
            return
        pairs = (line.partition(":") for line in lines[1:])
        sent = {name.strip().lower(): value.strip() for name, _, value in pairs}
        headers = {name: value.lower() for name, value in sent.items()}
        if "transfer-encoding" in headers:
            self._send(self._plain(411))  # a toy server reads bodies by their length only
            return
        length = headers.get("content-length", "0")
        is_length = length.isdecimal() and len(length) <= _LENGTH_DIGITS_MAX
        self._body_left = int(length) if is_length else 0
        wanted = headers.get("connection", "close" if version == "HTTP/1.0" else "keep-alive")
        status = self._backend.status_for(sent) if method in ("GET", "HEAD") else 405
        proper = replace(
            self._plain(status), keeps="close" not in wanted, has_body=method != "HEAD"
        )
        self._answer_as_faults_say(proper, path)

    def _answer_as_faults_say(self, proper: _Answer, path: str) -> None:
        fault = self._backend.mishap(self._backend.name, path)
        if fault is None:
            self._send(proper)
        elif fault.effect == "slow":
            seconds = self._backend.to_wall_seconds(fault.delay_seconds)
            self._late = asyncio.get_running_loop().call_later(seconds, self._send_late, proper)
        elif fault.effect == "status":
            self._send(replace(proper, status=fault.status))
        else:
            self._send(replace(proper, body=fault.body.encode()))

    def _plain(self, status: int) -> _Answer:
        return _Answer(status=status, body=f"{self._backend.name}\n".encode(), keeps=False)

    def _send_late(self, answer: _Answer) -> None:
        self._late = None
        self._send(answer)
        self._answer_buffered()

    def _send(self, answer: _Answer) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        head = (
            f"HTTP/1.1 {answer.status} {_reason(answer.status)}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(answer.body)}\r\n"
            f"x-served-by: {self._backend.name}\r\n"
            f"Connection: {'keep-alive' if answer.keeps else 'close'}\r\n\r\n"
        )
        self.transport.write(head.encode() + (answer.body if answer.has_body else b""))
        if not answer.keeps:
            self.transport.close()


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def _no_mishap(_machine: str, _path: str) -> EndpointFault | None:
    return None


class Backend:
    """One machine's web server, on every address and port it listens on."""

    def __init__(self, name: str, places: Iterable[tuple[str, int]], stopped: Mode) -> None:
        self.name = name
        self.is_serving = False
        self.clients: set[_Http] = set()
        self.mishap: Callable[[str, str], EndpointFault | None] = _no_mishap
        self.to_wall_seconds: Callable[[float], float] = float
        self.header_answers: tuple[HeaderAnswer, ...] = ()
        self.is_at: Callable[[str], bool] = lambda _address: True
        self._stopped = stopped
        self._tasks: set[asyncio.Task[None]] = set()
        self.tls: ssl.SSLContext | None = None
        # By the address and port that the cloud knows; the real port is the listener's own.
        self.listeners = {
            place: Listener(place[0], partial(self._accepted, place[1] == HTTPS_PORT))
            for place in places
        }

    def serve(self) -> None:
        """Answer from now on; what hung or was silent is reset."""
        self.is_serving = True
        for client in list(self.clients):
            abort(client.transport)
        self._switch(Mode.ANSWERS)

    def stop(self) -> None:
        """Answer nothing from now on."""
        self.is_serving = False
        for client in list(self.clients):
            if self._stopped is Mode.DROPS:
                client.fall_silent()
            else:
                abort(client.transport)
        self._switch(self._stopped)

    def status_for(self, headers: Mapping[str, str]) -> int:
        """Return what the application answers to a request with these headers."""
        answers = (a for a in self.header_answers if headers.get(a.header.lower()) == a.value)
        return next((answer.status for answer in answers), HTTPStatus.OK.value)

    def close(self) -> None:
        """Give all sockets back."""
        for listener in self.listeners.values():
            listener.close()
        for client in list(self.clients):
            abort(client.transport)

    def _switch(self, mode: Mode) -> None:
        """Change what clients meet; an address that is not the machine's now is nobody's."""
        for (address, _), listener in self.listeners.items():
            listener.switch(mode if self.is_at(address) else Mode.DROPS)

    def _accepted(self, is_tls: bool, connection: socket.socket) -> None:
        if len(self.clients) >= _CLIENTS_MAX:
            reset(connection)
            return
        loop = asyncio.get_running_loop()
        tls = self.tls if is_tls else None
        answering = loop.connect_accepted_socket(lambda: _Http(self), connection, ssl=tls)
        task = loop.create_task(_connect(answering))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _connect(answering: Coroutine[object, object, object]) -> None:
    """Take a client in; one that speaks no TLS where TLS is spoken is gone already."""
    try:
        await answering
    except OSError as error:
        log.debug("client lost error=%s", error)
