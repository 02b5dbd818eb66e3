"""The topology file: what exists when the emulator starts, and every switch with its default."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from emulator.cloud import (
    BalancingRule,
    Cloud,
    HeaderAnswer,
    LoadBalancer,
    NetworkInterface,
    PublicIp,
    ResourceGroup,
    VirtualMachine,
)


def _on_loopback(address: str) -> str:
    if not IPv4Address(address).is_loopback:
        raise ValueError(f"{address} is not on loopback (127.0.0.0/8).")
    return address


Loopback = Annotated[str, AfterValidator(_on_loopback)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


def _alias(name: str) -> str:
    return to_camel(name).replace("Ip", "IP")


class _Part(BaseModel):
    """What every part shares: ARM's spelling, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=_alias)


class _Resource(_Part):
    """What every resource has."""

    name: str
    resource_group: str
    location: str
    tags: dict[str, str] = {}


class GroupPart(_Part):
    """A resource group."""

    name: str
    location: str
    tags: dict[str, str] = {}


class PublicIpPart(_Resource):
    """A public IP address, as a loopback address that clients really connect to."""

    address: Loopback
    spare_addresses: list[Loopback] = []
    allocation_method: Annotated[
        Literal["Static", "Dynamic"], Field(alias="publicIPAllocationMethod")
    ] = "Static"
    domain_name_label: str | None = None

    @model_validator(mode="after")
    def _only_dynamic_ones_change(self) -> "PublicIpPart":
        if self.spare_addresses and self.allocation_method == "Static":
            raise ValueError("A Static address keeps its address: spareAddresses must be absent.")
        return self


class InterfacePart(_Resource):
    """A network interface; names refer to resources of the same group."""

    private_address: Loopback
    public_ip_address: str | None = None


class HeaderAnswerPart(_Part):
    """A header and its value, and the status that the application answers to it."""

    header: str
    value: str
    status: Annotated[int, Field(ge=200, le=599)]


class MachinePart(_Resource):
    """A VM with a web server on each of its ports."""

    network_interface: str
    size: str = "Standard_B1s"
    ports: list[int] = [80]
    header_answers: list[HeaderAnswerPart] = [
        HeaderAnswerPart(header="x-failover-drill", value="fail", status=503)
    ]


class RulePart(_Part):
    """A load-balancing rule."""

    name: str
    frontend_port: int
    backend_port: int


class BalancerPart(_Resource):
    """A load balancer."""

    frontend: str
    public_ip_address: str
    pool: str
    network_interfaces: list[str]
    rules: list[RulePart]


class NameServerPart(_Part):
    """A name server; `lagSeconds` is the time from a verdict to its answer."""

    address: Loopback
    lag_seconds: Seconds = 0.0


class ResolverPart(_Part):
    """A recursive resolver; `nameServers` (addresses) limits which ones it can see.

    README.md tells the kinds, and what `ttlSeconds` means to each.
    """

    address: Loopback
    kind: Literal["honest", "extending", "capping", "serveStale", "pinned"] = "honest"
    ttl_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    answers_stale_first: bool = False
    tells_stale: bool = True
    name_servers: list[Loopback] | None = None


class TimingsPart(_Part):
    """Durations in virtual seconds; operations default to the recorded medians."""

    power_off_seconds: Seconds = 11.9
    deallocate_seconds: Seconds = 64.2
    start_seconds: Seconds = 21.7
    restart_seconds: Seconds = 0.2
    boot_seconds: Seconds = 10.0


class SwitchesPart(_Part):
    """Where there is no ground truth, the choice is here (README.md explains each)."""

    seed: int = 1
    stopped_machine: Literal["drops", "refuses"] = "drops"
    probe_cadence: Literal["fixed", "afterTimeout"] = "fixed"
    probe_method: Literal["GET", "HEAD"] = "GET"
    probe_server_name: bool = True
    probers: Annotated[int, Field(ge=1, le=20)] = 1
    prober_quorum: Annotated[int, Field(ge=1, le=20)] | None = None
    prober_phases: Literal["even", "drawn"] = "even"
    unmonitored_counts_as_online: bool = True
    nested_ttl: Literal["queried", "answering"] = "queried"
    other_query_types: Literal["noData", "cname"] = "noData"
    empty_profile: Literal["noSuchName", "noData"] = "noSuchName"
    power_off_of_deallocated: Literal["conflict", "succeeds"] = "conflict"
    retry_after_seconds: Annotated[int, Field(ge=0)] | None = None


