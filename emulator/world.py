"""One emulated Azure: builds every part from a topology, starts it and stops it."""

import os
import tempfile
from functools import partial
from pathlib import Path

from emulator import topology as topologies
from emulator.arm import Arm, app
from emulator.arm_control import ControlRoutes
from emulator.arm_identity import IDENTITY_HEADER, TOKEN_PATH
from emulator.arm_routes import arm_routes
from emulator.backends import HTTPS_PORT, Backend
from emulator.balancer import Balancer, Member
from emulator.choices import habits_of, rules_of
from emulator.clock import Clock
from emulator.cloud import TRAFFIC_MANAGER_ZONE, Cloud, VirtualMachine
from emulator.fault_arm import ArmFaults
from emulator.fault_parts import EndpointFault, PowerFault
from emulator.fault_routes import FaultRoutes
from emulator.faults import Faults
from emulator.listener import Mode
from emulator.naming import Naming
from emulator.plane import DataPlane
from emulator.power import Machines, Timings
from emulator.prober import Place, Prober
from emulator.tls import Authority as CertificateAuthority
from emulator.tokens import TENANT_ID, Tokens
from emulator.topology import Topology
from emulator.truth import Truth
from emulator.web import WebServer

_ARM_ADDRESS = "127.0.0.1"


class World:
    """Everything that runs, and where it listens."""

    def __init__(
        self,
        topology: Topology,
        clock: Clock,
        seed: int | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._topology, self._clock = topology, clock
        self._ca_file = ca_file
        self._seed = topology.switches.seed if seed is None else seed
        self.cloud: Cloud = topologies.build(topology)
        self.truth = Truth()
        self.tokens = Tokens()
        self._rules = rules_of(topology.switches)
        self.plane = DataPlane(self.cloud, clock, self.truth, self._rules)
        timings = Timings(**topology.timings.model_dump())
        self.machines = Machines(self.cloud, clock, self.truth, self.plane, timings)
        switches = topology.switches
        self.machines.allows_power_off_of_deallocated = (
            switches.power_off_of_deallocated == "succeeds"
        )
        self._authority = CertificateAuthority()
        self._places: dict[Place, Place] = {}
        self.prober = Prober(self.cloud, clock, self.plane, self._places)
        self.prober.habits = habits_of(switches, self._seed)
        self.faults = Faults(clock, self.truth)
        self.machines.mishap = self._power_mishap
        self._naming = Naming(self.cloud, clock, self.truth, self.faults)
        self._web_servers: list[WebServer] = []
        self.ready: dict[str, object] = {}

    async def start(self) -> None:
        """Listen everywhere; `ready` says where."""
        self._start_machines()
        named = await self._naming.start(self._topology, self.plane, self._rules, self._seed)
        if self._ca_file is None:
            descriptor, name = tempfile.mkstemp(suffix=".pem")
            os.close(descriptor)
            self._ca_file = Path(name)
        url, https_url = await self._start_arm(self._ca_file)
        self.ready = {
            "arm": url,
            "armHttps": https_url,
            "caFile": str(self._ca_file),
            "tenantId": TENANT_ID,
            "identityEndpoint": url + TOKEN_PATH,
            "identityHeader": IDENTITY_HEADER,
            "subscriptionId": self.cloud.subscription_id,
            **named,
            "connectTo": ",".join(f"{_text(a)}={_text(b)}" for a, b in self._places.items()),
        }

    async def stop(self) -> None:
        """Stop everything and give all sockets back."""
        self.prober.close()
        self._naming.stop()
        self.machines.close()
        for web_server in self._web_servers:
            await web_server.stop()
        if self._ca_file is not None:
            self._ca_file.unlink(missing_ok=True)

    def _start_machines(self) -> None:
        """Open the machines' and load balancers' ports and note where public ports really are."""
        stopped = Mode(self._topology.switches.stopped_machine)
        for machine in self.cloud.machines:
            backend = Backend(machine.name, self._ports_of(machine), stopped)
            backend.mishap = self._endpoint_mishap
            backend.header_answers = machine.header_answers
            backend.is_at = partial(self.cloud.is_at, machine)
            backend.to_wall_seconds = self._clock.to_wall_seconds
            if HTTPS_PORT in machine.ports:
                backend.tls = self._authority.context(*self._public_names())
            self.machines.backends[machine.key] = backend
            for place, listener in backend.listeners.items():
                self._places[place] = (listener.address, listener.port)
        for balancer in self.cloud.balancers:
            address = self.cloud.public_ips.by_key(balancer.public_ip).address
            for rule in balancer.rules:
                pool = self._members(balancer.interfaces, rule.backend_port)
                opened = Balancer(balancer.name, address, pool)
                self.machines.balancers.append(opened)
                self._places[address, rule.frontend_port] = (address, opened.listener.port)
        public = {address for ip in self.cloud.public_ips for address in ip.addresses}
        for place in [p for p in self._places if p[0] not in public]:
            del self._places[place]
        self.machines.open()

    def _public_names(self) -> list[str]:
        """Return the names by which clients may ask a machine over https."""
        return [*(ip.fqdn for ip in self.cloud.public_ips if ip.fqdn), f"*.{TRAFFIC_MANAGER_ZONE}"]

    def _ports_of(self, machine: VirtualMachine) -> list[Place]:
        """Return where a machine listens: its public addresses, its private one, each port."""
        interface = self.cloud.interfaces.by_key(machine.interface)
        addresses: list[str] = []
        if interface.public_ip is not None:
            addresses += self.cloud.public_ips.by_key(interface.public_ip).addresses
        if any(interface.key in balancer.interfaces for balancer in self.cloud.balancers):
            addresses.append(interface.private_address)
        return [(address, port) for address in addresses for port in machine.ports]

    def _members(self, interfaces: tuple[str, ...], port: int) -> list[Member]:
        members = []
        for key in interfaces:
            machine, interface = self.cloud.machine_of(key), self.cloud.interfaces.by_key(key)
            if machine is None:
                continue
            backend = self.machines.backends[machine.key]
            listener = backend.listeners.get((interface.private_address, port))
            if listener is not None:
                members.append(Member(backend, listener))
        return members

    def _power_mishap(self, operation: str, machine: str) -> PowerFault | None:
        return self.faults.strike(PowerFault, lambda one: one.matches(operation, machine))

    def _endpoint_mishap(self, machine: str, path: str) -> EndpointFault | None:
        return self.faults.strike(EndpointFault, lambda one: one.matches(machine, path))

    async def _start_arm(self, ca_file: Path) -> tuple[str, str]:
        """Serve ARM over http and, with a certificate of a new authority, over https."""
        arm = Arm(
            cloud=self.cloud,
            clock=self._clock,
            truth=self.truth,
            plane=self.plane,
            machines=self.machines,
            tokens=self.tokens,
            retry_after_seconds=self._topology.switches.retry_after_seconds,
            permissions=[part.model_dump(by_alias=True) for part in self._topology.permissions],
        )
        routes = [
            *arm_routes(arm),
            *ControlRoutes(arm).routes(),
            *FaultRoutes(self.faults).routes(),
        ]
        self._authority.write(ca_file)
        served = ArmFaults(app(arm, routes), self.faults, self._clock, arm.requests)
        plain, secure = WebServer(served), WebServer(served, self._authority.context())
        self._web_servers = [plain, secure]
        url = f"http://{_text(await plain.start(_ARM_ADDRESS))}"
        return url, f"https://{_text(await secure.start(_ARM_ADDRESS))}"


def _text(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
