"""Recursive resolvers of other makes, from Debian, before the emulated zones."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

ADDRESS = "127.0.0.1"  # BIND listens only where an interface has its address
START_SECONDS_MAX = 10.0

Zones = Mapping[str, Sequence[str]]
"""The emulated zones, and the servers of each as `address:port`."""


def emulated_zones(authoritative: Sequence[str], public_ip_zone: Sequence[str]) -> Zones:
    """Return the zones that an emulator's servers serve."""
    return {"trafficmanager.net": authoritative, "cloudapp.azure.com": public_ip_zone}


def needs(tool: str, package: str) -> pytest.MarkDecorator:
    """Skip where a Debian package is absent and could not have been installed."""
    is_absent = shutil.which(tool, path="/usr/sbin:/usr/bin") is None
    reason = f"{tool} is absent: install {package}"
    return pytest.mark.skipif(is_absent and os.geteuid() != 0, reason=reason)


def free_port() -> int:
    """Return a port that nobody holds just now, of UDP or of TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as streams,
        ):
            datagrams.bind((ADDRESS, 0))
            port: int = datagrams.getsockname()[1]
            with contextlib.suppress(OSError):
                streams.bind((ADDRESS, port))
                return port


class Resolver:
    """A resolver of another make, started for one test."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        self._log = (folder / "log").open("wb")
        self.address = f"{ADDRESS}:{port}"
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def wait(self) -> None:
        """Wait until it answers, about a name that no test asks for."""
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.ask("nobody.cloudapp.azure.com", timeout=0.2)
            except (dns.exception.Timeout, OSError):
                assert self._process.poll() is None, self._said()
                assert time.monotonic() < give_up_at, f"it does not answer; {self._said()}"
            else:
                return

    def ask(self, name: str, kind: str = "A", timeout: float = 2.0) -> dns.message.Message:
        """Ask it."""
        question = dns.message.make_query(name, kind)
        return dns.query.udp(question, ADDRESS, timeout=timeout, port=self.port)

    def _said(self) -> str:
        return f"it said: {Path(self._log.name).read_text(errors='replace')}"

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


def start_unbound(zones: Zones, folder: Path) -> Resolver:
    """Start Unbound with the emulated zones as stubs of their own servers."""
    port = free_port()
    lines = [
        "server:",
        f"  interface: {ADDRESS}@{port}",
        '  chroot: ""',
        '  username: ""',
        f'  directory: "{folder}"',
        f'  pidfile: "{folder}/pid"',
        "  use-syslog: no",
        "  do-not-query-localhost: no",
        "  module-config: iterator",
        "  num-threads: 1",
        "remote-control:",
        "  control-enable: no",
    ]
    for zone, servers in zones.items():
        lines += ["stub-zone:", f"  name: {zone}"]
        lines += [f"  stub-addr: {server.replace(':', '@')}" for server in servers]
    (folder / "unbound.conf").write_text("\n".join(lines) + "\n")
    program = shutil.which("unbound", path="/usr/sbin:/usr/bin") or "unbound"
    return Resolver([program, "-d", "-c", str(folder / "unbound.conf")], port, folder)


def start_bind(zones: Zones, folder: Path) -> Resolver:
    """Start BIND with the emulated zones as static stubs: it asks their own servers."""
    port = free_port()

    def forwarders(servers: Sequence[str]) -> str:
        # BIND takes a port per forwarder; a static stub would insist on port 53.
        places = (server.split(":") for server in servers)
        return " ".join(f"{address} port {number};" for address, number in places)

    stubs = "\n".join(
        f'zone "{zone}" {{ type forward; forward only; forwarders {{ {forwarders(servers)} }}; }};'
        for zone, servers in zones.items()
    )
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/key";'
        f" listen-on port {port} {{ {ADDRESS}; }}; listen-on-v6 {{ none; }}; recursion yes;"
        f" dnssec-validation no; }};\ncontrols {{ }};\n{stubs}\n"
    )
    program = shutil.which("named", path="/usr/sbin:/usr/bin") or "named"
    return Resolver(
        [program, "-f", "-g", "-n", "1", "-c", str(folder / "named.conf")], port, folder
    )
