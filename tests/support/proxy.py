"""A TCP proxy that a test can make refuse or go silent, and put right again."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time: a reset instead of an end


class Proxy:
    """Forwards connections to one port of loopback."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = _listening(0)
        self.port: int = self._listener.getsockname()[1]
        self._accept()

    def refuse(self) -> None:
        """Reset every connection and refuse new ones, as a machine without the service does."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self._cut()
        self._open.set()

    def hang(self) -> None:
        """Keep connections and take new ones, but pass nothing on."""
        self._open.clear()

    def resume(self) -> None:
        """Work again; what was held back is passed on."""
        if self._listener.fileno() < 0:
            self._listener = _listening(self.port)
            self._accept()
        self._open.set()

    def close(self) -> None:
        """End everything."""
        self.refuse()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        self._run(self._take, self._listener)

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # refused from now on
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._sockets |= {client, server}
            self._run(self._pump, client, server)
            self._run(self._pump, server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._open.wait()
                sink.sendall(data)
            self._open.wait()
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        with self._lock:
            cut, self._sockets = self._sockets, set()
        for end in cut:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            end.close()

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


@contextmanager
def running_proxy(target_port: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port of loopback."""
    proxy = Proxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener
