"""Debian's Unbound and BIND before the emulated zones: they resolve and cache through it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.emulator.running import (
    AMSTERDAM_FQDN,
    FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    Emulator,
    lab_profile,
)

ADDRESS = "127.0.0.1"  # BIND listens only where an interface has its address
START_SECONDS_MAX = 10.0
OFF = {"properties": {"endpointStatus": "Disabled"}}


def needs(tool: str, package: str) -> pytest.MarkDecorator:
    """Skip where a Debian package is absent and could not have been installed."""
    is_absent = shutil.which(tool, path="/usr/sbin:/usr/bin") is None
    reason = f"{tool} is absent: install {package}"
    return pytest.mark.skipif(is_absent and os.geteuid() != 0, reason=reason)


def free_port() -> int:
    """Return a port that nobody holds just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


class Resolver:
    """A resolver of another make, started for one test."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def wait(self) -> None:
        """Wait until it answers, about a name that no test asks for."""
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.ask("nobody.cloudapp.azure.com", timeout=0.2)
            except (dns.exception.Timeout, OSError):
                assert time.monotonic() < give_up_at, "it does not answer"
            else:
                return

    def ask(self, name: str = FQDN, kind: str = "A", timeout: float = 2.0) -> dns.message.Message:
        """Ask it."""
        question = dns.message.make_query(name, kind)
        return dns.query.udp(question, ADDRESS, timeout=timeout, port=self.port)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


def start_unbound(emulator: Emulator, folder: Path) -> Resolver:
    """Start Unbound with the emulated zones as stubs of their own servers."""
    port = free_port()
    zones = {
        "trafficmanager.net": emulator.authoritative,
        "cloudapp.azure.com": emulator.public_ip_zone,
    }
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


def start_bind(emulator: Emulator, folder: Path) -> Resolver:
    """Start BIND with the emulated zones as static stubs: it asks their own servers."""
    port = free_port()

    def forwarders(servers: list[str]) -> str:
        # BIND takes a port per forwarder; a static stub would insist on port 53.
        places = (server.split(":") for server in servers)
        return " ".join(f"{address} port {number};" for address, number in places)

    zones = "\n".join(
        f'zone "{zone}" {{ type forward; forward only; forwarders {{ {forwarders(servers)} }}; }};'
        for zone, servers in (
            ("trafficmanager.net", emulator.authoritative),
            ("cloudapp.azure.com", emulator.public_ip_zone),
        )
    )
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/key";'
        f" listen-on port {port} {{ {ADDRESS}; }}; listen-on-v6 {{ none; }}; recursion yes;"
        f" dnssec-validation no; }};\ncontrols {{ }};\n{zones}\n"
    )
    program = shutil.which("named", path="/usr/sbin:/usr/bin") or "named"
    return Resolver(
        [program, "-f", "-g", "-n", "1", "-c", str(folder / "named.conf")], port, folder
    )


STARTS = {"unbound": start_unbound, "bind": start_bind}


@pytest.fixture
def resolver(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path
) -> Iterator[Resolver]:
    """A resolver of the make that the test names."""
    started = STARTS[request.param](emulator, tmp_path)
    try:
        started.wait()
        yield started
    finally:
        started.stop()


MAKES = pytest.mark.parametrize(
    "resolver",
    [
        pytest.param("unbound", marks=needs("unbound", "unbound")),
        pytest.param("bind", marks=needs("named", "bind9")),
    ],
    indirect=True,
)


@MAKES
def test_the_whole_chain_is_resolved_and_cached(emulator: Emulator, resolver: Resolver) -> None:
    """CNAME with the profile's TTL, address with ten seconds; then from its cache."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=100))

    message = resolver.ask()

    assert message.rcode() == dns.rcode.NOERROR
    assert [r.to_text() for r in message.answer] == [
        f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}.",
        f"{VIRGINIA_FQDN}. 10 IN A 127.1.0.4",
    ]
    emulator.arm("PATCH", f"{PROFILE}/azureEndpoints/virginia", OFF)
    assert VIRGINIA_FQDN in resolver.ask().answer[0].to_text()


@MAKES
def test_absence_is_understood(emulator: Emulator, resolver: Resolver) -> None:
    """NXDOMAIN with its SOA, and NODATA for an address family that is not there."""
    emulator.arm("PUT", PROFILE, lab_profile())

    missing = resolver.ask(f"no-{FQDN}")
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert missing.authority[0].to_text().split()[3] == "SOA"
    nothing = resolver.ask(VIRGINIA_FQDN, "AAAA")
    assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.long
@MAKES
def test_the_ttl_counts_down_and_the_switch_shows_after_expiry(
    emulator: Emulator, resolver: Resolver
) -> None:
    """In real time: a resolver of another make knows no other."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=5))
    began = time.monotonic()
    assert resolver.ask().answer[0].ttl == 5
    emulator.arm("PATCH", f"{PROFILE}/azureEndpoints/virginia", OFF)

    seen: list[tuple[float, int, str]] = []
    while not seen or seen[-1][2] != AMSTERDAM_FQDN:
        time.sleep(0.2)
        alias = resolver.ask().answer[0]
        seen.append((time.monotonic() - began, alias.ttl, str(alias[0]).rstrip(".")))
        assert seen[-1][0] < 10

    old = [ttl for _, ttl, target in seen if target == VIRGINIA_FQDN]
    assert old == sorted(old, reverse=True)
    assert {1, 2, 3, 4} <= set(old)
    assert 4.5 <= seen[-1][0] < 7
