"""Whether a drill may act on what its fault acts on: the right kind, opted in, allowed. Pure."""

from collections.abc import Iterator, Mapping

from shared.core.errors import Fault
from shared.core.facts import Facts
from shared.core.model import EndpointSnapshot, Machine
from shared.core.permissions import missing, needed
from shared.core.plan import FaultKind
from shared.core.resource_ids import PUBLIC_IP, is_same, parse

OPT_IN_TAG = "failover-drill"
OPT_IN_VALUE = "allowed"
RUNNING = "running"
OF_ENDPOINTS = "endpointDisable and probePath act on the endpoint itself, whatever is behind it."
NO_MACHINE = {"sites": "a web app", "domainnames": "a classic cloud service"}
"""What an Azure endpoint may stand for besides a public IP, by the type in its id."""


def leads_to_machines(endpoint: EndpointSnapshot) -> bool:
    """Machines can be found behind it: it is an Azure endpoint on a public IP."""
    is_azure = endpoint.type == "azureEndpoints" and endpoint.target_resource_id is not None
    return is_azure and parse(endpoint.target_resource_id or "").is_a(PUBLIC_IP)


def fits(facts: Facts) -> Iterator[Fault]:
    """Yield why this kind of fault is not for this kind of endpoint."""
    if why := _misfit(facts):
        yield Fault("FaultNotForEndpoint", "fault", why)


def may_act(facts: Facts, *, is_again: bool = False) -> Iterator[Fault]:
    """Yield why a machine may not be stopped, or the endpoint not be changed.

    At the moment of injection, rights and what stands behind the endpoint are not asked again.
    """
    if facts.stops_machines and not _misfit(facts):
        if not is_again:
            yield from _choice(facts)
        for target in facts.snapshot.targets:
            yield from _outside(facts, target.id, "targets")
            yield from _shown(facts, target.id)
    if facts.writes_endpoint:
        yield from _outside(facts, facts.snapshot.profile_id, "profile")
    if not is_again:
        yield from _rights(facts)


def _misfit(facts: Facts) -> str:
    endpoint, fault = facts.under_test, facts.plan.fault
    if endpoint.type == "nestedEndpoints":
        is_fit = fault is FaultKind.ENDPOINT_DISABLE
        return "" if is_fit else _nested(endpoint, fault)
    if not facts.stops_machines or leads_to_machines(endpoint):
        return ""
    return (
        f"{endpoint.name} {_stands_for(endpoint)}: no machine is known that {fault} could stop, "
        f"and none is taken on trust. {OF_ENDPOINTS}"
    )


def _nested(endpoint: EndpointSnapshot, fault: FaultKind) -> str:
    name = endpoint.name
    if fault is FaultKind.PROBE_PATH:
        why = f"{name} is a nested profile, which Traffic Manager does not probe: no header reaches"
        why += " anything."
    else:
        why = f"{name} is a nested profile: its machines are behind the endpoints of the child."
    return (
        f"{why} Its fault is endpointDisable; the child ({endpoint.target}) has drills of its own."
    )


def _stands_for(endpoint: EndpointSnapshot) -> str:
    if not endpoint.target_resource_id:
        return "is an external endpoint"
    at = parse(endpoint.target_resource_id)
    what = NO_MACHINE.get(at.kind.split("/")[1], f"a resource of type {at.kind}")
    is_slot = at.child.lower().startswith("slots/")
    return f"stands for a slot of {what}" if is_slot else f"stands for {what}"


def _choice(facts: Facts) -> Iterator[Fault]:
    """Yield what is wrong with which machines were chosen or found."""
    yield from facts.behind.faults
    wanted = facts.plan.targets
    for index, target in enumerate(wanted):
        if any(is_same(target, earlier) for earlier in wanted[:index]):
            message = f"targets[{index}] names {target} a second time; name each machine once."
            yield Fault("TargetRepeated", f"targets[{index}]", message)
        if not facts.behind.faults and not _is_behind(facts, target):
            known = ", ".join(machine.id for machine in facts.behind.machines) or "none"
            yield Fault(
                "TargetNotBehindEndpoint",
                f"targets[{index}]",
                f"targets[{index}] is {target}, which does not stand behind {facts.endpoint}; "
                f"what does: {known}.",
            )
    if not facts.behind.faults and not facts.behind.machines:
        message = f"No machine was found behind {facts.endpoint}."
        yield Fault("TargetNotFound", "targets", message)


def _is_behind(facts: Facts, target: str) -> bool:
    return any(is_same(target, machine.id) for machine in facts.behind.machines)


def _outside(facts: Facts, resource_id: str, target: str) -> Iterator[Fault]:
    at = parse(resource_id)
    is_ours = at.subscription.lower() == facts.subscription_id.lower()
    if at.group.lower() not in {group.lower() for group in facts.allowed_groups} or not is_ours:
        yield Fault(
            "TargetNotAllowed",
            target,
            f"{resource_id} is in resource group {at.group!r} of subscription {at.subscription}; "
            f"DRILL_RESOURCE_GROUPS allows {', '.join(facts.allowed_groups)} of subscription "
            f"{facts.subscription_id}.",
        )


def _shown(facts: Facts, machine_id: str) -> Iterator[Fault]:
    """Yield what ARM tells against a machine, or that it does not show it."""
    if machine_id in facts.machines:
        yield from _machine(machine_id, facts.machines[machine_id])
    elif machine_id in facts.hidden and not _lacking(facts, machine_id):
        yield Fault("PermissionMissing", "targets", f"{machine_id}: {facts.hidden[machine_id]}")


def _machine(machine_id: str, machine: Machine | None) -> Iterator[Fault]:
    if machine is None:
        yield Fault("TargetNotFound", "targets", f"There is no machine {machine_id}.")
        return
    consent = machine.tags.get(OPT_IN_TAG)
    if consent != OPT_IN_VALUE:
        yield Fault(
            "TargetNotOptedIn",
            "targets",
            f"{machine_id} has the tag {OPT_IN_TAG}={consent!r}; only a machine tagged "
            f"{OPT_IN_TAG}={OPT_IN_VALUE} may be stopped.",
        )
    if machine.power_state != RUNNING:
        yield Fault(
            "TargetNotRunning",
            "targets",
            f"{machine_id} is {machine.power_state}; a drill stops what runs.",
        )
    if machine.scale_set:
        yield Fault(
            "TargetNotStoppable",
            "targets",
            f"{machine_id} is an instance of the scale set {machine.scale_set}, which may replace "
            "an instance that stops; a drill stops only what it can start again.",
        )


def _rights(facts: Facts) -> Iterator[Fault]:
    for scope, actions in _needed(facts).items():
        if lacking := _lacking(facts, scope):
            yield Fault(
                "PermissionMissing",
                "profile" if scope == facts.snapshot.profile_id else "targets",
                f"This identity lacks {', '.join(lacking)} at {scope}; the drill needs "
                f"{', '.join(actions)} there, to undo what it does as well as to do it.",
            )


def _lacking(facts: Facts, scope: str) -> tuple[str, ...]:
    grants = facts.grants.get(scope)
    return () if grants is None else missing(_needed(facts).get(scope, ()), grants)


def _needed(facts: Facts) -> Mapping[str, tuple[str, ...]]:
    return needed(facts.plan, facts.snapshot, facts.endpoint)
