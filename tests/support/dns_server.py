"""A small real DNS server on loopback, in a thread of its own: UDP and TCP on one port."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Responder = Callable[[dns.message.Message], Iterable[bytes]]
"""Returns what is sent back: nothing is silence, more than one is what only tests do."""

BIND_TRIES_MAX = 50
RECEIVE_OCTETS = 4 * 1024 * 1024
"""Hundreds of questions may wait, for reading them is slow here."""


def reply(
    query: dns.message.Message, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> dns.message.Message:
    """Return an answer of records such as `a.test. 60 IN A 127.1.0.4`."""
    message = dns.message.make_response(query)
    message.set_rcode(rcode)
    for record in records:
        name, ttl, rdclass, rdtype, text = record.split(maxsplit=4)
        message.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, text))
    return message


def cut_off(query: dns.message.Message) -> dns.message.Message:
    """Return an empty answer that says: ask again over TCP."""
    message = dns.message.make_response(query)
    message.flags |= dns.flags.TC
    return message


class DnsServer:
    """Answers as `udp` and `tcp` say (both may be changed at any time); keeps who asked what."""

    def __init__(self, udp: Responder, tcp: Responder | None = None) -> None:
        self.udp, self.tcp = udp, tcp or udp
        self.queries: list[dns.message.Message] = []
        self.clients: list[tuple[str, int]] = []
        self._datagrams, self._listener = _both_on_one_port()
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close every socket."""
        self._stop.send(b"stop")
        self._thread.join()
        for one in (self._datagrams, self._listener, self._stop, self._stopped):
            one.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for one in (self._datagrams, self._listener, self._stopped):
                selector.register(one, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._stopped in ready:
                    return
                if self._datagrams in ready:
                    self._answer_datagram()
                if self._listener in ready:
                    self._answer_connection()

    def _answer_datagram(self) -> None:
        received, client = self._datagrams.recvfrom(65_535)
        self.clients.append(client)
        for answer in self.udp(self._kept(received)):
            self._datagrams.sendto(answer, client)

    def _answer_connection(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            length = int.from_bytes(stream.read(2), "big")
            for answer in self.tcp(self._kept(stream.read(length))):
                stream.write(len(answer).to_bytes(2, "big") + answer)

    def _kept(self, received: bytes) -> dns.message.Message:
        query = dns.message.from_wire(received)
        self.queries.append(query)
        return query


def _both_on_one_port() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket; a port that is free for the one may be taken for the other."""
    for _ in range(BIND_TRIES_MAX):
        listener = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        try:
            datagrams.bind(listener.getsockname())
        except OSError:
            listener.close()
            datagrams.close()
        else:
            return datagrams, listener
    raise OSError("No port is free for both UDP and TCP.")


@contextmanager
def dns_server(udp: Responder, tcp: Responder | None = None) -> Iterator[DnsServer]:
    """A server that answers within the block."""
    server = DnsServer(udp, tcp)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def answering(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Responder:
    """A responder that gives everybody these records."""
    return lambda query: [reply(query, *records, rcode=rcode).to_wire()]


def silent(_query: dns.message.Message) -> Iterable[bytes]:
    """A responder that answers nobody."""
    return []
