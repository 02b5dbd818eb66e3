"""Bodies that must be refused, and all that has to be said of each of their faults."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.support.lab import SUBSCRIPTION, lab_profile

Json = dict[str, Any]

NETWORK = "providers/Microsoft.Network/publicIPAddresses"
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
EAST = f"{GROUPS}/switchback-lab-eastus/{NETWORK}"
MACHINES = "providers/Microsoft.Compute/virtualMachines"
VIRGINIA_VM = f"{GROUPS}/switchback-lab-eastus/{MACHINES}/virginia-vm"
AMSTERDAM_VM = f"{GROUPS}/switchback-lab-westeurope/{MACHINES}/amsterdam-vm1"


@dataclass(frozen=True)
class Fault:
    """What an answer has to say of a fault: where it is, what stands there, what would be right."""

    target: str
    says: tuple[str, ...]


def named(relative_name: str) -> Json:
    """The lab's profile under another DNS name."""
    return changed("dnsConfig.relativeName", relative_name)


def untagged() -> Json:
    """A profile whose first endpoint is a machine that nobody has opted in."""
    body = named("switchback-untagged")
    body["endpoints"][0] |= {"name": "bare", "targetResourceId": f"{EAST}/bare-ip"}
    return body


def lonely() -> Json:
    """A profile of one endpoint."""
    body = named("switchback-lonely")
    return body | {"endpoints": body["endpoints"][:1]}


def changed(path: str, value: object) -> Json:
    """The lab's profile with one member changed; numbers in the path are positions."""
    body = deepcopy(lab_profile())
    *parents, last = path.split(".")
    at: Any = body
    for part in parents:
        at = at[int(part)] if part.isdigit() else at[part]
    at[last] = value
    return body


MONITOR = "monitorConfig"
FIRST_ID = "endpoints.0.targetResourceId"
FIRST = "endpoints[0].targetResourceId"
TCP = {"protocol": "TCP", "port": 80, "path": "/"}
SHORT = {"protocol": "HTTP", "port": 80, "path": "/", "intervalInSeconds": 10}
PROFILES: dict[str, tuple[Json, tuple[Fault, ...]]] = {
    "an unknown field": (
        changed("dnsConfig.tll", 100),
        (Fault("dnsConfig.tll", ("dnsConfig.tll", "not a member")),),
    ),
    "a DNS name in upper case": (
        named("Switchback-Lab"),
        (Fault("dnsConfig.relativeName", ("Switchback-Lab", "lower-case")),),
    ),
    "a duplicate priority": (
        changed("endpoints.1.priority", 1),
        (
            Fault("endpoints[0].priority", ("1", "unlike every other")),
            Fault("endpoints[1].priority", ("1", "unlike every other")),
        ),
    ),
    "a negative TTL": (
        changed("dnsConfig.ttl", -1),
        (Fault("dnsConfig.ttl", ("-1", "from 0 to 2147483647")),),
    ),
    "a TTL that is text": (
        changed("dnsConfig.ttl", "100"),
        (Fault("dnsConfig.ttl", ('"100"', "valid integer")),),
    ),
    "an interval that Azure does not have": (
        changed("monitorConfig.intervalInSeconds", 20),
        (Fault(f"{MONITOR}.intervalInSeconds", ("20", "30 or 10")),),
    ),
    "a time-out as long as the interval": (
        changed(MONITOR, SHORT | {"timeoutInSeconds": 10}),
        (Fault(f"{MONITOR}.timeoutInSeconds", ("10", "from 5 to 9")),),
    ),
    "a path with TCP": (
        changed(MONITOR, TCP),
        (Fault(f"{MONITOR}.path", ("'/'", "absent with protocol TCP")),),
    ),
    "a public IP without a DNS label": (
        changed(FIRST_ID, f"{EAST}/nameless-ip"),
        (Fault(FIRST, ("nameless-ip", "no DNS label")),),
    ),
    "a target that does not exist": (
        changed(FIRST_ID, f"{EAST}/no-ip"),
        (Fault(FIRST, ("no-ip", "has no public IP")),),
    ),
    "two faults at once": (
        named("Switchback-Lab") | {"dnsConfig": {"relativeName": "Switchback-Lab", "ttl": -1}},
        (
            Fault("dnsConfig.relativeName", ("Switchback-Lab", "lower-case")),
            Fault("dnsConfig.ttl", ("-1", "from 0 to")),
        ),
    ),
    "two faults of shape at once": (
        changed("surprise", True) | {"trafficRoutingMethod": 1},
        (
            Fault("surprise", ("surprise", "not a member")),
            Fault("trafficRoutingMethod", ("1", "valid string")),
        ),
    ),
}


