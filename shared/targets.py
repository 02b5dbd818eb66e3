"""Which machines stand behind an endpoint: public IP, then its NIC or load balancer, then VMs."""

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from shared.core.errors import Fault, RefusedByAzure
from shared.core.facts import Behind
from shared.core.model import TargetMachine
from shared.core.resource_ids import PUBLIC_IP, ResourceId, is_same, parse

__all__ = ["LOAD_BALANCER", "NIC", "PUBLIC_IP", "behind", "named"]

Json = dict[str, Any]
Read = Callable[[str], Json | None]
"""Reads any resource by its id; None if there is none."""

NIC = "microsoft.network/networkinterfaces"
LOAD_BALANCER = "microsoft.network/loadbalancers"
OWNERS = {
    "applicationgateways": "an application gateway",
    "azurefirewalls": "a firewall",
    "bastionhosts": "a bastion host",
    "expressroutegateways": "an ExpressRoute gateway",
    "natgateways": "a NAT gateway",
    "p2svpngateways": "a point-to-site VPN gateway",
    "virtualhubs": "a virtual hub",
    "virtualmachinescalesets": "an instance of a scale set",
    "virtualnetworkgateways": "a VPN or ExpressRoute gateway",
    "vpngateways": "a VPN gateway",
}
"""What may hold a public IP, or be in a pool, besides machines' own NICs; by the type in its id."""
MEMBERS_MAX = 50
"""Of a pool: all are asked to stop, one after the other, before the time to inject is over."""


class _NoMachines(Exception):
    """The walk ends here, with a reason that its user can read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code, "targets", message)


def behind(read: Read, public_ip: str) -> Behind:
    """Return the machines behind a public IP, or why there are none that a drill may stop."""
    try:
        return _walk(read, public_ip)
    except _NoMachines as none:
        return Behind(faults=(none.fault,))


def named(ids: Iterable[str]) -> tuple[TargetMachine, ...]:
    """Return machines with short names, each once; those that share one are told apart by group."""
    each_once = tuple({one.lower(): one for one in reversed(tuple(ids))}.values())[::-1]
    names = [parse(one).name.lower() for one in each_once]
    return tuple(
        TargetMachine(id=one, name=_short(parse(one), is_shared=names.count(name) > 1))
        for one, name in zip(each_once, names, strict=True)
    )


def _short(at: ResourceId, *, is_shared: bool) -> str:
    return f"{at.group}/{at.name}" if is_shared else at.name


def _walk(read: Read, public_ip: str) -> Behind:
    properties = _read(read, public_ip)["properties"]
    configuration = properties.get("ipConfiguration") or properties.get("natGateway")
    if not configuration:
        raise _NoMachines("TargetNotFound", f"The public IP {public_ip} is attached to nothing.")
    owner = parse(configuration["id"])
    if owner.is_a(NIC):
        is_dynamic = properties.get("publicIPAllocationMethod") == "Dynamic"
        return Behind(machines=named(_of_nic(read, owner.parent)), loses_address=is_dynamic)
    if owner.is_a(LOAD_BALANCER):
        found = _of_load_balancer(read, owner, configuration["id"])
        return Behind(machines=named(found))
    told = f"The public IP {public_ip} belongs to {_what(owner)} ({owner.parent})"
    raise _NoMachines("TargetNotStoppable", f"{told}; a drill stops virtual machines only.")


def _what(owner: ResourceId) -> str:
    return OWNERS.get(owner.kind.split("/")[1], f"a resource of type {owner.kind}")


def _of_nic(read: Read, nic_id: str) -> Iterator[str]:
    machine = _read(read, nic_id)["properties"].get("virtualMachine")
    if machine:
        yield machine["id"]


def _of_load_balancer(read: Read, owner: ResourceId, frontend_id: str) -> Iterator[str]:
    properties = _read(read, owner.parent)["properties"]
    for pool in _pools_of_frontend(properties, frontend_id):
        members = pool["properties"].get("backendIPConfigurations") or []
        if not members:
            told = f"Pool {pool['id']} names no NICs (addresses only, or nothing)"
            raise _NoMachines("TargetNotFound", f"{told}: no machine is known in it.")
        if len(members) > MEMBERS_MAX:
            told = f"Pool {pool['id']} has {len(members)} members"
            raise _NoMachines("TooManyTargets", f"{told}; a drill stops at most {MEMBERS_MAX}.")
        for member in members:
            at = parse(member["id"])
            if not at.is_a(NIC):
                told = f"{member['id']}, in pool {pool['id']}, is {_what(at)}"
                raise _NoMachines("TargetNotStoppable", f"{told}; a drill stops machines only.")
            yield from _of_nic(read, at.parent)


def _pools_of_frontend(properties: Json, frontend_id: str) -> list[Json]:
    """Return the pools that a frontend's rules lead to.

    A frontend without any rule says nothing of its pools: all of them may be behind it.
    """
    pools: list[Json] = properties.get("backendAddressPools") or []
    rules = _of_frontend(properties.get("loadBalancingRules"), frontend_id)
    if not rules:
        _refuse_one_way(properties, frontend_id)
        return pools
    used = [
        pool["id"]
        for rule in rules
        for pool in rule.get("backendAddressPools") or [rule.get("backendAddressPool")]
        if pool
    ]
    return [pool for pool in pools if any(is_same(pool["id"], one) for one in used)]


def _refuse_one_way(properties: Json, frontend_id: str) -> None:
    """Raise if the frontend's only rules forward ports one by one, or let traffic out."""
    for name, told in (
        ("inboundNatRules", "forwards by inbound NAT rules only, port by port"),
        ("outboundRules", "only lets traffic out"),
    ):
        if _of_frontend(properties.get(name), frontend_id):
            raise _NoMachines(
                "TargetNotStoppable",
                f"The frontend {frontend_id} {told}: no pool of machines serves behind it. It "
                "must have a load-balancing rule.",
            )


def _of_frontend(rules: list[Json] | None, frontend_id: str) -> list[Json]:
    """Return the properties of the rules that name the frontend."""
    return [
        rule["properties"]
        for rule in rules or []
        if any(is_same(one["id"], frontend_id) for one in _frontends(rule["properties"]))
    ]


def _frontends(rule: Json) -> list[Json]:
    several = rule.get("frontendIPConfigurations") or []
    one = rule.get("frontendIPConfiguration")
    return [*several, one] if one else several


def _read(read: Read, resource_id: str) -> Json:
    try:
        found = read(resource_id)
    except RefusedByAzure as refused:
        is_hidden = refused.status == HTTPStatus.FORBIDDEN
        code = "PermissionMissing" if is_hidden else "TargetNotAllowed"
        raise _NoMachines(code, f"{resource_id} cannot be read: {refused}") from refused
    if found is None:
        raise _NoMachines("TargetNotFound", f"ARM has no resource {resource_id}.")
    return found
