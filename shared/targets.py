"""Which machines stand behind an endpoint: public IP, then its NIC or load balancer, then VMs."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.core.errors import Fault, PreflightFailed
from shared.core.model import TargetMachine
from shared.core.resource_ids import ResourceId, is_same, parse

Json = dict[str, Any]
Read = Callable[[str], Json | None]
"""Reads any resource by its id; None if there is none."""

PUBLIC_IP = "microsoft.network/publicipaddresses"
NIC = "microsoft.network/networkinterfaces"
LOAD_BALANCER = "microsoft.network/loadbalancers"


def machines_behind(read: Read, resource_id: str) -> tuple[TargetMachine, ...]:
    """Return the machines behind a public IP, or raise PreflightFailed saying what is there."""
    at = parse(resource_id)
    if not at.is_a(PUBLIC_IP):
        raise _refused(f"{resource_id} is a {at.kind}; only public IPs lead to machines.")
    found = _read(read, resource_id)
    configuration = found["properties"].get("ipConfiguration")
    if not configuration:
        raise _refused(f"The public IP {resource_id} is attached to nothing.")
    owner = parse(configuration["id"])
    if owner.is_a(NIC):
        ids = list(_of_nic(read, owner.parent))
    elif owner.is_a(LOAD_BALANCER):
        ids = list(_of_load_balancer(read, owner, configuration["id"]))
    else:
        raise _refused(f"{resource_id} belongs to a {owner.kind}, which a drill does not stop.")
    return named(tuple(dict.fromkeys(ids)))


def named(ids: tuple[str, ...]) -> tuple[TargetMachine, ...]:
    """Return machines with short names; those that share one are told apart by their group."""
    names = [parse(each).name.lower() for each in ids]
    return tuple(
        TargetMachine(id=each, name=_short(parse(each), is_shared=names.count(name) > 1))
        for each, name in zip(ids, names, strict=True)
    )


def _short(at: ResourceId, *, is_shared: bool) -> str:
    return f"{at.group}/{at.name}" if is_shared else at.name


def _of_nic(read: Read, nic_id: str) -> Iterator[str]:
    machine = _read(read, nic_id)["properties"].get("virtualMachine")
    if machine:
        yield machine["id"]


def _of_load_balancer(read: Read, owner: ResourceId, frontend_id: str) -> Iterator[str]:
    properties = _read(read, owner.parent)["properties"]
    pools = properties.get("backendAddressPools") or []
    used = _pools_of_frontend(properties, frontend_id)
    for pool in pools:
        # A frontend without rules says nothing of its pools: all of them may be behind it.
        if used and not any(is_same(pool["id"], one) for one in used):
            continue
        members = pool["properties"].get("backendIPConfigurations") or []
        if not members:
            raise _refused(f"Pool {pool['id']} has no NICs (addresses only): no machine is known.")
        for member in members:
            at = parse(member["id"])
            if not at.is_a(NIC):
                raise _refused(f"{member['id']} is not a machine's NIC (a scale set's, perhaps).")
            yield from _of_nic(read, at.parent)


def _pools_of_frontend(properties: Json, frontend_id: str) -> list[str]:
    used: list[str] = []
    for rule in properties.get("loadBalancingRules") or []:
        rule_of = rule["properties"]
        if not is_same(rule_of["frontendIPConfiguration"]["id"], frontend_id):
            continue
        pools = rule_of.get("backendAddressPools") or [rule_of.get("backendAddressPool")]
        used += [pool["id"] for pool in pools if pool]
    return used


def _read(read: Read, resource_id: str) -> Json:
    found = read(resource_id)
    if found is None:
        raise _refused(f"ARM has no resource {resource_id}.")
    return found


def _refused(message: str) -> PreflightFailed:
    return PreflightFailed(message, (Fault("TargetNotFound", "targets", message),))
