"""What must hold before a fault is injected, as typed findings, all at once. Pure.

What the fault acts on (machines, or the endpoint itself) is judged in `consent`.
"""

from collections.abc import Iterator

from shared.core.consent import fits, may_act
from shared.core.envelope import envelope_of
from shared.core.errors import Fault
from shared.core.facts import Facts
from shared.core.model import EndpointSnapshot
from shared.core.probing import header_faults
from shared.core.questions import can_visit


def check(facts: Facts) -> tuple[Fault, ...]:
    """Return every reason not to start; empty when the drill may start."""
    return (
        *_profile(facts),
        *_endpoint(facts),
        *_serving(facts),
        *fits(facts),
        *_survivors(facts),
        *may_act(facts),
        *header_faults(facts),
        *_client(facts),
        *_objective(facts),
    )


def check_again(facts: Facts) -> tuple[Fault, ...]:
    """Return what no longer holds at the moment of injection: survivor, target, consent."""
    return (*_enabled(facts), *_survivors(facts), *may_act(facts, is_again=True))


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
    status = facts.statuses.get(facts.endpoint) or "unknown"
    if not facts.is_endpoint_enabled:
        yield from _enabled(facts)
    elif facts.under_test.always_serve:
        yield Fault(
            "HealthChecksOff",
            "endpoint",
            f"{facts.endpoint} has alwaysServe Enabled: Traffic Manager would not notice.",
        )
    elif status != "Online":
        yield Fault("EndpointNotOnline", "endpoint", f"{facts.endpoint} is {status}, not Online.")


def _enabled(facts: Facts) -> Iterator[Fault]:
    if not facts.is_endpoint_enabled:
        yield Fault(
            "EndpointDisabled",
            "endpoint",
            f"{facts.endpoint} has endpointStatus Disabled; it must be Enabled.",
        )


def _serving(facts: Facts) -> Iterator[Fault]:
    named = facts.named_by_dns or "nothing that could be read"
    if facts.named_by_dns != facts.endpoint:
        yield Fault(
            "EndpointNotServing",
            "endpoint",
            f"The authoritative servers name {named}, not {facts.endpoint}: it does not serve now.",
        )
    elif not facts.answering.get(facts.endpoint, False):
        yield Fault(
            "EndpointNotServing",
            "endpoint",
            f"{facts.endpoint} does not answer our own request as the profile's health checks "
            "expect: what it does under a fault would prove nothing.",
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


def _client(facts: Facts) -> Iterator[Fault]:
    plan, url = facts.plan, facts.snapshot.vantages.client_url
    if not can_visit(plan.objective_client, url):
        yield Fault(
            "ClientNotForUrl",
            "objectiveClient",
            f"objectiveClient is {plan.objective_client}, and clients are to visit {url}: a "
            "connection over which nothing is asked cannot show that it still works. Give an http "
            "or https clientUrl, or choose fresh, ttl or pinned.",
        )


def _objective(facts: Facts) -> Iterator[Fault]:
    promised = envelope_of(facts.snapshot, facts.plan)
    floor = promised.rto_floor_seconds
    budget = facts.plan.stop_conditions.client_outage_seconds_max
    longest = promised.failover_total.seconds_max
    # Where nothing bounds it there is nothing to be below: the budget is what ends such a drill.
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
