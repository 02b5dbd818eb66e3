"""Asking one name server once, over real UDP, and over TCP when UDP was too small."""

import asyncio
import logging
import secrets

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype

log = logging.getLogger(__name__)

Server = tuple[str, int]


async def ask(server: Server, name: str, kind: int, seconds: float) -> dns.message.Message | None:
    """Ask one name server once, over TCP when UDP was too small; None for no answer."""
    question = dns.message.make_query(name, dns.rdatatype.RdataType.make(kind), use_edns=0)
    question.id = secrets.randbits(16)
    question.flags &= ~dns.flags.RD
    try:
        async with asyncio.timeout(seconds):
            answer = await _ask_udp(server, question)
            if answer.flags & dns.flags.TC:
                answer = await _ask_tcp(server, question)
    except (OSError, TimeoutError, EOFError, dns.exception.DNSException) as error:
        log.debug("name server failed server=%s error=%r", server, error)
        return None
    return answer


class _OneAnswer(asyncio.DatagramProtocol):
    """A UDP socket that waits for the answer to one question."""

    def __init__(self, question: dns.message.Message) -> None:
        self._question = question
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[dns.message.Message] = loop.create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Take the first message that answers the question; anything else is not for us."""
        try:
            message = dns.message.from_wire(data, ignore_trailing=True)
        except dns.exception.DNSException as error:
            log.debug("unreadable answer server=%s error=%r", addr, error)
            return
        if self._question.is_response(message) and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _ask_udp(server: Server, question: dns.message.Message) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _OneAnswer(question), remote_addr=server
    )
    try:
        transport.sendto(question.to_wire())
        return await protocol.answer
    finally:
        transport.close()


async def _ask_tcp(server: Server, question: dns.message.Message) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*server)
    try:
        message = question.to_wire()
        writer.write(len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(length))
    finally:
        writer.close()