def plan(profile: str, **more: object) -> Json:
    """A drill's plan."""
    return {"profile": profile, "rtoSeconds": 300, **more}


DRILLS: dict[str, tuple[Json, int, str, tuple[Fault, ...]]] = {
    "a machine without the opt-in tag": (
        plan("untagged"),
        422,
        "PreflightFailed",
        (Fault("targets", ("bare-vm", "failover-drill=None", "failover-drill=allowed")),),
    ),
    "no survivor": (
        plan("lonely"),
        422,
        "PreflightFailed",
        (Fault("profile", ("No other endpoint is Online",)),),
    ),
    "an RTO below the envelope": (
        plan("lab", rtoSeconds=10),
        422,
        "PreflightFailed",
        (Fault("rtoSeconds", ("10", "at least", "cannot pass")),),
    ),
    "an RTO below the envelope on a profile without survivor": (
        plan("lonely", rtoSeconds=10),
        422,
        "PreflightFailed",
        (Fault("profile", ("No other endpoint",)), Fault("rtoSeconds", ("10", "cannot pass"))),
    ),
    "a plan out of range": (
        plan("lab", rtoSeconds=0, stabilitySeconds=4_000),
        400,
        "InvalidInput",
        (
            Fault("rtoSeconds", ("0", "from 1 to 86400")),
            Fault("stabilitySeconds", ("4000", "from 1 to 3600")),
        ),
    ),
    "an unknown fault": (
        plan("lab", fault="meteor"),
        400,
        "InvalidInput",
        (Fault("fault", ('"meteor"', "vmPowerOff")),),
    ),
    "a machine behind another endpoint": (
        plan("lab", targets=[AMSTERDAM_VM]),
        422,
        "PreflightFailed",
        (Fault("targets[0]", (AMSTERDAM_VM, "does not stand behind virginia", VIRGINIA_VM)),),
    ),
    "a machine named twice": (
        plan("lab", targets=[VIRGINIA_VM, VIRGINIA_VM.upper()]),
        422,
        "PreflightFailed",
        (Fault("targets[1]", (VIRGINIA_VM.upper(), "a second time")),),
    ),
    "machines for a fault that stops none": (
        plan("lab", fault="endpointDisable", targets=[VIRGINIA_VM]),
        400,
        "InvalidInput",
        (Fault("targets", ("endpointDisable", "stops none")),),
    ),
    "a header that changes nothing": (
        plan("lab", fault="probePath", probePath={"header": "X-Nothing", "value": "1"}),
        422,
        "PreflightFailed",
        (Fault("probePath", ("'X-Nothing: 1'", "it must answer otherwise")),),
    ),
    "no header for probes": (
        plan("lab", fault="probePath"),
        400,
        "InvalidInput",
        (Fault("probePath", ("must be given", "probePath")),),
    ),
    "half a header": (
        plan("lab", fault="probePath", probePath={"header": "X-Drill", "worth": "1"}),
        400,
        "InvalidInput",
        (
            Fault("probePath.value", ("missing",)),
            Fault("probePath.worth", ("not a member", "header, value")),
        ),
    ),
    "a failback that is neither": (
        plan("lab", failback="perhaps", failbackHoldSecondsMax="long"),
        400,
        "InvalidInput",
        (
            Fault("failback", ('"perhaps"', "automatic")),
            Fault("failbackHoldSecondsMax", ('"long"', "valid integer")),
        ),
    ),
    "an unknown field": (
        plan("lab", rtoMinutes=5),
        400,
        "InvalidInput",
        (Fault("rtoMinutes", ("rtoMinutes", "not a member")),),
    ),
    "no promise": ({"profile": "lab"}, 400, "InvalidInput", (Fault("rtoSeconds", ("missing",)),)),
}
