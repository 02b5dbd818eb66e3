"""The probes on the wire: cadence, phase, what they ask, and what they make of the answer."""

import asyncio
import itertools
import time
from dataclasses import replace
from datetime import datetime

import pytest

from emulator.clock import Clock
from emulator.prober import Cadence
from tests.emulator.running import (
    ANCHOR,
    PROFILE,
    VIRGINIA_VM,
    Emulator,
    Json,
    at,
    lab_profile,
    lab_topology,
    running,
    seconds_between,
)
from tests.emulator.values import MONITOR, endpoint

FAST = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0}
SLACK_SECONDS = 0.05  # wall
EARLY = 317  # a seed that draws phases near zero: the first probes come at once


@pytest.mark.parametrize(
    ("interval", "timeout", "tolerated", "speed", "seed"),
    [(10, 5, 0, 20, 1), (10, 5, 0, 20, 2), (10, 9, 3, 36, 3)],  # 30/10/3: test_power.py
)
def test_detection_lies_in_its_bounds(
    interval: int, timeout: int, tolerated: int, speed: int, seed: int
) -> None:
    """[N*I + T, (N+1)*I + T) from the machine's silence to Degraded, whatever the phase."""
    monitor = {
        "intervalInSeconds": interval,
        "timeoutInSeconds": timeout,
        "toleratedNumberOfFailures": tolerated,
    }
    topology = lab_topology(timings={"powerOffSeconds": 0})
    with running(speed=speed, topology=topology, seed=seed) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile(**monitor))
        emulator.wait_until_online()
        emulator.arm("POST", f"{VIRGINIA_VM}/powerOff")
        silent = emulator.wait_for("serving", "virginia", False)
        degraded = emulator.wait_for("endpointMonitorStatus", "virginia", "Degraded")

    low, slack = tolerated * interval + timeout, SLACK_SECONDS * speed
    assert low - slack <= seconds_between(silent, degraded) < low + interval + slack


def first_verdicts(seed: int) -> tuple[datetime, datetime, dict[str, datetime]]:
    """Return when the profile was written, and when each endpoint had its first probe."""
    with running(speed=80, seed=seed) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile())
        emulator.wait_until_online()
        written = at(emulator.truth("endpointWrite")[0])
        online = emulator.truth("endpointMonitorStatus")
        firsts = {e["subject"]: at(e) for e in online if e["value"] == "Online"}
    return written, max(firsts.values()), firsts


def test_the_first_probe_comes_within_one_interval_at_a_phase_that_the_seed_draws() -> None:
    """The same seed, the same phase; another seed, another."""
    phases = []
    for seed in (1, 1, 2):
        written, last, firsts = first_verdicts(seed)
        assert (last - written).total_seconds() < 30 + SLACK_SECONDS * 80
        phases.append([(firsts[n] - written).total_seconds() for n in sorted(firsts)])

    assert phases[0] == pytest.approx(phases[1], abs=SLACK_SECONDS * 80)
    assert phases[0] != pytest.approx(phases[2], abs=0.5)


class Target:
    """A toy server that keeps what it is asked and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, bytes]] = []
        self.answer: bytes | None = b"HTTP/1.1 200 OK\r\n\r\n"
        self.clock = Clock(ANCHOR, time.monotonic(), 40)
        self.opened: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one probe, or leave it waiting."""
        self.opened.append(writer)
        arrived = self.clock.now()
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append((arrived, head))
        if self.answer is not None:
            writer.write(self.answer)
        else:
            await reader.read()
        writer.close()

    async def close(self, server: asyncio.Server) -> None:
        """Give all sockets back."""
        server.close()
        for writer in self.opened:
            writer.transport.abort()
        await asyncio.sleep(0)


def has_verdict(emulator: Emulator) -> bool:
    """Whether Virginia's first probe has come to its end."""
    return len(emulator.truth("endpointMonitorStatus", "virginia")) > 1


def observe(target: Target, body: Json, probes: int, cadence: Cadence = Cadence.FIXED) -> Json:
    """Let Virginia's probes go to a toy server until it has seen so many; return the profile."""
    with running(speed=40, seed=EARLY) as emulator:
        emulator.world.prober.habits.cadence = cadence
        started = asyncio.start_server(target.serve, "127.1.99.5", 0)
        server = asyncio.run_coroutine_threadsafe(started, emulator.loop).result(5)
        emulator.world._places["127.1.0.4", 80] = server.sockets[0].getsockname()
        emulator.arm("PUT", PROFILE, body)
        give_up_at = time.monotonic() + 10
        while len(target.asked) < probes and time.monotonic() < give_up_at:
            time.sleep(0.005)
        while not has_verdict(emulator) and time.monotonic() < give_up_at:
            time.sleep(0.005)
        asyncio.run_coroutine_threadsafe(target.close(server), emulator.loop).result(5)
        shown: Json = emulator.arm("GET", PROFILE).json()
    return shown


def gaps(target: Target) -> list[float]:
    """Return the seconds between probes."""
    times = [arrived for arrived, _ in target.asked]
    return [(b - a).total_seconds() for a, b in itertools.pairwise(times)]


