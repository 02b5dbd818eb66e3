"""What is sampled in benchmarks: cheap servers on loopback, each in a process of its own.

    .venv/bin/python -m benchmarks._targets dns 127.1.97.1 127.1.97.2

Each prints the port that it listens on at all its addresses, and answers until it is killed.
"""

import argparse
import select
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECEIVE_OCTETS = 4 * 1024 * 1024
LATE_SECONDS = 0.020
SO_TIMESTAMPNS = 35
TTL_SECONDS = 100
ADDRESS = "127.1.97.11"
"""What every name leads to."""
_ANSWERED = 0x8580  # a response, authoritative, recursion offered
_CHAIN = b"\x19switchback-virginia-bench\x06eastus\x08cloudapp\x05azure\x03com\x00"
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nX-Region: bench\r\nContent-Length: 7\r\nConnection: close\r\n\r\nserved\n"
)
_OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
_BATCH = 256


def _answer(query: bytes, ttl: int = TTL_SECONDS) -> bytes:
    """Return a CNAME and the address that it leads to."""
    end = query.index(0, 12) + 5
    has_opt = query[11]
    target_at = 0xC000 | (end + 12)
    head = query[:2] + struct.pack("!HHHHH", _ANSWERED, 1, 2, 0, has_opt)
    cname = struct.pack("!HHHIH", 0xC00C, 5, 1, ttl, len(_CHAIN)) + _CHAIN
    address = struct.pack("!HHHIH", target_at, 1, 1, 10, 4) + socket.inet_aton(ADDRESS)
    return head + query[12:end] + cname + address + (_OPT if has_opt else b"")


def _datagrams(addresses: list[str]) -> list[socket.socket]:
    """Return sockets at all the addresses and one port, and tell it."""
    port, opened = 0, []
    for address in addresses:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        one.setblocking(False)
        one.bind((address, port))
        port = one.getsockname()[1]
        opened.append(one)
    _tell(port)
    return opened


def _tell(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _dns(addresses: list[str]) -> None:
    """Answer at once; a question seen before is a look into a dictionary."""
    opened = {one.fileno(): one for one in _datagrams(addresses)}
    known: dict[bytes, bytes] = {}
    poll = select.epoll()
    for number in opened:
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            one = opened[number]
            for _ in range(_BATCH):
                try:
                    query, client = one.recvfrom(2_048)
                except BlockingIOError:
                    break
                body = known.get(query[2:]) or known.setdefault(query[2:], _answer(query)[2:])
                one.sendto(query[:2] + body, client)


def _late_dns(addresses: list[str]) -> None:
    """Answer 20 ms after the kernel got the question; the TTL says after how many microseconds."""
    opened = _datagrams(addresses)
    for one in opened:
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    due: list[tuple[int, socket.socket, bytes, tuple[str, int]]] = []
    while True:
        wait = max(0.0, due[0][0] / 1e9 + LATE_SECONDS - time.time()) if due else None
        for one in select.select(opened, (), (), wait)[0]:
            query, ancillary, _, client = one.recvmsg(2_048, 64)
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            due.append((seconds * 1_000_000_000 + nanoseconds, one, query, client))
        while due and time.time_ns() >= due[0][0] + LATE_SECONDS * 1e9:
            came, one, query, client = due.pop(0)
            one.sendto(_answer(query, (time.time_ns() - came) // 1_000), client)


def _listeners(addresses: list[str]) -> list[socket.socket]:
    port, opened = 0, []
    for address in addresses:
        one = socket.create_server((address, port), backlog=4_096)
        one.setblocking(False)
        port = one.getsockname()[1]
        opened.append(one)
    _tell(port)
    return opened


def _http(addresses: list[str], context: ssl.SSLContext | None = None) -> None:
    """Answer whatever is asked and hang up; one connection never waits for another."""
    listeners = {one.fileno(): one for one in _listeners(addresses)}
    talking: dict[int, tuple[socket.socket, Iterator[None]]] = {}
    poll = select.epoll()
    for number in listeners:
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            for one in _accepted(listeners[number], context) if number in listeners else ():
                talking[one.fileno()] = (one, _talk(one))
                poll.register(one.fileno(), select.EPOLLIN | select.EPOLLET)
            if number in talking and next(talking[number][1], True):
                talking.pop(number)[0].close()


def _accepted(listener: socket.socket, context: ssl.SSLContext | None) -> Iterator[socket.socket]:
    for _ in range(_BATCH):
        try:
            one, _ = listener.accept()
        except OSError:
            return
        one.setblocking(False)
        if context is None:
            yield one
        else:
            yield context.wrap_socket(one, server_side=True, do_handshake_on_connect=False)


def _talk(one: socket.socket) -> Iterator[None]:
    """Yield whenever nothing has come; end when it has been answered."""
    steps: list[Callable[[], object]] = [lambda: one.recv(4_096)]
    if isinstance(one, ssl.SSLSocket):
        steps.insert(0, one.do_handshake)
    for step in steps:
        while True:
            try:
                step()
                break
            except (BlockingIOError, ssl.SSLWantReadError):
                yield
            except OSError:
                return
    one.send(_RESPONSE)


def certificate(folder: Path) -> str:
    """Write a certificate that nobody vouches for, with its key, and return the file's name."""
    file = folder / "target.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=bench.test"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", str(file), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + (folder / "certificate.pem").read_text())
    return str(file)


@contextmanager
def target(kind: str, *addresses: str, core: int | None = None, more: str = "") -> Iterator[int]:
    """A target within the block; its port."""
    command = [sys.executable, "-m", "benchmarks._targets", kind, *addresses]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    command += ["--certificate", more] if more else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield int((process.stdout or sys.stdin.buffer).readline())
        finally:
            process.kill()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["dns", "late-dns", "http", "https"])
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--certificate", default="")
    arguments = parser.parse_args()
    if arguments.kind == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
        _http(arguments.addresses, context)
    {"dns": _dns, "late-dns": _late_dns, "http": _http}[arguments.kind](arguments.addresses)


if __name__ == "__main__":
    main()
