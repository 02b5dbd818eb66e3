"""What must hold before a fault is injected, as typed findings, all at once. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.core.envelope import envelope_of
from shared.core.errors import Fault
from shared.core.model import EndpointSnapshot, Machine, Snapshot
from shared.core.plan import Plan
from shared.core.resource_ids import parse

OPT_IN_TAG = "failover-drill"
OPT_IN_VALUE = "allowed"
RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was seen just now; what could not be seen is None or absent."""

    plan: Plan
    snapshot: Snapshot
    endpoint: str
    is_profile_enabled: bool
    routing_method: str
    statuses: Mapping[str, str]
    named_by_dns: str | None
    answering: Mapping[str, bool]
    machines: Mapping[str, Machine | None]
    allowed_groups: tuple[str, ...]
    subscription_id: str


def check(facts: Facts) -> tuple[Fault, ...]:
    """Return every reason not to start; empty when the drill may start."""
    return (
        *_profile(facts),
        *_endpoint(facts),
        *_survivors(facts),
        *_machines(facts),
        *_objective(facts),
    )


def check_again(facts: Facts) -> tuple[Fault, ...]:
    """Return what no longer holds at the moment of injection: survivor, machines, consent."""
    return (*_survivors(facts), *_machines(facts))


def machine_faults(machine_id: str, machine: Machine | None) -> Iterator[Fault]:
    """Yield why a machine may not be stopped."""
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


def _profile(facts: Facts) -> Iterator[Fault]:
    if not facts.is_profile_enabled:
        yield Fault("ProfileDisabled", "profile", "The profile is Disabled; it must be Enabled.")
    if facts.routing_method != "Priority":
        yield Fault(
            "RoutingNotPriority",
            "profile",
            f"The profile routes by {facts.routing_method}; a failover has an order only by "
            "Priority.",
        )


def _endpoint(facts: Facts) -> Iterator[Fault]:
    under_test = facts.snapshot.endpoint(facts.endpoint)
    status = facts.statuses.get(facts.endpoint, "unknown")
    if under_test.always_serve:
        yield Fault(
            "HealthChecksOff",
            "endpoint",
            f"{facts.endpoint} has alwaysServe Enabled: Traffic Manager would not notice.",
        )
    elif status != "Online":
        yield Fault("EndpointNotOnline", "endpoint", f"{facts.endpoint} is {status}, not Online.")
    if facts.named_by_dns != facts.endpoint:
        named = facts.named_by_dns or "nothing that could be read"
        yield Fault(
            "EndpointNotServing",
            "endpoint",
            f"The authoritative servers name {named}, not {facts.endpoint}: it does not serve now.",
        )


def _survivors(facts: Facts) -> Iterator[Fault]:
    others = [e for e in facts.snapshot.endpoints if e.name != facts.endpoint]
    for other in others:
        if facts.statuses.get(other.name) == "Degraded":
            yield Fault(
                "OtherEndpointDegraded",
                "profile",
                f"{other.name} is Degraded: mend it before breaking {facts.endpoint}.",
            )
    if not any(_survives(facts, other) for other in others):
        seen = ", ".join(
            f"{e.name} is {facts.statuses.get(e.name, 'unknown')} and "
            f"{'answers us' if facts.answering.get(e.name) else 'does not answer us'}"
            for e in others
        )
        yield Fault(
            "NoSurvivor",
            "profile",
            f"No other endpoint is Online and answers our own request ({seen or 'there is none'}).",
        )


def _survives(facts: Facts, other: EndpointSnapshot) -> bool:
    is_online = facts.statuses.get(other.name) == "Online"
    return other.enabled and is_online and facts.answering.get(other.name, False)


def _machines(facts: Facts) -> Iterator[Fault]:
    if not facts.snapshot.targets:
        yield Fault("TargetNotFound", "targets", f"No machine was found behind {facts.endpoint}.")
    groups = {group.lower() for group in facts.allowed_groups}
    for target in facts.snapshot.targets:
        at = parse(target.id)
        is_ours = at.subscription.lower() == facts.subscription_id.lower()
        if at.group.lower() not in groups or not is_ours:
            yield Fault(
                "TargetNotAllowed",
                "targets",
                f"{target.id} is in resource group {at.group!r}; DRILL_RESOURCE_GROUPS allows "
                f"{', '.join(facts.allowed_groups)} of subscription {facts.subscription_id}.",
            )
        yield from machine_faults(target.id, facts.machines.get(target.id))


def _objective(facts: Facts) -> Iterator[Fault]:
    promised = envelope_of(facts.snapshot, facts.plan)
    floor = promised.rto_floor_seconds
    budget = facts.plan.stop_conditions.client_outage_seconds_max
    longest = promised.failover_total.seconds_max
    if budget is not None and longest is not None and budget < longest:
        yield Fault(
            "BudgetBelowEnvelope",
            "stopConditions.clientOutageSecondsMax",
            f"stopConditions.clientOutageSecondsMax is {budget}; a failover that goes as the "
            f"settings promise may take {longest:g} s, so it would be stopped on the way.",
        )
    if facts.plan.rto_seconds < floor:
        yield Fault(
            "ObjectiveBelowEnvelope",
            "rtoSeconds",
            f"rtoSeconds is {facts.plan.rto_seconds}; the profile's own settings need at least "
            f"{floor:g} s, so this drill cannot pass.",
        )
