"""What whoever starts a drill should know, and what forbids nothing. Pure."""

from collections.abc import Iterator

from shared.core.envelope import stays
from shared.core.facts import Facts
from shared.core.model import Caution
from shared.core.permissions import needed
from shared.core.plan import ClientClass, FaultKind
from shared.core.questions import can_visit

KEEPERS = frozenset({ClientClass.KEEPALIVE, ClientClass.PINNED})


def cautions(facts: Facts) -> tuple[Caution, ...]:
    """Return every caution for a drill that may start."""
    return (
        *_control_plane(facts),
        *_address(facts),
        *_spared(facts),
        *_permissions(facts),
        *_client(facts),
        *_left_out(facts),
    )


def region_name(text: str) -> str:
    """Return a region in one form: App Service says `East US`, ARM `eastus`."""
    return "".join(text.split()).lower()


def _control_plane(facts: Facts) -> Iterator[Caution]:
    here = region_name(facts.region)
    near = [
        target.name
        for target in facts.snapshot.targets
        if (machine := facts.machines.get(target.id)) and region_name(machine.location) == here
    ]
    if here and near:
        yield Caution(
            code="ControlPlaneInSameRegion",
            target="targets",
            message=f"Switchback runs in {here}, as {', '.join(near)} does: were the region itself "
            "to fail, nothing would be measured. Run it in another one.",
        )


def _address(facts: Facts) -> Iterator[Caution]:
    if loses_address(facts):
        yield Caution(
            code="DynamicAddress",
            target="endpoint",
            message=f"The public IP of {facts.endpoint} is Dynamic: deallocating gives its address "
            "up, and the machine comes back with another one. Our own requests look it up anew "
            "each time; whoever keeps the old one will not find the machine.",
        )


def loses_address(facts: Facts) -> bool:
    """The endpoint under test comes back at another address."""
    return facts.plan.fault is FaultKind.VM_DEALLOCATE and facts.behind.loses_address


def _spared(facts: Facts) -> Iterator[Caution]:
    if facts.snapshot.spared:
        spared = ", ".join(machine.name for machine in facts.snapshot.spared)
        yield Caution(
            code="MachinesSpared",
            target="targets",
            message=f"Left running behind {facts.endpoint}: {spared}. Traffic Manager may notice "
            "nothing, and then no failover takes place.",
        )


def _client(facts: Facts) -> Iterator[Caution]:
    client = facts.plan.objective_client
    if client in KEEPERS:
        yield Caution(
            code="ClientKeepsItsWay",
            target="objectiveClient",
            message=f"objectiveClient is {client}, which keeps its address or its connection past "
            "every TTL: the drill may wait for it in vain and end timed-out. That is what it "
            f"shows; to judge the failover itself, choose fresh or ttl.{_budget(facts)}",
        )


def _budget(facts: Facts) -> str:
    """Say what a client outage's budget means where nothing promises that the outage ends."""
    plan = facts.plan
    budget = plan.stop_conditions.client_outage_seconds_max
    if budget is None or not stays(plan.objective_client, plan.fault):
        return ""
    return (
        f" Nothing bounds its failover, so that stopConditions.clientOutageSecondsMax ({budget}) "
        "is below no bound: it stops the drill when it is spent."
    )


def _left_out(facts: Facts) -> Iterator[Caution]:
    url, client = facts.snapshot.vantages.client_url, facts.plan.objective_client
    left_out = [each for each in ClientClass if not can_visit(each, url)]
    if left_out and client not in left_out:
        yield Caution(
            code="ClientLeftOut",
            target="clientUrl",
            message=f"Clients visit {url}: a connection over which nothing is asked cannot show "
            f"that it still works, so {' and '.join(left_out)} is left out. Give an http or https "
            "clientUrl to see it too.",
        )


def _permissions(facts: Facts) -> Iterator[Caution]:
    unknown = [
        scope
        for scope in needed(facts.plan, facts.snapshot, facts.endpoint)
        if facts.grants.get(scope) is None
    ]
    if unknown:
        yield Caution(
            code="PermissionsUnknown",
            target="targets" if facts.stops_machines else "endpoint",
            message=f"ARM does not tell what this identity may do at {', '.join(unknown)}: whether "
            "it may undo what it does is not known. It needs "
            "Microsoft.Authorization/permissions/read there.",
        )
