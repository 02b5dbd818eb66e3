"""Authoritative answers: server CPU per query of the emulator, of nsd and of a dnspython loop.

    .venv/bin/python -m benchmarks.emulator_dns [--pairs 5] [--seconds 2] [--no-write]

Debian's dnsperf asks each server in turn, one after another in every round, and the ratio of two
servers is taken within a round; printed are the medians and the spread. Server and client have a
core each. Exit code 1 when a promise is missed: at most 2x nsd, at least 20x less than dnspython.
"""

import argparse
import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset

from benchmarks._results import Row, ratios, tell
from emulator.cloud import Endpoint, EndpointKind
from emulator.dns import Answers, DnsServer
from emulator.routing import Answer, Option, Outcome
from emulator.zones import Authority, TrafficManagerZone

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "127.1.98.1"
NAMES = [f"bench-{i}" for i in range(100)]
TARGET = "switchback-virginia.eastus.cloudapp.azure.com"
CLIENTS = 50
NSD_RATIO_MAX, DNSPYTHON_RATIO_MIN = 2.0, 20.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_START_SECONDS_MAX = 10.0


def _serve_ours(weighted: bool) -> None:
    """Run an authoritative server of the emulator until killed."""
    zone = TrafficManagerZone()
    endpoint = Endpoint(
        name="virginia", kind=EndpointKind.EXTERNAL, enabled=True, target=TARGET, priority=1
    )
    share = 0.5 if weighted else 1.0
    option = Option(endpoint, endpoint.name, 100, share)
    for name in NAMES:
        answer = Answer(Outcome.ANSWER, (option, option) if weighted else (option,))
        zone.publish(f"{name}.{zone.origin}", answer)

    async def run() -> None:
        server = DnsServer(Answers(Authority((zone,)).choices, "bench"))
        _, port = await server.start(ADDRESS)
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(run())


def _serve_dnspython() -> None:
    """Run the loop that one writes first: dnspython reads and writes every message."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((ADDRESS, 0))
    sys.stdout.write(f"{opened.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        wire, client = opened.recvfrom(4096)
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        name = query.question[0].name
        response.answer.append(dns.rrset.from_text(name, 100, "IN", "CNAME", TARGET + "."))
        opened.sendto(response.to_wire(), client)


class Server:
    """A server under test, on the first core."""

    def __init__(self, command: list[str], port: int | None, folder: Path) -> None:
        log = (folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE if port is None else log, stderr=log, cwd=ROOT
        )
        log.close()
        self.port = port if port is not None else self._told_port()

    def _told_port(self) -> int:
        if self._process.stdout is None:
            raise RuntimeError("A server whose output is not read cannot tell its port.")
        return int(self._process.stdout.readline())

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process and its children so far."""
        return sum(map(_cpu_seconds, _family(self._process.pid)))

    def __enter__(self) -> "Server":
        """Wait until it answers."""
        give_up_at = time.monotonic() + _START_SECONDS_MAX
        question = dns.message.make_query(f"{NAMES[0]}.trafficmanager.net", "A")
        while time.monotonic() < give_up_at:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(0.1)
                client.sendto(question.to_wire(), (ADDRESS, self.port))
                try:
                    if dns.message.from_wire(client.recv(4096)).answer:
                        return self
                except (TimeoutError, ConnectionRefusedError):
                    time.sleep(0.05)
        raise RuntimeError(f"No server answers on {ADDRESS}:{self.port}.")

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(5)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _nsd(folder: Path) -> Server:
    """Start nsd with the same names, one process that serves, no rate limit, no files elsewhere."""
    zone = [
        "$ORIGIN trafficmanager.net.",
        "@ 30 IN SOA a. b. 1 900 300 2419200 30",
        "@ 30 IN NS a.",
    ]
    zone += [f"{name} 100 IN CNAME {TARGET}." for name in NAMES]
    (folder / "zone").write_text("\n".join(zone) + "\n", encoding="ascii")
    port = _free_port()
    settings = [
        "server:",
        f"  ip-address: {ADDRESS}@{port}",
        "  server-count: 1",
        '  username: ""',
        '  database: ""',
        f'  zonesdir: "{folder}"',
        f'  pidfile: "{folder}/nsd.pid"',
        f'  xfrdfile: "{folder}/xfrd"',
        f'  zonelistfile: "{folder}/list"',
        "  rrl-ratelimit: 0",
        "zone:",
        '  name: "trafficmanager.net"',
        '  zonefile: "zone"',
    ]
    (folder / "nsd.conf").write_text("\n".join(settings) + "\n", encoding="ascii")
    return Server(_pinned(["nsd", "-d", "-c", str(folder / "nsd.conf")]), port, folder)


