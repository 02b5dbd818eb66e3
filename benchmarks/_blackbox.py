"""The peer: Prometheus' blackbox_exporter, asked to make the same probes."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from shutil import which
from urllib.parse import urlencode

NAMES = ("prometheus-blackbox-exporter", "blackbox_exporter")
PACKAGE = "prometheus-blackbox-exporter"
ADDRESS = "127.1.97.99"
PORT = 9_115
CONNECTIONS = 10
START_SECONDS_MAX = 10
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

Probe = tuple[str, str]
"""A module's name and its target."""


def program() -> str | None:
    """Return where it is installed, or None."""
    return next(filter(None, map(which, NAMES)), None)


class Blackbox:
    """A running exporter."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._threads = ThreadPoolExecutor(CONNECTIONS)
        self._connections: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        for _ in range(CONNECTIONS):
            self._connections.put(http.client.HTTPConnection(ADDRESS, PORT))

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has taken so far."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def probe(self, probes: Sequence[Probe], seconds: float) -> int:
        """Have all the probes made, and return how many succeeded.

        As Prometheus does it: spread over the time between two scrapes, some at a time.
        """
        begun, good = time.monotonic(), 0
        for first in range(0, len(probes), CONNECTIONS):
            due = begun + seconds * first / len(probes)
            time.sleep(max(0.0, due - time.monotonic()))
            good += sum(self._threads.map(self._one, probes[first : first + CONNECTIONS]))
        return good

    def _one(self, probe: Probe) -> bool:
        connection = self._connections.get()
        query = urlencode({"module": probe[0], "target": probe[1]})
        connection.request("GET", f"/probe?{query}")
        text = connection.getresponse().read()
        self._connections.put(connection)
        return b"\nprobe_success 1" in text

    def close(self) -> None:
        """End it."""
        self._threads.shutdown()
        self._process.kill()
        while not self._connections.empty():
            self._connections.get().close()


@contextmanager
def blackbox(names: Sequence[str], folder: Path, core: int) -> Iterator[Blackbox]:
    """An exporter within the block, with a DNS module for each name, and `http`."""
    config = folder / "blackbox.yml"
    config.write_text(_configuration(names), encoding="ascii")
    command = ["taskset", "-c", str(core), program() or NAMES[0], f"--config.file={config}"]
    command += [f"--web.listen-address={ADDRESS}:{PORT}", "--log.level=error"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        running = Blackbox(process)
        try:
            _wait()
            yield running
        finally:
            running.close()


def _wait() -> None:
    for _ in range(START_SECONDS_MAX * 20):
        connection = http.client.HTTPConnection(ADDRESS, PORT)
        try:
            connection.request("GET", "/-/healthy")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError("blackbox_exporter does not start.")


def _configuration(names: Sequence[str]) -> str:
    lines = [
        "modules:",
        "  http:",
        "    prober: http",
        "    timeout: 2s",
        "    http:",
        "      preferred_ip_protocol: ip4",
        "      follow_redirects: false",
        "      tls_config: {insecure_skip_verify: true}",
    ]
    for name in names:
        lines += [
            f"  dns_{name}:",
            "    prober: dns",
            "    timeout: 2s",
            "    dns:",
            f"      query_name: {name}",
            "      query_type: A",
            "      preferred_ip_protocol: ip4",
            "      recursion_desired: false",
        ]
    return "\n".join(lines) + "\n"
