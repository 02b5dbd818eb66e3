"""The emulator's core without sockets or waiting: events on one virtual clock, drill after drill.

Power, probes, verdicts and answers are the emulator's own code; only what would be on the wire is
replaced: a probe succeeds when a machine behind its target serves at the instant it is sent, else
it fails at its time-out, as packets to a stopped machine do.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from emulator import topology as topologies
from emulator.backends import Backend
from emulator.clock import Clock
from emulator.cloud import Endpoint, MonitorConfig, Profile, VirtualMachine
from emulator.monitor import is_probed
from emulator.plane import DataPlane, NameServer
from emulator.power import Machines, Timings, Verb
from emulator.rules import DEFAULT_RULES, Rules
from emulator.truth import Kind, Truth
from emulator.wire import Query, Type
from emulator.zones import TrafficManagerZone
from tests.emulator.planes import dice, lab_profile
from tests.emulator.running import ANCHOR, LAB


class Timer:
    """A call to come, which may be cancelled."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget it."""
        self.call = None


class VirtualClock(Clock):
    """Time that jumps from one event to the next."""

    def __init__(self) -> None:
        super().__init__(ANCHOR)
        self._seconds = 0.0
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Timer]] = []

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._seconds

    def now(self) -> datetime:
        """Return virtual now."""
        return ANCHOR + timedelta(seconds=self._seconds)

    def call_later(self, virtual_seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back when time has come so far."""
        timer = Timer(call)
        due = self._seconds + virtual_seconds
        heapq.heappush(self._due, (due, next(self._numbers), timer))
        return cast("asyncio.TimerHandle", timer)

    def run_until(self, seconds: float) -> None:
        """Let everything happen that is due by then."""
        while self._due and self._due[0][0] <= seconds:
            due, _, timer = heapq.heappop(self._due)
            # A call may itself have let time pass.
            self._seconds = max(self._seconds, due)
            if timer.call is not None:
                timer.call()
        self._seconds = max(self._seconds, seconds)


class Guest:
    """A web server that needs no sockets: the cloud knows whether it serves."""

    def serve(self) -> None:
        """Answer from now on."""

    def stop(self) -> None:
        """Answer nothing from now on."""

    def close(self) -> None:
        """Give nothing back."""


class Emulation:
    """The lab on a virtual clock: two endpoints by name, one machine and a pool of two."""

    def __init__(
        self, monitor: MonitorConfig, seed: object, ttl: int = 100, rules: Rules = DEFAULT_RULES
    ) -> None:
        self.clock, self.truth, self._dice = VirtualClock(), Truth(), dice(seed)
        self._rules = rules
        self.cloud = topologies.build(_LAB)
        self.plane = DataPlane(self.cloud, self.clock, self.truth, rules)
        self.zone = TrafficManagerZone(rules)
        server = NameServer(self.zone, 0)
        server.name = "127.1.1.1:53"
        self.plane.name_servers.append(server)
        self.machines = Machines(self.cloud, self.clock, self.truth, self.plane, Timings())
        for machine in self.cloud.machines:
            self.machines.backends[machine.key] = cast("Backend", Guest())
        self.plane.on_change.append(self._probe)
        self.profile = lab_profile(monitor=monitor, ttl_seconds=ttl)
        self.plane.write(self.profile)

    def machine(self, name: str = "virginia-vm") -> VirtualMachine:
        """Return a machine as it is."""
        return next(m for m in self.cloud.machines if m.name == name)

    def begin(self, verb: Verb) -> None:
        """Begin a power operation on Virginia's machine."""
        self.machines.begin(self.machine(), verb)

    def status(self, name: str = "virginia") -> str:
        """Return an endpoint's monitor status."""
        endpoint = next(e for e in self.profile.endpoints if e.name == name)
        return self.plane.status_of(self.profile, endpoint).value

    def answer(self) -> tuple[str, int]:
        """Return the target that the name server answers, and its TTL."""
        query = Query(1, 0, self.profile.fqdn, Type.A, 1, b"")
        ((_, reply),) = self.zone.choices(query)
        record = reply.answers[0]
        target = next(e for e in self.profile.endpoints if _leads_to(e, record.data))
        return target.target, record.ttl_seconds

    def first(self, kind: Kind, subject: str, value: object, since: float = 0.0) -> float:
        """Return when something first happened, in seconds since the beginning."""
        earliest = ANCHOR + timedelta(seconds=since)
        return next(
            (event.at - ANCHOR).total_seconds()
            for event in self.truth.events
            if event.at >= earliest
            and (event.kind, event.value) == (kind, value)
            and event.subject.endswith(subject)
        )

    def _probe(self, _before: Profile | None, after: Profile | None) -> None:
        for endpoint in after.endpoints if after else ():
            if after is not None and is_probed(after, endpoint):
                base = self._dice.random()
                for prober in range(self._rules.probers):
                    phase = (base + prober / self._rules.probers) % 1
                    wait = phase * after.monitor.interval_seconds
                    self.clock.call_later(wait, _Turn(self, endpoint, prober))


def _leads_to(endpoint: Endpoint, data: bytes) -> bool:
    return endpoint.target.partition(".")[0].encode() in data


class _Turn:
    """One prober's next probe of one endpoint; it asks for the one after it."""

    def __init__(self, emulation: Emulation, endpoint: Endpoint, prober: int) -> None:
        self._its, self._endpoint, self._prober = emulation, endpoint, prober
        ip = emulation.cloud.public_ip_of(endpoint)
        if ip is None:
            raise LookupError(f"{endpoint.target} is nobody's name.")
        self._ip = ip

    def __call__(self) -> None:
        """Send the probe."""
        monitor = self._its.profile.monitor
        self._its.clock.call_later(monitor.interval_seconds, self)
        if self._its.cloud.is_served(self._ip):
            self._end(succeeded=True)
        else:
            self._its.clock.call_later(monitor.timeout_seconds, lambda: self._end(succeeded=False))

    def _end(self, *, succeeded: bool) -> None:
        key = self._its.profile.key
        self._its.plane.probed(key, self._endpoint.key, succeeded=succeeded, prober=self._prober)


_LAB = topologies.read(Path(LAB))


def monitor(interval: int, timeout: int, tolerated: int) -> MonitorConfig:
    """Return HTTP monitor settings."""
    return MonitorConfig(
        protocol="HTTP",
        port=80,
        path="/",
        interval_seconds=interval,
        timeout_seconds=timeout,
        tolerated_failures=tolerated,
    )


def drill(settings: MonitorConfig, seed: object, rules: Rules = DEFAULT_RULES) -> Emulation:
    """Run one whole drill: steady, power off, failover, hold, start, failback."""
    made = Emulation(settings, seed, rules=rules)
    made.clock.run_until(60 + made._dice.uniform(0, settings.interval_seconds))
    made.begin(Verb.POWER_OFF)
    made.clock.run_until(made.clock.seconds + 250)
    made.begin(Verb.START)
    made.clock.run_until(made.clock.seconds + 120)
    return made