class PermissionPart(_Part):
    """What one role allows, as ARM tells whoever asks what it may do."""

    actions: list[str]
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []


class Topology(_Part):
    """A whole topology file."""

    subscription_id: str
    resource_groups: list[GroupPart]
    public_ip_addresses: list[PublicIpPart]
    network_interfaces: list[InterfacePart]
    virtual_machines: list[MachinePart]
    load_balancers: list[BalancerPart] = []
    traffic_manager_name_servers: list[NameServerPart]
    public_ip_name_servers: list[NameServerPart]
    resolvers: list[ResolverPart]
    timings: TimingsPart = TimingsPart()
    switches: SwitchesPart = SwitchesPart()
    permissions: list[PermissionPart] = [PermissionPart(actions=["*"])]


def read(path: Path) -> Topology:
    """Read a topology file; every fault of it is told at once (pydantic.ValidationError)."""
    return Topology.model_validate_json(path.read_bytes())


def build(topology: Topology) -> Cloud:
    """Return the cloud that the topology describes; raise ValueError for a reference to nothing."""
    cloud = Cloud(topology.subscription_id)
    for group in topology.resource_groups:
        cloud.groups[group.name.lower()] = ResourceGroup(**group.model_dump())
    for ip in topology.public_ip_addresses:
        cloud.public_ips.put(
            PublicIp(
                **_common(ip),
                address=ip.address,
                spares=tuple(ip.spare_addresses),
                label=ip.domain_name_label,
                is_static=ip.allocation_method == "Static",
                is_basic=ip.allocation_method != "Static",  # Standard addresses are static
            )
        )
    for nic in topology.network_interfaces:
        public_ip = nic.public_ip_address and _key(nic, nic.public_ip_address)
        interface = NetworkInterface(
            **_common(nic), private_address=nic.private_address, public_ip=public_ip or None
        )
        cloud.interfaces.put(interface)
    for vm in topology.virtual_machines:
        interface_key = _key(vm, vm.network_interface)
        cloud.machines.put(
            VirtualMachine(
                **_common(vm),
                interface=interface_key,
                size=vm.size,
                ports=tuple(vm.ports),
                header_answers=tuple(HeaderAnswer(**a.model_dump()) for a in vm.header_answers),
            )
        )
    for balancer in topology.load_balancers:
        cloud.balancers.put(_balancer(balancer))
    _check_references(cloud)
    _check_addresses(cloud)
    return cloud


class _Common(TypedDict):
    name: str
    resource_group: str
    location: str
    tags: dict[str, str]


def _common(part: _Resource) -> _Common:
    return {
        "name": part.name,
        "resource_group": part.resource_group,
        "location": part.location,
        "tags": part.tags,
    }


def _key(beside: _Resource, name: str) -> str:
    return f"{beside.resource_group}/{name}".lower()


def _balancer(part: BalancerPart) -> LoadBalancer:
    return LoadBalancer(
        **_common(part),
        frontend=part.frontend,
        public_ip=_key(part, part.public_ip_address),
        pool=part.pool,
        interfaces=tuple(_key(part, name) for name in part.network_interfaces),
        rules=tuple(BalancingRule(**rule.model_dump()) for rule in part.rules),
    )


def _check_references(cloud: Cloud) -> None:
    ips, nics = {ip.key for ip in cloud.public_ips}, {nic.key for nic in cloud.interfaces}
    wanted_ips = {nic.public_ip for nic in cloud.interfaces} | {
        b.public_ip for b in cloud.balancers
    }
    wanted_nics = {vm.interface for vm in cloud.machines}
    for balancer in cloud.balancers:
        wanted_nics |= set(balancer.interfaces)
    missing = (wanted_ips - ips - {None}) | (wanted_nics - nics)
    resources = (*cloud.public_ips, *cloud.interfaces, *cloud.machines, *cloud.balancers)
    missing |= {r.resource_group for r in resources if r.resource_group.lower() not in cloud.groups}
    if missing:
        raise ValueError(
            f"The topology refers to what it does not hold: {sorted(map(str, missing))}."
        )


def _check_addresses(cloud: Cloud) -> None:
    addresses = [address for ip in cloud.public_ips for address in ip.addresses]
    twice = sorted({address for address in addresses if addresses.count(address) > 1})
    if twice:
        raise ValueError(f"The topology gives public addresses twice: {twice}.")
