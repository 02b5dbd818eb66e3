"""The lab's emulated Azure on a virtual clock: its core without a wire, and without waiting.

Profiles, machines, probes, verdicts, answers, faults on demand and the truth are the emulator's
own code. What would be on the wire is replaced: a probe is answered by whoever serves.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from emulator import topology as topologies
from emulator.backends import Backend
from emulator.cloud import Endpoint, PowerState, Profile, PublicIp, VirtualMachine
from emulator.fault_parts import FaultsPart, PowerFault
from emulator.faults import Faults
from emulator.ids import endpoint_id, machine_id, profile_id
from emulator.monitor import is_probed
from emulator.plane import DataPlane, NameServer
from emulator.power import Machines, Timings
from emulator.profile_reading import Place, read_profile
from emulator.routing import Answer
from emulator.truth import Truth
from emulator.zones import TrafficManagerZone
from shared.core.model import HealthCheck
from shared.core.samples import Instant
from tests.emulator.planes import dice
from tests.emulator.running import LAB, lab_profile
from tests.emulator.virtual import Guest, VirtualClock
from tests.support.drills import START

Json = dict[str, Any]

GROUP, PROFILE = "switchback-lab", "lab"
OWN_HEADERS = [{"name": "X-Tenant", "value": "blue"}]
"""Of the endpoint under test, so that restoring its headers is more than taking all away."""
OK = 200


class SimServer(NameServer):
    """A name server that nobody asks over a wire."""

    told = ""

    def publish(self, profile: Profile, answer: Answer | None) -> str | None:
        """Answer this from now on."""
        self.told = answer.told if answer else ""
        return super().publish(profile, answer)


class SimAzure:
    """The lab's Azure, and time."""

    def __init__(self, seed: object, ttl: int, primary: str, **monitor: int) -> None:
        self.primary = primary
        self.clock, self.truth, self._dice = VirtualClock(), Truth(), dice(seed)
        self.cloud = topologies.build(topologies.read(Path(LAB)))
        self.plane = DataPlane(self.cloud, self.clock, self.truth)
        self.servers: list[SimServer] = []
        self.server = self._add_server(0)
        self.machines = Machines(self.cloud, self.clock, self.truth, self.plane, Timings())
        for machine in self.cloud.machines:
            self.machines.backends[machine.key] = cast("Backend", Guest())
        self.faults = Faults(self.clock, self.truth)
        self.machines.mishap = self._mishap
        self.on_faults: Callable[[], None] = lambda: None
        body = lab_profile(ttl, **monitor)
        for endpoint in body["properties"]["endpoints"]:
            is_primary = endpoint["name"] == primary
            endpoint["properties"]["priority"] = 1 if is_primary else 2
            endpoint["properties"]["customHeaders"] = OWN_HEADERS if is_primary else []
        self.plane.write(read_profile(self.cloud, Place(GROUP, PROFILE), body))
        for endpoint in self.live.endpoints:
            self._probe(endpoint)

    def let_servers_lag(self, *lags_seconds: float) -> None:
        """Have so many name servers, each so much later than the verdict."""
        self.server.lag_seconds = lags_seconds[0]
        for lag_seconds in lags_seconds[1:]:
            self._add_server(lag_seconds)
        self.plane.write(self.live)

    def _add_server(self, lag_seconds: float) -> "SimServer":
        server = SimServer(TrafficManagerZone(), lag_seconds)
        self.servers.append(server)
        server.name = f"127.1.1.{len(self.servers)}:53"
        self.plane.name_servers.append(server)
        return server

    def now(self) -> Instant:
        """Return the time."""
        return START + round(self.clock.seconds * 1_000)

    def ceil(self) -> Instant:
        """Return the time, rounded up."""
        return self.now() + 1

    @property
    def live(self) -> Profile:
        """The profile as it is."""
        return self.cloud.profiles.by_key(f"{GROUP}/{PROFILE}")

    @property
    def profile_id(self) -> str:
        """The profile's id."""
        return profile_id(self.cloud.subscription_id, self.live)

    def endpoint(self, name: str) -> Endpoint:
        """Return an endpoint as it is."""
        return next(e for e in self.live.endpoints if e.name == name)

    def endpoint_id(self, name: str) -> str:
        """Return an endpoint's id."""
        return endpoint_id(self.cloud.subscription_id, self.live, self.endpoint(name))

    def machine(self, name: str) -> VirtualMachine:
        """Return a machine as it is."""
        return next(m for m in self.cloud.machines if m.name == name)

    def machine_id(self, name: str) -> str:
        """Return a machine's id."""
        return machine_id(self.cloud.subscription_id, self.machine(name))

    def targets(self) -> list[VirtualMachine]:
        """Return the machines behind the primary endpoint."""
        ip = self.cloud.public_ip_of(self.endpoint(self.primary))
        return self.cloud.machines_behind(ip) if ip is not None else []

    def is_well(self) -> bool:
        """Whether every machine runs and serves."""
        return all(m.power is PowerState.RUNNING and m.is_serving for m in self.cloud.machines)

    def status(self, name: str) -> str:
        """Return an endpoint's monitor status."""
        return self.plane.status_of(self.live, self.endpoint(name)).value

    def address(self, target: str) -> str | None:
        """Return the address that a public IP's name leads to now; an address is itself."""
        if any(target == ip.address for ip in self.cloud.public_ips):
            return target
        ip = self.cloud.public_ips.by_name.get(target.rstrip(".").lower())
        return ip.address if ip else None

    def answers(self, check: HealthCheck) -> bool:
        """Whether an endpoint answers as it should."""
        address = self.address(check.address)
        ip = next((p for p in self.cloud.public_ips if p.address == address), None)
        status = self._status(ip, check.headers)
        return any(status and low <= status <= high for low, high in check.expected_statuses)

    def serves(self, address: str) -> bool:
        """Whether anybody answers at an address."""
        ip = next((p for p in self.cloud.public_ips if p.address == address), None)
        return self._status(ip, ()) is not None

    def put_faults(self, faults: list[Json], seed: int = 1) -> None:
        """Put faults on demand, as a request describes them."""
        self.on_faults()
        self.faults.put(FaultsPart.model_validate({"seed": seed, "faults": faults}))

    def _mishap(self, operation: str, machine: str) -> PowerFault | None:
        return self.faults.strike(PowerFault, lambda one: one.matches(operation, machine))

    def _probe(self, endpoint: Endpoint) -> None:
        """Probe an endpoint at a fixed cadence, whenever its configuration has it probed."""
        interval = self.live.monitor.interval_seconds

        def turn() -> None:
            self.clock.call_later(interval, turn)
            live, current = self.live, self.endpoint(endpoint.name)
            if not is_probed(live, current):
                return
            sent = current.headers or live.monitor.headers
            status = self._status(self.cloud.public_ip_of(current), sent)
            if status is None:
                self.clock.call_later(live.monitor.timeout_seconds, time_out)
            else:
                is_good = live.monitor.accepts(status)
                self.plane.probed(live.key, current.key, succeeded=is_good)

        def time_out() -> None:
            if is_probed(self.live, self.endpoint(endpoint.name)):
                self.plane.probed(self.live.key, endpoint.key, succeeded=False)

        self.clock.call_later(self._dice.random() * interval, turn)

    def _status(self, ip: PublicIp | None, headers: tuple[tuple[str, str], ...]) -> int | None:
        """Return the status that a request with these headers is answered; None: nobody answers."""
        if ip is None or not ip.is_allocated:
            return None
        serving = [m for m in self.cloud.machines_behind(ip) if m.is_serving]
        if not serving:
            return None
        sent = {name.lower(): value for name, value in headers}
        known = serving[0].header_answers
        return next((h.status for h in known if sent.get(h.header.lower()) == h.value), OK)
