"""Topologies for recorded exchanges: what each takes for granted, made from its own body."""

import json
import re

from emulator.topology import Topology
from tests.emulator.recordings import SUBSCRIPTION, Exchange, topology_of
from tests.emulator.running import Json


class Stage:
    """A topology that grows by what recorded exchanges take for granted."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._location = location_of(exchanges)
        self._parts: dict[str, dict[str, Json]] = {
            "publicIPAddresses": {},
            "networkInterfaces": {},
            "virtualMachines": {},
            "loadBalancers": {},
        }

    def topology(self) -> Topology:
        """Return the topology; all of it is in one region."""
        timings = dict.fromkeys(("powerOff", "deallocate", "start", "restart"), 0.3)
        timings = {f"{name}Seconds": seconds for name, seconds in timings.items()}
        lists = {name: list(parts.values()) for name, parts in self._parts.items()}
        return topology_of(self._exchanges, timings=timings, **lists)

    def add_machine(self, group: str, name: str, interface: str, **members: object) -> None:
        """Add a VM and its network interface."""
        self._add("virtualMachines", group, name, networkInterface=interface, ports=[], **members)
        self.add_interface(group, interface)

    def add_interface(self, group: str, name: str, **members: object) -> None:
        """Add a network interface."""
        known = self._parts["networkInterfaces"].get(name, {})
        address = known.get("privateAddress", f"127.1.30.{len(self._parts['networkInterfaces'])}")
        self._add("networkInterfaces", group, name, privateAddress=address, **members)

    def add_public_ip(self, group: str, name: str, label: str) -> None:
        """Add a dynamic address."""
        address = f"127.1.31.{len(self._parts['publicIPAddresses']) + 1}"
        how: Json = {"address": address, "publicIPAllocationMethod": "Dynamic"}
        self._add("publicIPAddresses", group, name, domainNameLabel=label, **how)

    def drop_machines(self) -> None:
        """Forget the VMs: an interface's own is the only one that can hold it."""
        self._parts["virtualMachines"].clear()

    def add_balancer(self, group: str, name: str, **members: object) -> None:
        """Add a load balancer."""
        self._add("loadBalancers", group, name, **members)

    def _add(self, kind: str, group: str, name: str, **members: object) -> None:
        base: Json = {"name": name, "resourceGroup": group, "location": self._location}
        self._parts[kind][name] = base | self._parts[kind].get(name, {}) | members


def machines_of(exchanges: list[Exchange]) -> Stage:
    """Return a stage with every VM that the exchanges name, as far as their bodies tell."""
    stage = Stage(exchanges)
    for exchange in exchanges:
        found = re.search(r"resourceGroups/([^/]+)/.*virtualMachines/([^/]+)", exchange.path)
        if found is None:
            continue
        group, name = found.groups()
        members: Json = {}
        interface = f"nic-{name}"
        if exchange.body is not None and "properties" in exchange.body:
            properties = exchange.body["properties"]
            first = properties["networkProfile"]["networkInterfaces"][0]["id"]
            interface = first.rpartition("/")[2]
            members = {
                "tags": exchange.body["tags"],
                "size": properties["hardwareProfile"]["vmSize"],
            }
        if members or not any(name in e.path and e.body is not None for e in exchanges):
            stage.add_machine(group, name, interface, **members)
    return stage


def location_of(exchanges: list[Exchange]) -> str:
    """Return the region that the exchanges tell of."""
    text = json.dumps([[e.body, dict(e.headers)] for e in exchanges])
    found = re.search(r"\"location\": \"([a-z0-9]+)\"|/locations/([a-z0-9]+)/operations", text)
    return (found[1] or found[2]) if found else "eastus"


def staged(exchange: Exchange, exchanges: list[Exchange]) -> Stage:
    """Return what one exchange about the network takes for granted."""
    group, kind, name = place_of(exchange.path)
    if kind == "virtualMachines":
        return machines_of([exchange])
    stage = Stage(exchanges)
    references = re.findall(rf"{SUBSCRIPTION}/[^\"]+", json.dumps(exchange.body))
    for other_group, other_kind, other in map(place_of, references):
        if other_kind == "networkInterfaces":
            stage.add_machine(other_group, f"vm-of-{other}", other)
    add = {
        "publicIPAddresses": add_public_ip,
        "networkInterfaces": add_interface,
        "loadBalancers": add_balancer,
    }
    add[kind](stage, group, name, exchange.body["properties"])
    return stage


def add_public_ip(stage: Stage, group: str, name: str, properties: Json) -> None:
    """Add a public address, and give it to what its recorded body says holds it."""
    stage.add_public_ip(group, name, properties["dnsSettings"]["domainNameLabel"])
    holder = properties["ipConfiguration"]["id"]
    holder_group, kind, held_by = place_of(holder)
    if kind == "networkInterfaces":
        stage.add_interface(holder_group, held_by, publicIPAddress=name)
        return
    stage.add_balancer(
        group,
        held_by,
        frontend=holder.rpartition("/")[2],
        publicIPAddress=name,
        pool="pool",
        networkInterfaces=[],
        rules=[],
    )


def add_interface(stage: Stage, group: str, name: str, properties: Json) -> None:
    """Add a network interface with its machine and, if it has one, its public address."""
    stage.drop_machines()
    stage.add_machine(group, properties["virtualMachine"]["id"].rpartition("/")[2], name)
    configuration = properties["ipConfigurations"][0]["properties"]
    if "publicIPAddress" in configuration:
        own = configuration["publicIPAddress"]["id"].rpartition("/")[2]
        stage.add_public_ip(group, own, own)
        stage.add_interface(group, name, publicIPAddress=own)


def add_balancer(stage: Stage, group: str, name: str, properties: Json) -> None:
    """Add a load balancer with its public address, pool and rules."""
    (frontend,), (pool,) = properties["frontendIPConfigurations"], properties["backendAddressPools"]
    public_ip = frontend["properties"]["publicIPAddress"]["id"].rpartition("/")[2]
    stage.add_public_ip(group, public_ip, public_ip)
    members = pool["properties"]["backendIPConfigurations"]
    stage.add_balancer(
        group,
        name,
        frontend=frontend["name"],
        publicIPAddress=public_ip,
        pool=pool["name"],
        networkInterfaces=[place_of(member["id"])[2] for member in members],
        rules=[
            {
                "name": rule["name"],
                "frontendPort": rule["properties"]["frontendPort"],
                "backendPort": rule["properties"]["backendPort"],
            }
            for rule in properties["loadBalancingRules"]
        ],
    )


def place_of(path: str) -> tuple[str, str, str]:
    """Return a resource id's group, type and name."""
    parts = path.split("/")
    return parts[4], parts[7], parts[8]