def _pinned(command: list[str], core: int = 0) -> list[str]:
    return ["taskset", "-c", str(core), *command]


def _python(what: str) -> list[str]:
    return _pinned([sys.executable, "-m", "benchmarks.emulator_dns", "--serve", what])


def _microseconds_per_query(server: Server, questions: Path, seconds: int) -> float:
    """Return the server's CPU time per answered query, while dnsperf asks as fast as it can."""
    before = server.cpu_seconds()
    command = ["dnsperf", "-s", ADDRESS, "-p", str(server.port), "-d", str(questions)]
    command += ["-c", str(CLIENTS), "-q", str(CLIENTS), "-l", str(seconds), "-T", "1"]
    printed = subprocess.run(
        _pinned(command, core=1), capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Queries completed:\s+(\d+)", printed)
    if found is None or int(found[1]) == 0:
        raise RuntimeError(f"dnsperf got no answers:\n{printed}")
    return (server.cpu_seconds() - before) * 1e6 / int(found[1])


def _measure(pairs: int, seconds: int) -> dict[str, list[float]]:
    """Return every server's figures, round by round."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        questions = folder / "questions"
        lines = (f"{name}.trafficmanager.net A" for name in NAMES)
        questions.write_text("\n".join(lines) + "\n", encoding="ascii")
        starts: dict[str, Callable[[], Server]] = {
            "nsd": lambda: _nsd(folder),
            "emulator": lambda: Server(_python("emulator"), None, folder),
            "emulator, Weighted": lambda: Server(_python("weighted"), None, folder),
            "dnspython loop": lambda: Server(_python("dnspython"), None, folder),
        }
        servers = {name: stack.enter_context(start()) for name, start in starts.items()}
        for server in servers.values():
            _microseconds_per_query(server, questions, 1)  # warm
        found: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(pairs):
            for name, server in servers.items():
                found[name].append(_microseconds_per_query(server, questions, seconds))
        return found


def _rows(found: dict[str, list[float]]) -> list[Row]:
    """Return what each server took, and the ratios of those that were asked in one round."""
    ours = found["emulator"]
    beside_nsd = ratios(ours, found["nsd"])
    weighted = ratios(found["emulator, Weighted"], found["nsd"])
    idiom = ratios(found["dnspython loop"], ours)
    at_most, at_least = f"at most {NSD_RATIO_MAX:.0f}", f"at least {DNSPYTHON_RATIO_MIN:.0f}"
    return [
        *(
            Row(f"{name}: server CPU per query", f"{statistics.median(figures):.2f} µs")
            for name, figures in found.items()
        ),
        Row("emulator / nsd", _shown(beside_nsd), at_most, beside_nsd[0] <= NSD_RATIO_MAX),
        Row("emulator, Weighted / nsd", _shown(weighted)),
        Row("dnspython / emulator", _shown(idiom), at_least, idiom[0] >= DNSPYTHON_RATIO_MIN),
    ]


def _shown(ratio: tuple[float, float, float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*ratio)


def main() -> int:
    """Measure, print, and say whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--serve", choices=["emulator", "weighted", "dnspython"])
    arguments = parser.parse_args()
    if arguments.serve == "dnspython":
        _serve_dnspython()
    elif arguments.serve:
        _serve_ours(weighted=arguments.serve == "weighted")
    missing = [tool for tool in ("nsd", "dnsperf", "taskset") if shutil.which(tool) is None]
    if missing:
        why = f"skipped, without {', '.join(missing)}: apt-get install nsd dnsperf util-linux"
        return tell("Emulator, answers", [Row("emulator / nsd", why)], write=False)
    found = _measure(arguments.pairs, arguments.seconds)
    return tell("Emulator, answers", _rows(found), write=not arguments.no_write)


if __name__ == "__main__":
    sys.exit(main())
