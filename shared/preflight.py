"""Gathers what preflight asks for: the live profile, DNS, our own requests, the machines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from shared.core.cautions import cautions
from shared.core.consent import leads_to_machines
from shared.core.errors import (
    Fault,
    PreflightFailed,
    ProfileNotFound,
    RefusedByAzure,
    SwitchbackError,
)
from shared.core.facts import Behind, Facts
from shared.core.model import (
    Caution,
    Drill,
    EndpointSnapshot,
    HealthCheck,
    Machine,
    Snapshot,
    TargetMachine,
    Vantages,
)
from shared.core.permissions import Grant, grants_of, needed
from shared.core.plan import VM_FAULTS, FaultKind, Plan
from shared.core.preflight import check, check_again
from shared.core.probing import can_be_tried, with_header
from shared.core.profile_view import (
    find_endpoint,
    is_enabled,
    statuses,
)
from shared.core.questions import health_check
from shared.core.resource_ids import is_same, parse
from shared.snapshots import Snapshots
from shared.targets import behind, named

Json = dict[str, Any]

HEADER_TRIES = 2
"""A packet can be lost: only what fails twice is taken for what the header does."""


class Azure(Protocol):
    """What is read of ARM."""

    def profile(self, profile_id: str) -> Json | None:
        """Return the live profile, or None."""

    def resource(self, resource_id: str) -> Json | None:
        """Return any resource, or None."""

    def machine(self, machine_id: str) -> Machine | None:
        """Return a machine, or None."""

    def permissions(self, scope: str) -> list[Json] | None:
        """Return what this identity may do at a scope, role by role, or None."""


class Registry(Protocol):
    """Which profiles are known here."""

    def find(self, name: str) -> Json | None:
        """Return `{name, resourceId, mode, lastApplied}`, or None."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside of ARM that preflight asks."""

    registry: Registry
    ask: Callable[[str, str], str]
    """(server, name) -> the answer's chain as text; empty when there is none."""
    resolve: Callable[[str], str | None]
    """name -> an address of it, by the client's resolver; an address is itself."""
    answers: Callable[[HealthCheck], bool]
    vantages: Callable[[str, str], Vantages]
    """(fqdn, default client URL) -> where samples are taken from."""
    allowed_groups: tuple[str, ...]
    subscription_id: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What preflight found."""

    endpoint: str
    snapshot: Snapshot
    faults: tuple[Fault, ...]
    cautions: tuple[Caution, ...] = ()


class Preflight:
    """Looks before a drill leaps, and once more as it does."""

    def __init__(self, azure: Azure, surroundings: Surroundings) -> None:
        self._azure, self._its = azure, surroundings
        self._snapshots = Snapshots(azure, surroundings.resolve, surroundings.vantages)

    def inspect(self, plan: Plan) -> Inspection:
        """Return the drill's configuration and every reason not to start it."""
        live = self._live(plan.profile)
        snapshot = self._snapshots.take(plan.profile, live, plan.client_url)
        named_by_dns = self._named(snapshot)
        endpoint = _endpoint(plan, snapshot, named_by_dns)
        found = self._behind(plan, snapshot.endpoint(endpoint))
        snapshot = _with_machines(snapshot, plan, found)
        if plan.fault is FaultKind.VM_DEALLOCATE and found.loses_address:
            snapshot = _asked_by_name(snapshot, endpoint)
        facts = self._facts(plan, snapshot, endpoint, live)
        facts = replace(
            facts,
            named_by_dns=named_by_dns,
            behind=found,
            answering=self._answering(snapshot, snapshot.endpoints),
            grants=self._grants(needed(plan, snapshot, endpoint)),
        )
        facts = replace(facts, answers_with_header=self._answers_with_header(facts))
        return Inspection(endpoint, snapshot, check(facts), cautions(facts))

    def blocked(self, drill: Drill) -> str:
        """Return the code of what no longer holds at the moment of injection, or nothing."""
        live = self._azure.profile(drill.snapshot.profile_id)
        if live is None:
            return "ProfileNotFound"
        if drill.endpoint not in statuses(live):
            return "EndpointNotFound"
        others = [e for e in drill.snapshot.endpoints if e.name != drill.endpoint]
        facts = self._facts(drill.plan, drill.snapshot, drill.endpoint, live)
        facts = replace(facts, answering=self._answering(drill.snapshot, others))
        return next((fault.code for fault in check_again(facts)), "")

    def _live(self, name: str) -> Json:
        entry = self._its.registry.find(name)
        live = self._azure.profile(entry["resourceId"]) if entry else None
        if live is None:
            raise ProfileNotFound(
                f"There is no profile {name!r}: PUT /profiles/{name} creates or registers it.",
                target="profile",
            )
        return live

    def _behind(self, plan: Plan, endpoint: EndpointSnapshot) -> Behind:
        if plan.fault not in VM_FAULTS or not leads_to_machines(endpoint):
            return Behind()
        return behind(self._azure.resource, endpoint.target_resource_id or "")

    def _named(self, snapshot: Snapshot) -> str | None:
        for server in snapshot.vantages.authoritative:
            answer = self._its.ask(server, snapshot.fqdn)
            if answer:
                return snapshot.endpoint_named(answer)
        return None

    def _facts(self, plan: Plan, snapshot: Snapshot, endpoint: str, live: Json) -> Facts:
        """Return what is asked both before a drill and at the moment of injection."""
        properties = live["properties"]
        machines, hidden = self._machines(snapshot.targets)
        return Facts(
            plan=plan,
            snapshot=snapshot,
            endpoint=endpoint,
            is_profile_enabled=properties.get("profileStatus") != "Disabled",
            is_endpoint_enabled=is_enabled(find_endpoint(live, endpoint)["properties"]),
            routing_method=properties.get("trafficRoutingMethod", ""),
            statuses=statuses(live),
            machines=machines,
            hidden=hidden,
            allowed_groups=self._its.allowed_groups,
            subscription_id=self._its.subscription_id,
            region=self._its.region,
        )

    def _machines(
        self, targets: Iterable[TargetMachine]
    ) -> tuple[dict[str, Machine | None], dict[str, str]]:
        """Return the machines that ARM shows, and in its words why it does not show the others."""
        machines: dict[str, Machine | None] = {}
        hidden: dict[str, str] = {}
        for target in targets:
            if not is_same(parse(target.id).subscription, self._its.subscription_id):
                continue  # ARM is asked only for what could be allowed
            try:
                machines[target.id] = self._azure.machine(target.id)
            except RefusedByAzure as refused:
                hidden[target.id] = str(refused)
        return machines, hidden

    def _grants(self, scopes: Iterable[str]) -> dict[str, tuple[Grant, ...] | None]:
        return {scope: self._granted(scope) for scope in scopes}

    def _granted(self, scope: str) -> tuple[Grant, ...] | None:
        """Return what this identity may do at a scope; None if ARM does not tell."""
        try:
            told = self._azure.permissions(scope)
        except SwitchbackError:
            return None
        return None if told is None else grants_of(told)

    def _answering(
        self, snapshot: Snapshot, endpoints: Iterable[EndpointSnapshot]
    ) -> Mapping[str, bool]:
        return {endpoint.name: self._answers(snapshot, endpoint) for endpoint in endpoints}

    def _answers(self, snapshot: Snapshot, endpoint: EndpointSnapshot) -> bool:
        checked = health_check(snapshot, endpoint, snapshot.monitor.timeout_seconds)
        return checked is not None and self._its.answers(checked)

    def _answers_with_header(self, facts: Facts) -> bool | None:
        added = facts.plan.probe_path
        if added is None or not can_be_tried(facts, added):
            return None
        endpoint = with_header(facts.under_test, added)
        return any(self._answers(facts.snapshot, endpoint) for _ in range(HEADER_TRIES))


