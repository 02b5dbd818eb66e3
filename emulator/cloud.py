"""What exists in the emulated cloud: values, and one container keyed without regard to case."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

TRAFFIC_MANAGER_ZONE = "trafficmanager.net"
PUBLIC_IP_ZONE = "cloudapp.azure.com"


class EndpointKind(StrEnum):
    """The three endpoint types, as the last segment of ARM's type."""

    AZURE = "azureEndpoints"
    EXTERNAL = "externalEndpoints"
    NESTED = "nestedEndpoints"


class RoutingMethod(StrEnum):
    """ARM's routing methods; all are stored and shown, routing.py says which are answered."""

    PERFORMANCE = "Performance"
    PRIORITY = "Priority"
    WEIGHTED = "Weighted"
    GEOGRAPHIC = "Geographic"
    MULTI_VALUE = "MultiValue"
    SUBNET = "Subnet"


class PowerState(StrEnum):
    """The suffix of a VM's `PowerState/…` status."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DEALLOCATING = "deallocating"
    DEALLOCATED = "deallocated"
    STARTING = "starting"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorConfig:
    """How a profile's endpoints are probed."""

    protocol: str
    port: int
    path: str | None
    interval_seconds: int
    timeout_seconds: int
    tolerated_failures: int
    expected_statuses: tuple[tuple[int, int], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def accepts(self, status: int) -> bool:
        """Whether an answer with this status is healthy; only 200 is, unless ranges are set."""
        ranges = self.expected_statuses or ((200, 200),)
        return any(low <= status <= high for low, high in ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One way to serve a profile's users."""

    name: str
    kind: EndpointKind
    enabled: bool
    target: str
    target_resource_id: str | None = None
    priority: int
    weight: int = 1
    location: str | None = None
    always_serve: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    geo_mapping: tuple[str, ...] = ()
    subnets: tuple[tuple[tuple[str, object], ...], ...] = ()
    min_child_endpoints: int | None = None
    min_child_endpoints_ipv4: int | None = None
    min_child_endpoints_ipv6: int | None = None

    @property
    def key(self) -> str:
        """What tells the endpoint apart within its profile."""
        return f"{self.kind}/{self.name}".lower()

    def points_like(self, other: "Endpoint") -> bool:
        """Whether both send users to the same place, so that what is known of its health holds."""
        return self.target.lower() == other.target.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A Traffic Manager profile as it was last written."""

    name: str
    resource_group: str
    relative_name: str
    ttl_seconds: int
    method: RoutingMethod
    enabled: bool
    monitor: MonitorConfig
    endpoints: tuple[Endpoint, ...] = ()
    tags: tuple[tuple[str, str], ...] | None = None
    max_return: int | None = None
    record_types: tuple[str, ...] = ()
    record_type: str | None = None  # of a strictly typed profile: A, AAAA or CNAME

    @property
    def key(self) -> str:
        """What tells the profile apart in the subscription."""
        return f"{self.resource_group}/{self.name}".lower()

    @property
    def fqdn(self) -> str:
        """The profile's DNS name, without the last dot."""
        return f"{self.relative_name}.{TRAFFIC_MANAGER_ZONE}"

    def endpoint(self, key: str) -> Endpoint | None:
        """Return the endpoint with this key, if there is one."""
        return next((e for e in self.endpoints if e.key == key), None)

    def with_endpoint(self, endpoint: Endpoint) -> "Profile":
        """Return the profile with one endpoint added or replaced."""
        others = [e for e in self.endpoints if e.key != endpoint.key]
        return self.with_endpoints([*others, endpoint])

    def with_endpoints(self, endpoints: Iterable[Endpoint]) -> "Profile":
        """Return the profile with these endpoints, in ARM's order: by priority."""
        return replace(self, endpoints=tuple(sorted(endpoints, key=lambda e: e.priority)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroup:
    """A resource group."""

    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What every regional resource has."""

    name: str
    resource_group: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells the resource apart among those of its type."""
        return f"{self.resource_group}/{self.name}".lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIp(Resource):
    """A public address; without a label it has no DNS name and can be no endpoint.

    `address` is the one that it has or had last: a dynamic one is given only while a machine that
    is not deallocated holds it (`is_allocated`), and each time it is the next of `spares`.
    """

    address: str
    spares: tuple[str, ...] = ()
    label: str | None = None
    is_static: bool = True
    is_allocated: bool = True
    is_basic: bool = False
    is_updating: bool = False
    idle_timeout_minutes: int = 4
    revision: int = 0  # every write makes another ETag

    @property
    def fqdn(self) -> str | None:
        """The DNS name that the label gives."""
        return f"{self.label}.{self.location}.{PUBLIC_IP_ZONE}" if self.label else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that it may ever have."""
        return (self.address, *self.spares)

    def released(self) -> "PublicIp":
        """Return it without an address."""
        return replace(self, is_allocated=False, revision=self.revision + 1)

    def given_again(self) -> "PublicIp":
        """Return it with its next address; the one that it had goes to the end of the spares."""
        address, *spares = (*self.spares, self.address)
        return replace(
            self,
            address=address,
            spares=tuple(spares),
            is_allocated=True,
            revision=self.revision + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface(Resource):
    """A network interface with one IP configuration."""

    private_address: str
    public_ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancingRule:
    """Which frontend port goes to which backend port."""

    name: str
    frontend_port: int
    backend_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(Resource):
    """A load balancer with one public frontend and one pool of network interfaces."""

    frontend: str
    public_ip: str
    pool: str
    interfaces: tuple[str, ...]
    rules: tuple[BalancingRule, ...]


class HeaderAnswer(NamedTuple):
    """The status that a machine's application answers to a request with this header."""

    header: str
    value: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine(Resource):
    """A VM, its power state and whether its guest answers."""

    interface: str
    size: str
    ports: tuple[int, ...] = (80,)
    header_answers: tuple[HeaderAnswer, ...] = ()
    power: PowerState = PowerState.RUNNING
    is_serving: bool = True
    is_updating: bool = False


V = TypeVar("V", bound="Resource | Profile")


class Table(Generic[V]):
    """Resources of one type, found by group and name in any case."""

    def __init__(self) -> None:
        self._rows: dict[str, V] = {}

    def __iter__(self) -> Iterator[V]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, resource_group: str, name: str) -> V | None:
        """Return the resource, if there is one."""
        return self._rows.get(f"{resource_group}/{name}".lower())

    def by_key(self, key: str) -> V:
        """Return the resource with this key, which must exist."""
        return self._rows[key]

    def get(self, key: str) -> V | None:
        """Return the resource with this key, if there is one."""
        return self._rows.get(key)

    def in_group(self, resource_group: str | None) -> list[V]:
        """Return the resources of one group, or of all."""
        wanted = resource_group.lower() if resource_group is not None else None
        return [v for v in self if wanted in (None, v.resource_group.lower())]

    def put(self, resource: V) -> None:
        """Add or replace a resource."""
        self._rows[resource.key] = resource

    def remove(self, key: str) -> None:
        """Forget the resource with this key."""
        self._rows.pop(key, None)


class PublicIps(Table[PublicIp]):
    """The public addresses, and the names that DNS knows of: those with an address now."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, PublicIp] = {}

    def put(self, resource: PublicIp) -> None:
        """Add or replace an address, and its name with it."""
        self._forget_name(resource.key)
        super().put(resource)
        if resource.fqdn is not None and resource.is_allocated:
            self.by_name[resource.fqdn.lower()] = resource

    def remove(self, key: str) -> None:
        """Forget an address and its name."""
        self._forget_name(key)
        super().remove(key)

    def _forget_name(self, key: str) -> None:
        before = self._rows.get(key)
        if before is not None and before.fqdn is not None:
            self.by_name.pop(before.fqdn.lower(), None)


class Cloud:
    """Everything that one emulated subscription holds."""

    def __init__(self, subscription_id: str) -> None:
        self.subscription_id = subscription_id
        self.groups: dict[str, ResourceGroup] = {}
        self.profiles: Table[Profile] = Table()
        self.public_ips = PublicIps()
        self.interfaces: Table[NetworkInterface] = Table()
        self.balancers: Table[LoadBalancer] = Table()
        self.machines: Table[VirtualMachine] = Table()

    def child_of(self, endpoint: Endpoint) -> Profile | None:
        """Return the profile that a nested endpoint stands for; names are unique and stay."""
        if endpoint.kind is not EndpointKind.NESTED:
            return None
        return next((p for p in self.profiles if p.fqdn.lower() == endpoint.target.lower()), None)

    def parents_of(self, profile: Profile) -> list[Profile]:
        """Return the profiles that have this one as a nested endpoint."""
        return [
            p
            for p in self.profiles
            if any(
                (c := self.child_of(e)) is not None and c.key == profile.key for e in p.endpoints
            )
        ]

    def machine_of(self, interface_key: str) -> VirtualMachine | None:
        """Return the VM that the network interface belongs to."""
        return next((m for m in self.machines if m.interface == interface_key), None)

    def interface_of(self, public_ip: PublicIp) -> NetworkInterface | None:
        """Return the network interface that holds the public address itself."""
        return next((i for i in self.interfaces if i.public_ip == public_ip.key), None)

    def follow_power(self, machine: VirtualMachine) -> None:
        """Release the machine's dynamic address with its host; give it the next with another."""
        is_held = machine.power is not PowerState.DEALLOCATED
        ip = next((p for p in self.public_ips if self._holds(machine, p)), None)
        if ip is not None and not ip.is_static and ip.is_allocated is not is_held:
            self.public_ips.put(ip.given_again() if is_held else ip.released())

    def is_at(self, machine: VirtualMachine, address: str) -> bool:
        """Whether packets to one of the machine's addresses reach it now."""
        ip = next((p for p in self.public_ips if address in p.addresses), None)
        return ip is None or (
            ip.is_allocated and ip.address == address and self._holds(machine, ip)
        )

    def _holds(self, machine: VirtualMachine, public_ip: PublicIp) -> bool:
        interface = self.interface_of(public_ip)
        return interface is not None and interface.key == machine.interface

    def balancer_of(self, public_ip: PublicIp) -> LoadBalancer | None:
        """Return the load balancer whose frontend holds the public address."""
        return next((b for b in self.balancers if b.public_ip == public_ip.key), None)

    def machines_behind(self, public_ip: PublicIp) -> list[VirtualMachine]:
        """Return the VMs that answer for a public address, directly or through a load balancer."""
        interface, balancer = self.interface_of(public_ip), self.balancer_of(public_ip)
        keys = [interface.key] if interface else list(balancer.interfaces if balancer else ())
        return [machine for key in keys if (machine := self.machine_of(key)) is not None]

    def public_ip_of(self, endpoint: Endpoint) -> PublicIp | None:
        """Return the public address that an endpoint's target names, by FQDN or by address."""
        target = endpoint.target.rstrip(".").lower()
        return next(
            (p for p in self.public_ips if target in (p.address, (p.fqdn or "").lower())), None
        )

    def is_served(self, public_ip: PublicIp) -> bool:
        """Whether any machine behind the public address answers."""
        return any(machine.is_serving for machine in self.machines_behind(public_ip))
