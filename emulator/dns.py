"""DNS servers on the wire: UDP and TCP on one port; what is said is the handler's business.

An authoritative server's UDP answers are kept as bytes by question (`Answers`) until something is
published: a plain loop of receive, look up, send costs little more than a server in C.
"""

import asyncio
import bisect
import logging
import random
import socket
from collections.abc import Callable
from typing import cast

from emulator import wire
from emulator.listener import tcp_socket
from emulator.wire import Query, Rcode, Reply
from emulator.zones import Choices

log = logging.getLogger(__name__)

Respond = Callable[[Reply], None]
Handler = Callable[[Query, Respond], None]
Send = Callable[[bytes], None]
Serve = Callable[[bytes, Send], None]
Mishap = Callable[[bytes, Send, Serve], None]
"""Stands between the wire and a server: gets a message, and what would serve it."""

_TCP_IDLE_SECONDS_MAX = 10.0  # wall; RFC 7766 leaves it to the server
_LENGTH_OCTETS = 2
_TCP_CLIENTS_MAX = 200  # a laptop's worth; more are closed at once
_BIND_ATTEMPTS = 20  # a free TCP port whose UDP twin is taken is rare: a handful would do
_QUERY_OCTETS_MAX = 4_096  # UDP; no honest question comes near it
_QUERIES_PER_TURN = 64  # so that a flood of clients cannot hold the event loop
_RECEIVE_OCTETS = 1 << 20  # the kernel's default holds some 277 small messages
_PREPARED_MAX = 10_000  # questions; a stranger who asks for more only makes us forget


def at_once(reply: Callable[[Query], Reply]) -> Handler:
    """Make a handler of a function that knows its reply without waiting."""

    def handle(query: Query, respond: Respond) -> None:
        respond(reply(query))

    return handle


class _Drawn:
    """Prepared answers of which every query draws one."""

    def __init__(self, shares: list[float], bodies: list[bytes], dice: random.Random) -> None:
        self._shares, self._bodies, self._dice = shares, bodies, dice

    def draw(self) -> bytes:
        """Return one, as often as its share says."""
        index = bisect.bisect_right(self._shares, self._dice.random())
        return self._bodies[min(index, len(self._bodies) - 1)]  # shares may sum to 0.999…


class Answers:
    """An authoritative server's handler, with its answers prepared as bytes.

    Keys are messages without their id: flags, question with its case, EDNS. Every query of several
    choices draws from dice of the server's own, so that a seed repeats a run.
    """

    def __init__(
        self, choices: Callable[[Query], Choices], seed: str = "", *, keeps: bool = True
    ) -> None:
        self._choices, self._keeps = choices, keeps
        self._dice = random.Random(seed)  # noqa: S311 - to be repeatable
        self.prepared: dict[bytes, bytes | _Drawn] = {}

    def __call__(self, query: Query, respond: Respond) -> None:
        """Answer a query that came over TCP."""
        choices = self._choices(query)
        shares = [share for share, _ in choices]
        index = bisect.bisect_right(shares, self._dice.random()) if len(choices) > 1 else 0
        respond(choices[min(index, len(choices) - 1)][1])

    def forget(self) -> None:
        """Prepare everything anew: something was published."""
        self.prepared.clear()

    def prepare(self, message: bytes, query: Query) -> bytes:
        """Return one answer without its id, and keep them for the next such message."""
        choices = self._choices(query)
        limit = query.udp_octets_max
        bodies = [wire.write_reply(query, reply, limit)[2:] for _, reply in choices]
        drawn = _Drawn([share for share, _ in choices], bodies, self._dice)
        if self._keeps and query.may_come_again:
            if len(self.prepared) >= _PREPARED_MAX:
                self.prepared.clear()
            self.prepared[message[2:]] = bodies[0] if len(bodies) == 1 else drawn
        return bodies[0] if len(bodies) == 1 else drawn.draw()


def _refusal(query: Query) -> Reply | None:
    """Return the reply that a query gets whatever it asks for, if it is not to be answered."""
    if query.opcode != 0:
        return Reply(Rcode.NOTIMP, is_authoritative=False)
    if query.edns_version > 0:
        return Reply(Rcode.BADVERS, is_authoritative=False)
    if query.klass != wire.CLASS_IN:
        return Reply(Rcode.REFUSED, is_authoritative=False)
    return None