def _endpoint(plan: Plan, snapshot: Snapshot, named_by_dns: str | None) -> str:
    names = [endpoint.name for endpoint in snapshot.endpoints]
    wanted = plan.endpoint or named_by_dns or ""
    found = next((name for name in names if name.lower() == wanted.lower()), None)
    if found is None:
        told = f"{wanted!r} is none of {', '.join(names) or 'no endpoints'}"
        message = f"The endpoint under test must be one of the profile's; {told}."
        raise PreflightFailed(message, (Fault("EndpointNotFound", "endpoint", message),))
    return found


def _with_machines(snapshot: Snapshot, plan: Plan, found: Behind) -> Snapshot:
    """Return the snapshot with the machines to be stopped, and those beside them that are not."""
    if not plan.targets:
        return replace(snapshot, targets=found.machines)
    # As ARM spells them, where it knows them: names and ids are then the same everywhere.
    known = {machine.id.lower(): machine for machine in found.machines}
    wanted = {one.lower(): one for one in plan.targets}
    strangers = named(one for key, one in wanted.items() if key not in known)
    chosen = tuple(machine for key, machine in known.items() if key in wanted)
    spared = tuple(machine for key, machine in known.items() if key not in wanted)
    return replace(snapshot, targets=(*chosen, *strangers), spared=spared)


def _asked_by_name(snapshot: Snapshot, name: str) -> Snapshot:
    """Return the snapshot with one endpoint's address looked up at each asking: it will change."""
    endpoints = tuple(
        replace(e, address=e.target) if e.name == name else e for e in snapshot.endpoints
    )
    return replace(snapshot, endpoints=endpoints)
