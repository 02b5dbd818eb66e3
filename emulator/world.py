"""One emulated Azure: builds every part from a topology, starts it and stops it."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

import uvicorn

from emulator import topology as topologies
from emulator.arm import Arm, app
from emulator.arm_compute import ComputeRoutes
from emulator.arm_control import ControlRoutes
from emulator.arm_identity import IDENTITY_HEADER, TOKEN_PATH
from emulator.arm_identity import routes as identity_routes
from emulator.arm_network import NetworkRoutes
from emulator.arm_traffic_manager import TrafficManagerRoutes
from emulator.backends import Backend
from emulator.balancer import Balancer, Member
from emulator.clock import Clock
from emulator.cloud import PUBLIC_IP_ZONE, TRAFFIC_MANAGER_ZONE, Cloud, VirtualMachine
from emulator.dns import DnsServer, at_once
from emulator.listener import Mode, tcp_socket
from emulator.plane import DataPlane, NameServer
from emulator.power import Machines, Timings
from emulator.prober import Cadence, Place, Prober
from emulator.resolver import Resolver
from emulator.resolver_truth import ResolverTruth
from emulator.topology import ResolverPart, Topology
from emulator.truth import Truth
from emulator.zones import Authority, PublicIpZone, TrafficManagerZone

_ARM_ADDRESS = "127.0.0.1"
_STOP_SECONDS = 1.0  # wall; requests that are not answered by then are cut


class _Uvicorn(uvicorn.Server):
    """uvicorn inside our own loop: signals and their handling stay ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class World:
    """Everything that runs, and where it listens."""

    def __init__(self, topology: Topology, clock: Clock, seed: int | None = None) -> None:
        self._topology, self._clock = topology, clock
        self._seed = topology.switches.seed if seed is None else seed
        self.cloud: Cloud = topologies.build(topology)
        self.truth = Truth()
        self.plane = DataPlane(self.cloud, clock, self.truth)
        timings = Timings(**topology.timings.model_dump())
        self.machines = Machines(self.cloud, clock, self.truth, self.plane, timings)
        switches = topology.switches
        self.machines.allows_power_off_of_deallocated = (
            switches.power_off_of_deallocated == "succeeds"
        )
        self._places: dict[Place, Place] = {}
        self.prober = Prober(self.cloud, clock, self.plane, self._places)
        self.prober.seed = self._seed
        self.prober.cadence = Cadence(switches.probe_cadence)
        self._dns_servers: list[DnsServer] = []
        self._resolvers: list[Resolver] = []
        self._http: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
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
            await self._start_dns(part.address, DnsServer(at_once(Authority((zone,)).reply)))
            for part in self._topology.public_ip_name_servers
        ]
        servers = {TRAFFIC_MANAGER_ZONE: authoritative, PUBLIC_IP_ZONE: public_ip_zone}
        resolvers = [await self._start_resolver(r, servers) for r in self._topology.resolvers]
        url = await self._start_arm()
        self.ready = {
            "arm": url,
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
        if self._http is not None and self._serving is not None:
            await _stop_serving(self._http, self._serving)

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
        zone = TrafficManagerZone()
        name_server = NameServer(zone, lag_seconds)
        place = await self._start_dns(address, DnsServer(at_once(Authority((zone,)).reply)))
        name_server.name = _text(place)
        self.plane.name_servers.append(name_server)
        return place

    async def _start_resolver(self, part: ResolverPart, zones: dict[str, list[Place]]) -> Place:
        """Start a resolver that sees all name servers, or those that the topology names."""
        seen = {
            zone: [s for s in servers if part.name_servers is None or s[0] in part.name_servers]
            for zone, servers in zones.items()
        }
        resolver = Resolver(self._clock, seen, f"{self._seed}|{part.address}")
        self._resolvers.append(resolver)
        place = await self._start_dns(part.address, DnsServer(resolver.handle))
        tell = ResolverTruth(_text(place), self.cloud, self.truth)
        resolver.on_learned = tell.learned
        return place

    async def _start_dns(self, address: str, server: DnsServer) -> Place:
        self._dns_servers.append(server)
        return await server.start(address)

    async def _start_arm(self) -> str:
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
            *identity_routes(),
            *ControlRoutes(arm).routes(),
        ]
        listening = tcp_socket()
        listening.bind((_ARM_ADDRESS, 0))
        config = uvicorn.Config(
            app(arm, routes),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._http = _Uvicorn(config)
        serve = self._http.serve(sockets=[listening])
        self._serving = asyncio.get_running_loop().create_task(serve)
        while not self._http.started and not self._serving.done():
            await asyncio.sleep(0.001)
        return f"http://{_text(cast('Place', listening.getsockname()))}"


async def _stop_serving(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    """Let requests that are under way end, shortly; uvicorn's own way takes 0.2 s at least."""
    for listening in server.servers:
        listening.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    if server.server_state.tasks:
        await asyncio.wait(server.server_state.tasks, timeout=_STOP_SECONDS)
    serving.cancel()
    await asyncio.wait([serving])


def _text(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
