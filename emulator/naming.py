"""All DNS of one emulated Azure: name servers of both zones, and the resolvers before them."""

from emulator.clock import Clock
from emulator.cloud import PUBLIC_IP_ZONE, TRAFFIC_MANAGER_ZONE, Cloud
from emulator.dns import Answers, DnsServer, Handler
from emulator.fault_dns import DnsFaults
from emulator.faults import Faults
from emulator.plane import DataPlane, NameServer
from emulator.resolver import Resolver
from emulator.resolver_kinds import Kind
from emulator.resolver_truth import ResolverTruth
from emulator.rules import Rules
from emulator.topology import NameServerPart, ResolverPart, Topology
from emulator.truth import Truth
from emulator.upstream import Server
from emulator.zones import Authority, PublicIpZone, TrafficManagerZone


class Naming:
    """Every server that speaks DNS, and where it listens."""

    def __init__(self, cloud: Cloud, clock: Clock, truth: Truth, faults: Faults) -> None:
        self._cloud, self._clock, self._truth = cloud, clock, truth
        self._faults = DnsFaults(faults, clock)
        self._servers: list[DnsServer] = []
        self._resolvers: list[Resolver] = []

    async def start(
        self, topology: Topology, plane: DataPlane, rules: Rules, seed: int
    ) -> dict[str, object]:
        """Listen; return what the ready file says of it."""
        authoritative = [
            await self._start_traffic_manager_server(part, plane, rules, seed)
            for part in topology.traffic_manager_name_servers
        ]
        zone = PublicIpZone(self._cloud.public_ips.by_name)
        of_public_ips = Answers(Authority((zone,)).choices, keeps=False)
        public_ip_zone = [
            await self._listen(part.address, of_public_ips)
            for part in topology.public_ip_name_servers
        ]
        zones = {TRAFFIC_MANAGER_ZONE: authoritative, PUBLIC_IP_ZONE: public_ip_zone}
        resolvers = [await self._start_resolver(part, zones, seed) for part in topology.resolvers]
        return {
            "authoritative": [_text(place) for place in authoritative],
            "publicIpZone": [_text(place) for place in public_ip_zone],
            "resolvers": [_text(place) for place in resolvers],
        }

    def stop(self) -> None:
        """Give all sockets back."""
        for resolver in self._resolvers:
            resolver.close()
        for server in self._servers:
            server.stop()

    async def _start_traffic_manager_server(
        self, part: NameServerPart, plane: DataPlane, rules: Rules, seed: int
    ) -> Server:
        zone = TrafficManagerZone(rules)
        answers = Answers(Authority((zone,)).choices, f"{seed}|{part.address}")
        zone.on_publish = answers.forget
        name_server = NameServer(zone, part.lag_seconds)
        place = await self._listen(part.address, answers)
        name_server.name = _text(place)
        plane.name_servers.append(name_server)
        return place

    async def _start_resolver(
        self, part: ResolverPart, zones: dict[str, list[Server]], seed: int
    ) -> Server:
        """Start a resolver that sees all name servers, or those that the topology names."""
        seen = {
            zone: [s for s in servers if part.name_servers is None or s[0] in part.name_servers]
            for zone, servers in zones.items()
        }
        kind = Kind.of(
            part.kind,
            part.ttl_seconds,
            answers_stale_first=part.answers_stale_first,
            tells_stale=part.tells_stale,
        )
        resolver = Resolver(self._clock, seen, f"{seed}|{part.address}", kind)
        self._resolvers.append(resolver)
        place = await self._listen(part.address, resolver.handle)
        resolver.on_learned = ResolverTruth(_text(place), self._cloud, self._truth).learned
        return place

    async def _listen(self, address: str, handler: Handler) -> Server:
        server = DnsServer(handler)
        self._servers.append(server)
        place = await server.start(address)
        self._faults.watch(_text(place), server)
        return place


def _text(place: Server) -> str:
    return f"{place[0]}:{place[1]}"
