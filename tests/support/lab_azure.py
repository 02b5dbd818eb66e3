"""The lab as ARM shows it, and as DNS and our own requests find it; every part can be spoilt."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from shared.core.errors import RefusedByAzure, UpstreamUnavailable
from shared.core.model import HealthCheck, Machine
from shared.core.plan import FaultKind, Plan, ProbePath
from shared.core.probing import Headers
from shared.preflight import Inspection, Preflight, Surroundings
from tests.support.drills import (
    AMSTERDAM,
    AMSTERDAM_NAME,
    GROUP,
    LAB,
    VIRGINIA,
    VIRGINIA_NAME,
    VIRGINIA_VM,
)

Json = dict[str, Any]

NETWORK = f"{GROUP}/Microsoft.Network"
IP, OTHER_IP = f"{NETWORK}/publicIPAddresses/virginia-ip", f"{NETWORK}/publicIPAddresses/other-ip"
LB = f"{NETWORK}/loadBalancers/virginia-lb"
RUNNING = Machine("running", {"failover-drill": "allowed"}, "eastus")
PLAN = Plan(profile="lab", rto_seconds=300)
DEALLOCATE = replace(PLAN, fault=FaultKind.VM_DEALLOCATE)
DISABLE = replace(PLAN, fault=FaultKind.ENDPOINT_DISABLE)
PROBE = replace(
    PLAN, fault=FaultKind.PROBE_PATH, probe_path=ProbePath(header="X-Drill", value="fail")
)


def an_endpoint(name: str, target: str, priority: int, **more: object) -> Json:
    """Return an endpoint as ARM shows it: external, if nothing else is said."""
    properties = {
        "endpointStatus": "Enabled",
        "endpointMonitorStatus": "Online",
        "target": target,
        "priority": priority,
        **more,
    }
    kind = "azureEndpoints" if "targetResourceId" in more else "externalEndpoints"
    return {
        "name": name,
        "type": f"Microsoft.Network/trafficManagerProfiles/{kind}",
        "properties": properties,
    }


def a_profile() -> Json:
    """Return the lab's profile: Virginia on a public IP, Amsterdam by its name."""
    return {
        "id": LAB.profile_id,
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {"fqdn": LAB.fqdn, "ttl": 100},
            "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
            "endpoints": [
                an_endpoint("virginia", VIRGINIA_NAME, 1, targetResourceId=IP),
                an_endpoint("amsterdam", AMSTERDAM_NAME, 2),
            ],
        },
    }


def a_public_ip(nic: str = "virginia-nic", **more: object) -> Json:
    """Return the address that a machine's NIC holds."""
    attached = {"id": f"{NETWORK}/networkInterfaces/{nic}/ipConfigurations/c"}
    return {"properties": {"ipAddress": VIRGINIA, "ipConfiguration": attached, **more}}


@dataclass
class LabAzure:
    """ARM, as far as preflight reads it, and everything else that preflight asks."""

    live: Json | None = field(default_factory=a_profile)
    resources: dict[str, Json] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=lambda: {VIRGINIA_VM: RUNNING})
    roles: list[Json] | None = field(default_factory=lambda: [{"actions": ["*"]}])
    hidden: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    """Addresses that do not answer our own requests."""
    answers_badly: Callable[[Headers], bool] = lambda headers: ("X-Drill", "fail") in headers
    """Whether the application does, when it is asked with these custom headers."""
    named: str = f"{VIRGINIA_NAME}>{VIRGINIA}"
    groups: tuple[str, ...] = ("switchback-lab-eastus",)
    region: str = "northeurope"
    asked: list[str] = field(default_factory=list)
    checks: list[HealthCheck] = field(default_factory=list)

    def __post_init__(self) -> None:
        nic = {"properties": {"virtualMachine": {"id": VIRGINIA_VM}}}
        known = {IP: a_public_ip(), f"{NETWORK}/networkInterfaces/virginia-nic": nic}
        self.resources = {**known, **self.resources}

    # -- ARM ---------------------------------------------------------------------------------------

    def profile(self, profile_id: str) -> Json | None:
        """Return the profile."""
        return self.live if profile_id == LAB.profile_id else None

    def resource(self, resource_id: str) -> Json | None:
        """Return a resource, or refuse to show it."""
        self._ask(resource_id)
        return self.resources.get(resource_id)

    def machine(self, machine_id: str) -> Machine | None:
        """Return a machine, or refuse to show it."""
        self._ask(machine_id)
        return self.machines.get(machine_id)

    def permissions(self, scope: str) -> list[Json] | None:
        """Return the identity's roles; ARM may not tell."""
        self._ask(f"permissions of {scope}")
        if self.roles == []:
            raise UpstreamUnavailable("ARM answered 501: permissions are not emulated.")
        return self.roles

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.hidden:
            refusal = RefusedByAzure("Azure refused (AuthorizationFailed): not for you.")
            refusal.status = 403
            raise refusal

    # -- everything else ---------------------------------------------------------------------------

    def find(self, name: str) -> Json | None:
        """Return the one profile that is registered."""
        return {"name": "lab", "resourceId": LAB.profile_id} if name == "lab" else None

    def answers(self, check: HealthCheck) -> bool:
        """Whether an endpoint answers our own request as expected."""
        self.checks.append(check)
        return check.address not in self.silent and not self.answers_badly(check.headers)

    def preflight(self) -> Preflight:
        """Return preflight over this world."""
        addresses = {VIRGINIA_NAME: VIRGINIA, AMSTERDAM_NAME: AMSTERDAM}
        return Preflight(
            self,
            Surroundings(
                registry=self,
                ask=lambda server, name: self.named,
                resolve=addresses.get,
                answers=self.answers,
                vantages=lambda fqdn, url: replace(LAB.vantages, client_url=url),
                allowed_groups=self.groups,
                subscription_id="0000",
                region=self.region,
            ),
        )


def inspected(plan: Plan = PLAN, azure: LabAzure | None = None) -> Inspection:
    """Return what preflight finds."""
    return (azure or LabAzure()).preflight().inspect(plan)


def codes(plan: Plan = PLAN, azure: LabAzure | None = None) -> list[str]:
    """Return the codes of what speaks against a drill."""
    return [fault.code for fault in inspected(plan, azure).faults]


def with_first(**properties: object) -> LabAzure:
    """Return the lab with its first endpoint's properties changed."""
    azure = LabAzure()
    assert azure.live is not None
    azure.live["properties"]["endpoints"][0]["properties"] |= properties
    return azure