def _serve(message: bytes, handler: Handler, send: Send, octets_max: int | None) -> None:
    """Answer one message; a limit of None is what the client offers (UDP)."""
    try:
        query = wire.read_query(message)
    except wire.MalformedQuery:
        send(wire.write_format_error(message))
        return
    if query is None:
        return
    limit = octets_max or query.udp_octets_max

    def respond(reply: Reply) -> None:
        send(wire.write_reply(query, reply, limit))

    refusal = _refusal(query)
    if refusal is not None:
        respond(refusal)
    elif octets_max is None and isinstance(handler, Answers):
        send(message[:2] + handler.prepare(message, query))
    else:
        handler(query, respond)


class _Udp:
    """One UDP socket, read in a loop of our own: asyncio's costs more than the whole answer."""

    def __init__(self, opened: socket.socket, server: "DnsServer") -> None:
        self._socket, self._server = opened, server
        handler = server.handler
        self._prepared = handler.prepared if isinstance(handler, Answers) else {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(opened, self._receive)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _receive(self) -> None:
        """Answer what has come, the prepared answers without another thought."""
        receive, send, prepared = self._socket.recvfrom, self._socket.sendto, self._prepared
        for _ in range(_QUERIES_PER_TURN):
            try:
                message, client = receive(_QUERY_OCTETS_MAX)
                body = prepared.get(message[2:])
                if body is None or self._server.mishap is not None:
                    self._serve(message, client)
                elif body.__class__ is bytes:
                    send(message[:2] + body, client)
                else:
                    send(message[:2] + cast("_Drawn", body).draw(), client)
            except BlockingIOError:
                return
            except OSError as error:  # an answer that the kernel will not send is a lost one
                log.debug("answer lost error=%s", error)

    def _serve(self, message: bytes, client: tuple[str, int]) -> None:
        def send(answer: bytes) -> None:
            if self._socket.fileno() >= 0:
                self._socket.sendto(answer, client)

        self._server.serve(message, send, None)


class _Tcp(asyncio.Protocol):
    """One TCP client: messages with two octets of length before each (RFC 7766)."""

    def __init__(self, server: "DnsServer", clients: set["_Tcp"]) -> None:
        self._server, self._clients = server, clients
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if len(self._clients) >= _TCP_CLIENTS_MAX:
            self._transport.abort()
        self._clients.add(self)
        self._rearm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._rearm()
        self._buffer += data
        while len(self._buffer) >= _LENGTH_OCTETS:
            end = _LENGTH_OCTETS + int.from_bytes(self._buffer[:_LENGTH_OCTETS], "big")
            if len(self._buffer) < end:
                return
            message, self._buffer = self._buffer[_LENGTH_OCTETS:end], self._buffer[end:]
            self._server.serve(message, self._send, wire.MESSAGE_OCTETS_MAX)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, message: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(len(message).to_bytes(_LENGTH_OCTETS, "big") + message)

    def _rearm(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_TCP_IDLE_SECONDS_MAX, self.close)


class DnsServer:
    """One name server or resolver at one address, UDP and TCP on the same free port."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.mishap: Mishap | None = None
        self._clients: set[_Tcp] = set()
        self._udp: _Udp | None = None
        self._tcp: asyncio.Server | None = None

    def serve(self, message: bytes, send: Send, octets_max: int | None) -> None:
        """Answer one message, unless a mishap is under way."""

        def properly(received: bytes, answer: Send) -> None:
            _serve(received, self.handler, answer, octets_max)

        if self.mishap is None:
            properly(message, send)
        else:
            self.mishap(message, send, properly)

    async def start(self, address: str) -> tuple[str, int]:
        """Listen and return where."""
        loop = asyncio.get_running_loop()
        udp, tcp = _bind_pair(address)
        self._udp = _Udp(udp, self)
        self._tcp = await loop.create_server(lambda: _Tcp(self, self._clients), sock=tcp)
        return address, udp.getsockname()[1]

    def stop(self) -> None:
        """Close the sockets and every connection."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for client in list(self._clients):
            client.close()


def _bind_pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to one free port."""
    for _ in range(_BIND_ATTEMPTS):
        tcp = tcp_socket()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_OCTETS)
        try:
            tcp.bind((address, 0))
            udp.bind(tcp.getsockname())
        except OSError as error:
            tcp.close()
            udp.close()
            log.debug("port pair taken address=%s error=%s", address, error)
            continue
        tcp.setblocking(False)
        udp.setblocking(False)
        return udp, tcp
    raise OSError(f"No port of {address} is free for both UDP and TCP.")