def test_a_probe_is_a_get_with_the_targets_host_and_without_redirects() -> None:
    """As the monitoring page describes it."""
    target = Target()

    observe(target, lab_profile(path="/health?x=1", **FAST), 1)

    head = target.asked[0][1].decode()
    assert head.startswith("GET /health?x=1 HTTP/1.1\r\n")
    assert "\r\nHost: switchback-virginia.eastus.cloudapp.azure.com\r\n" in head


def test_an_endpoints_headers_replace_the_profiles() -> None:
    """The Host header is the usual use."""
    target = Target()
    body = lab_profile(customHeaders=[{"name": "x-a", "value": "1"}], **FAST)
    own = [{"name": "host", "value": "contoso.com"}]
    body["properties"]["endpoints"][0]["properties"]["customHeaders"] = own

    observe(target, body, 1)

    head = target.asked[0][1].decode()
    assert "\r\nhost: contoso.com\r\n" in head
    assert "x-a" not in head


def test_probes_keep_their_cadence_also_when_nobody_answers() -> None:
    """A timed-out probe does not delay the next one."""
    target = Target()
    target.answer = None

    observe(target, lab_profile(**FAST), 3)

    assert gaps(target) == pytest.approx([10, 10], abs=SLACK_SECONDS * 40)


def test_after_a_timeout_the_next_probe_may_be_late_by_a_switch() -> None:
    """The reading of azure-docs#104593: a failed round costs interval and timeout."""
    target = Target()
    target.answer = None

    observe(target, lab_profile(**FAST), 3, Cadence.AFTER_TIMEOUT)

    assert gaps(target) == pytest.approx([15, 15], abs=SLACK_SECONDS * 40)


ANSWERS = {
    "200": (b"HTTP/1.1 200 OK\r\n\r\n", "Online"),
    "HTTP/1.0 too": (b"HTTP/1.0 200 OK\r\n\r\n", "Online"),
    "another 2xx": (b"HTTP/1.1 204 No Content\r\n\r\n", "Degraded"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "Degraded"),
    "503": (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "Degraded"),
    "an early end": (b"", "Degraded"),
    "no HTTP": (b"SSH-2.0-x\r\n", "Degraded"),
    "a status that is no number": (b"HTTP/1.1 abc OK\r\n\r\n", "Degraded"),
    "a line without end": (b"H" * 100_000, "Degraded"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_counts_as_healthy(answer: tuple[bytes, str]) -> None:
    """Only 200 within the timeout, unless ranges are set."""
    target = Target()
    target.answer, expected = answer

    shown = observe(target, lab_profile(**FAST), 1)

    statuses = {e["name"]: e["properties"] for e in shown["properties"]["endpoints"]}
    assert statuses["virginia"]["endpointMonitorStatus"] == expected


def test_status_ranges() -> None:
    """They replace the default: 200 alone."""
    monitor = replace(MONITOR, expected_statuses=((202, 204), (301, 301)))

    assert [s for s in (200, 202, 204, 205, 301) if monitor.accepts(s)] == [202, 204, 301]
    assert [s for s in (199, 200, 201) if MONITOR.accepts(s)] == [200]


def test_a_tcp_probe_needs_a_handshake_and_no_more(emulator: Emulator) -> None:
    """And a port where nothing listens is silent, as a public address without a rule for it."""
    with running(speed=40, seed=EARLY) as fast:
        body = lab_profile(protocol="TCP", path=None, **FAST)
        fast.arm("PUT", PROFILE, body)
        fast.wait_until_online()
        fast.arm("PATCH", PROFILE, {"properties": {"monitorConfig": {"port": 8080}}})
        fast.wait_for("endpointMonitorStatus", "virginia", "Degraded")
    assert emulator.truth() == []


def test_names_outside_the_emulated_world_never_answer() -> None:
    """The emulator sends nothing to the internet: such an endpoint is Degraded, like a dead one."""
    body = lab_profile(**FAST)
    body["properties"]["endpoints"] = [
        {
            "name": "outside",
            "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
            "properties": {"target": endpoint("outside").target},
        }
    ]
    with running(speed=40) as emulator:
        emulator.arm("PUT", PROFILE, body)
        emulator.wait_for("endpointMonitorStatus", "outside", "Degraded")


def test_a_disabled_endpoint_is_not_probed_and_an_enabled_one_is_again() -> None:
    """Loops follow the writes at once."""
    virginia = f"{PROFILE}/azureEndpoints/virginia"
    with running(speed=40, seed=EARLY) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile(**FAST))
        emulator.wait_until_online()
        emulator.arm("PATCH", virginia, {"properties": {"endpointStatus": "Disabled"}})
        assert len(emulator.world.prober._loops) == 1
        emulator.arm("PATCH", virginia, {"properties": {"endpointStatus": "Enabled"}})
        emulator.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
        emulator.arm("DELETE", PROFILE)
        assert emulator.world.prober._loops == {}
