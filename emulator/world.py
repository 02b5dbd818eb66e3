"""One emulated Azure: builds every part from a topology, starts it and stops it."""

import os
import tempfile
from pathlib import Path

from emulator import topology as topologies
from emulator.arm import Arm, app
from emulator.arm_compute import ComputeRoutes
from emulator.arm_control import ControlRoutes
from emulator.arm_identity import IDENTITY_HEADER, TOKEN_PATH, IdentityRoutes
from emulator.arm_network import NetworkRoutes
from emulator.arm_traffic_manager import TrafficManagerRoutes
from emulator.backends import Backend
from emulator.balancer import Balancer, Member
from emulator.choices import habits_of, rules_of
from emulator.clock import Clock
from emulator.cloud import PUBLIC_IP_ZONE, TRAFFIC_MANAGER_ZONE, Cloud, VirtualMachine
from emulator.dns import Answers, DnsServer
from emulator.entra import EntraRoutes
from emulator.listener import Mode
from emulator.plane import DataPlane, NameServer
from emulator.power import Machines, Timings
from emulator.prober import Place, Prober
from emulator.resolver import Resolver
from emulator.resolver_kinds import Kind
from emulator.resolver_truth import ResolverTruth
from emulator.tls import Authority as CertificateAuthority
from emulator.tokens import TENANT_ID
from emulator.topology import ResolverPart, Topology
from emulator.truth import Truth
from emulator.web import WebServer
from emulator.zones import Authority, PublicIpZone, TrafficManagerZone

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
        self._rules = rules_of(topology.switches)
        self.plane = DataPlane(self.cloud, clock, self.truth, self._rules)
        timings = Timings(**topology.timings.model_dump())
        self.machines = Machines(self.cloud, clock, self.truth, self.plane, timings)
        switches = topology.switches
        self.machines.allows_power_off_of_deallocated = (
            switches.power_off_of_deallocated == "succeeds"
        )
        self._places: dict[Place, Place] = {}
        self.prober = Prober(self.cloud, clock, self.plane, self._places)
        self.prober.habits = habits_of(switches, self._seed)
        self._dns_servers: list[DnsServer] = []
        self._resolvers: list[Resolver] = []
        self._web_servers: list[WebServer] = []
        self.ready: dict[str, object] = {}

    async def start(self) -> None:
        """Listen everywhere; `ready` says where."""
        self._start_machines()
        authoritative = [
            await self._start_traffic_manager_server(part.address, part.lag_seconds)
            for part in self._topology.traffic_manager_name_servers
        ]
        zone = PublicIpZone({ip.fqdn.lower(): ip for ip in self.cloud.public_ips if ip.fqdn})
        public_ip_zone = [
            await self._start_dns(
                part.address, DnsServer(Answers(Authority((zone,)).choices, keeps=False))
            )
            for part in self._topology.public_ip_name_servers
        ]
        servers = {TRAFFIC_MANAGER_ZONE: authoritative, PUBLIC_IP_ZONE: public_ip_zone}
        resolvers = [await self._start_resolver(r, servers) for r in self._topology.resolvers]
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
            "authoritative": [_text(place) for place in authoritative],
            "publicIpZone": [_text(place) for place in public_ip_zone],
            "resolvers": [_text(place) for place in resolvers],
            "connectTo": ",".join(f"{_text(a)}={_text(b)}" for a, b in self._places.items()),
        }

    async def stop(self) -> None:
        """Stop everything and give all sockets back."""
        self.prober.close()
        for resolver in self._resolvers:
            resolver.close()
        for server in self._dns_servers:
            server.stop()
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
        public = {ip.address for ip in self.cloud.public_ips}
        for place in [p for p in self._places if p[0] not in public]:
            del self._places[place]
        self.machines.open()

    def _ports_of(self, machine: VirtualMachine) -> list[Place]:
        """Return where a machine listens: its public address, else its private one, each port."""
        interface = self.cloud.interfaces.by_key(machine.interface)
        addresses = []
        if interface.public_ip is not None:
            addresses.append(self.cloud.public_ips.by_key(interface.public_ip).address)
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

    async def _start_traffic_manager_server(self, address: str, lag_seconds: float) -> Place:
        zone = TrafficManagerZone(self._rules)
        name_server = NameServer(zone, lag_seconds)
        answers = Answers(Authority((zone,)).choices, f"{self._seed}|{address}")
        zone.on_publish = answers.forget
        place = await self._start_dns(address, DnsServer(answers))
        name_server.name = _text(place)
        self.plane.name_servers.append(name_server)
        return place

    async def _start_resolver(self, part: ResolverPart, zones: dict[str, list[Place]]) -> Place:
        """Start a resolver that sees all name servers, or those that the topology names."""
        seen = {
            zone: [s for s in servers if part.name_servers is None or s[0] in part.name_servers]
            for zone, servers in zones.items()
        }
        kind = Kind.of(part.kind, part.ttl_seconds, answers_stale_first=part.answers_stale_first)
        resolver = Resolver(self._clock, seen, f"{self._seed}|{part.address}", kind)
        self._resolvers.append(resolver)
        place = await self._start_dns(part.address, DnsServer(resolver.handle))
        tell = ResolverTruth(_text(place), self.cloud, self.truth)
        resolver.on_learned = tell.learned
        return place

    async def _start_dns(self, address: str, server: DnsServer) -> Place:
        self._dns_servers.append(server)
        return await server.start(address)

    async def _start_arm(self, ca_file: Path) -> tuple[str, str]:
        """Serve ARM over http and, with a certificate of a new authority, over https."""
        arm = Arm(
            cloud=self.cloud,
            clock=self._clock,
            truth=self.truth,
            plane=self.plane,
            machines=self.machines,
            retry_after_seconds=self._topology.switches.retry_after_seconds,
        )
        routes = [
            *TrafficManagerRoutes(arm).routes(),
            *ComputeRoutes(arm).routes(),
            *NetworkRoutes(arm).routes(),
            *IdentityRoutes(arm).routes(),
            *EntraRoutes(arm).routes(),
            *ControlRoutes(arm).routes(),
        ]
        authority = CertificateAuthority()
        authority.write(ca_file)
        served = app(arm, routes)
        plain, secure = WebServer(served), WebServer(served, authority.context())
        self._web_servers = [plain, secure]
        url = f"http://{_text(await plain.start(_ARM_ADDRESS))}"
        return url, f"https://{_text(await secure.start(_ARM_ADDRESS))}"


def _text(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
