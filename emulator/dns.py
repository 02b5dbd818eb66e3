"""DNS servers on the wire: UDP and TCP on one port; what is said is the handler's business."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import cast

from emulator import wire
from emulator.listener import tcp_socket
from emulator.wire import Query, Rcode, Reply

log = logging.getLogger(__name__)

Respond = Callable[[Reply], None]
Handler = Callable[[Query, Respond], None]

_TCP_IDLE_SECONDS_MAX = 10.0  # wall; RFC 7766 leaves it to the server
_LENGTH_OCTETS = 2
_TCP_CLIENTS_MAX = 200  # a laptop's worth; more are closed at once
_BIND_ATTEMPTS = 20  # a free TCP port whose UDP twin is taken is rare: a handful would do


def at_once(reply: Callable[[Query], Reply]) -> Handler:
    """Make a handler of a function that knows its reply without waiting."""

    def handle(query: Query, respond: Respond) -> None:
        respond(reply(query))

    return handle


def _refusal(query: Query) -> Reply | None:
    """Return the reply that a query gets whatever it asks for, if it is not to be answered."""
    if query.opcode != 0:
        return Reply(Rcode.NOTIMP, is_authoritative=False)
    if query.edns_version > 0:
        return Reply(Rcode.BADVERS, is_authoritative=False)
    if query.klass != wire.CLASS_IN:
        return Reply(Rcode.REFUSED, is_authoritative=False)
    return None


def _serve(
    message: bytes, handler: Handler, send: Callable[[bytes], None], octets_max: int | None
) -> None:
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
    else:
        handler(query, respond)


class _Udp(asyncio.DatagramProtocol):
    """One UDP socket."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # as asyncio promises

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Answer a datagram; the client may be gone by then."""

        def send(message: bytes) -> None:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(message, addr)

        _serve(data, self._handler, send, None)


class _Tcp(asyncio.Protocol):
    """One TCP client: messages with two octets of length before each (RFC 7766)."""

    def __init__(self, handler: Handler, clients: set["_Tcp"]) -> None:
        self._handler, self._clients = handler, clients
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
            _serve(message, self._handler, self._send, wire.MESSAGE_OCTETS_MAX)

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
        self._handler = handler
        self._clients: set[_Tcp] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self, address: str) -> tuple[str, int]:
        """Listen and return where."""
        loop = asyncio.get_running_loop()
        udp, tcp = _bind_pair(address)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._handler), sock=udp)
        self._tcp = await loop.create_server(lambda: _Tcp(self._handler, self._clients), sock=tcp)
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
