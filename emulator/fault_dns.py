"""DNS faults on the wire: answers that are lost, late, wrong, cut short or no DNS at all."""

import asyncio
import random
import struct

from emulator import wire
from emulator.clock import Clock
from emulator.dns import DnsServer, Mishap, Send, Serve
from emulator.fault_parts import DnsFault
from emulator.faults import Faults
from emulator.wire import Query, Rcode, Reply

_GARBAGE_OCTETS_MAX = 64
_TRUNCATED = 0x0200


class DnsFaults:
    """Puts a mishap before every server that a fault in force is about, and takes it away."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults, self._clock = faults, clock
        self._servers: dict[str, DnsServer] = {}
        faults.on_change.append(self._follow)

    def watch(self, name: str, server: DnsServer) -> None:
        """Take a server in; its name is `address:port`."""
        self._servers[name] = server

    def _follow(self) -> None:
        wanted = self._faults.in_force(DnsFault)
        for name, server in self._servers.items():
            is_meant = any(fault.matches(name) for fault in wanted)
            server.mishap = self._mishap(name) if is_meant else None

    def _mishap(self, name: str) -> Mishap:
        dice = random.Random(name)  # noqa: S311 - to be repeatable

        def happen(message: bytes, send: Send, serve: Serve) -> None:
            fault = self._faults.strike(DnsFault, lambda one: one.matches(name))
            if fault is None:
                serve(message, send)
            elif fault.effect == "delay":
                seconds = self._clock.to_wall_seconds(fault.delay_seconds)
                asyncio.get_running_loop().call_later(seconds, serve, message, send)
            elif fault.effect == "garbage":
                send(message[:2] + dice.randbytes(dice.randrange(_GARBAGE_OCTETS_MAX)))
            elif fault.effect != "loss":
                _answer_wrongly(fault.effect, message, send)

        return happen


def _answer_wrongly(effect: str, message: bytes, send: Send) -> None:
    """Answer SERVFAIL, or nothing but that the answer does not fit."""
    try:
        query = wire.read_query(message)
    except wire.MalformedQuery:
        send(wire.write_format_error(message))
        return
    if query is None:
        return
    send(_failure(query) if effect == "servfail" else _truncated(query))


def _failure(query: Query) -> bytes:
    reply = Reply(Rcode.SERVFAIL, is_authoritative=False)
    return wire.write_reply(query, reply, wire.MESSAGE_OCTETS_MAX)


def _truncated(query: Query) -> bytes:
    """Return an empty answer with TC set, over TCP too: a server whose large answers never come."""
    empty = wire.write_reply(query, Reply(), wire.MESSAGE_OCTETS_MAX)
    (flags,) = struct.unpack_from("!H", empty, 2)
    return empty[:2] + struct.pack("!H", flags | _TRUNCATED) + empty[4:]
