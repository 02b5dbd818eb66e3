"""Gathers what preflight asks for: the live profile, DNS, our own requests, the machines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.desired import short_type
from shared.core.errors import Fault, PreflightFailed, ProfileNotFound
from shared.core.model import (
    Drill,
    EndpointSnapshot,
    HealthCheck,
    Machine,
    MonitorSettings,
    Snapshot,
    TargetMachine,
    Vantages,
)
from shared.core.plan import Plan
from shared.core.preflight import Facts, check, check_again
from shared.core.profile_view import monitor_settings, statuses
from shared.core.questions import health_check
from shared.core.resource_ids import parse
from shared.targets import PUBLIC_IP, machines_behind, named

Json = dict[str, Any]


class Azure(Protocol):
    """What is read of ARM."""

    def profile(self, profile_id: str) -> Json | None:
        """Return the live profile, or None."""

    def resource(self, resource_id: str) -> Json | None:
        """Return any resource, or None."""

    def machine(self, machine_id: str) -> Machine | None:
        """Return a machine, or None."""


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


@dataclass(frozen=True, slots=True)
class Inspection:
    """What preflight found."""

    endpoint: str
    snapshot: Snapshot
    faults: tuple[Fault, ...]


class Preflight:
    """Looks before a drill leaps, and once more as it does."""

    def __init__(self, azure: Azure, surroundings: Surroundings) -> None:
        self._azure, self._its = azure, surroundings

    def inspect(self, plan: Plan) -> Inspection:
        """Return the drill's configuration and every reason not to start it."""
        live = self._live(plan.profile)
        snapshot = self._snapshot(plan, live, ())
        named_by_dns = self._named(snapshot)
        endpoint = self._endpoint(plan, snapshot, named_by_dns)
        snapshot = self._snapshot(plan, live, self._targets(plan, snapshot.endpoint(endpoint)))
        facts = self._facts(plan, snapshot, endpoint, live, named_by_dns)
        return Inspection(endpoint, snapshot, check(facts))

    def blocked(self, drill: Drill) -> str:
        """Return the code of what no longer holds at the moment of injection, or nothing."""
        live = self._azure.profile(drill.snapshot.profile_id)
        if live is None:
            return "ProfileNotFound"
        facts = self._facts(drill.plan, drill.snapshot, drill.endpoint, live, None)
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

    def _endpoint(self, plan: Plan, snapshot: Snapshot, named_by_dns: str | None) -> str:
        names = [endpoint.name for endpoint in snapshot.endpoints]
        wanted = plan.endpoint or named_by_dns or ""
        found = next((name for name in names if name.lower() == wanted.lower()), None)
        if found is None:
            told = f"{wanted!r} is none of {', '.join(names) or 'no endpoints'}"
            message = f"The endpoint under test must be one of the profile's; {told}."
            raise PreflightFailed(message, (Fault("EndpointNotFound", "endpoint", message),))
        return found

    def _targets(self, plan: Plan, endpoint: EndpointSnapshot) -> tuple[TargetMachine, ...]:
        if plan.targets:
            return named(plan.targets)
        if not endpoint.target_resource_id:
            message = f"{endpoint.name} is external: no machine is known behind it; name `targets`."
            raise PreflightFailed(message, (Fault("TargetNotFound", "targets", message),))
        return machines_behind(self._azure.resource, endpoint.target_resource_id)

    def _named(self, snapshot: Snapshot) -> str | None:
        for server in snapshot.vantages.authoritative:
            answer = self._its.ask(server, snapshot.fqdn)
            if answer:
                return snapshot.endpoint_named(answer)
        return None

    def _facts(
        self, plan: Plan, snapshot: Snapshot, endpoint: str, live: Json, named: str | None
    ) -> Facts:
        properties = live["properties"]
        others = [e for e in snapshot.endpoints if e.name != endpoint]
        return Facts(
            plan=plan,
            snapshot=snapshot,
            endpoint=endpoint,
            is_profile_enabled=properties.get("profileStatus") != "Disabled",
            routing_method=properties.get("trafficRoutingMethod", ""),
            statuses=statuses(live),
            named_by_dns=named,
            answering={e.name: self._answers(snapshot, e) for e in others},
            machines={t.id: self._azure.machine(t.id) for t in snapshot.targets},
            allowed_groups=self._its.allowed_groups,
            subscription_id=self._its.subscription_id,
        )

    def _answers(self, snapshot: Snapshot, endpoint: EndpointSnapshot) -> bool:
        checked = health_check(snapshot, endpoint, snapshot.monitor.timeout_seconds)
        return checked is not None and self._its.answers(checked)

    def _snapshot(self, plan: Plan, live: Json, targets: tuple[TargetMachine, ...]) -> Snapshot:
        properties = live["properties"]
        monitor = monitor_settings(properties["monitorConfig"])
        fqdn = properties["dnsConfig"]["fqdn"].lower()
        endpoints = tuple(
            self._endpoint_snapshot(e, properties["monitorConfig"])
            for e in properties.get("endpoints") or []
        )
        url = plan.client_url or _url(monitor, fqdn)
        return Snapshot(
            profile=plan.profile,
            profile_id=live["id"],
            fqdn=fqdn,
            ttl_seconds=properties["dnsConfig"]["ttl"],
            monitor=monitor,
            endpoints=endpoints,
            targets=targets,
            vantages=self._its.vantages(fqdn, url),
        )

    def _endpoint_snapshot(self, endpoint: Json, monitor: Json) -> EndpointSnapshot:
        properties = endpoint["properties"]
        target = properties.get("target") or ""
        resource_id = properties.get("targetResourceId")
        headers = [*(properties.get("customHeaders") or []), *(monitor.get("customHeaders") or [])]
        hosts = [h["value"] for h in headers if h["name"].lower() == "host"]
        return EndpointSnapshot(
            name=endpoint["name"],
            type=short_type(endpoint["type"]),
            target=target.lower(),
            priority=properties.get("priority") or 0,
            host=hosts[0] if hosts else target.lower(),
            address=self._address(resource_id, target),
            target_resource_id=resource_id,
            enabled=properties.get("endpointStatus") != "Disabled",
            always_serve=properties.get("alwaysServe") == "Enabled",
        )

    def _address(self, resource_id: str | None, target: str) -> str | None:
        if resource_id is None or not parse(resource_id).is_a(PUBLIC_IP):
            return self._its.resolve(target) if target else None
        found = self._azure.resource(resource_id)
        return found["properties"].get("ipAddress") if found else None


def _url(monitor: MonitorSettings, host: str) -> str:
    return f"{monitor.protocol.lower()}://{host}:{monitor.port}{monitor.path}"
