"""A profile as it is wanted, in ARM's own shape, and how it differs from the live one. Pure.

ARM compares ids and types without regard to case, returns endpoints by priority whatever the
order sent, and adds read-only members: none of that is a difference.
"""

from typing import Any, NamedTuple

Json = dict[str, Any]

TYPE_PREFIX = "Microsoft.Network/trafficManagerProfiles/"
ENDPOINT_TYPES = ("azureEndpoints", "externalEndpoints", "nestedEndpoints")
ENDPOINT_MEMBERS = (
    "targetResourceId",
    "target",
    "priority",
    "weight",
    "endpointStatus",
    "endpointLocation",
    "geoMapping",
    "subnets",
    "minChildEndpoints",
    "minChildEndpointsIPv4",
    "minChildEndpointsIPv6",
    "customHeaders",
    "alwaysServe",
)
ENDPOINT_DEFAULTS: Json = {"weight": 1, "endpointStatus": "Enabled", "alwaysServe": "Disabled"}
MONITOR_DEFAULTS: Json = {
    "protocol": "HTTP",
    "port": 80,
    "intervalInSeconds": 30,
    "toleratedNumberOfFailures": 3,
}
TIMEOUT_DEFAULTS = {30: 10, 10: 9}
"""ARM's default time-out by interval (MicrosoftDocs, traffic-manager-monitoring)."""


class Change(NamedTuple):
    """One difference: where, what is live, what is wanted. None: not there."""

    path: str
    live: Any
    wanted: Any


def short_type(text: str) -> str:
    """Return an endpoint type's short name (`azureEndpoints`), whatever its form and case."""
    last = text.rsplit("/", 1)[-1].lower()
    return next((known for known in ENDPOINT_TYPES if known.lower() == last), last)


def wanted_profile(body: Json) -> Json:
    """Return the ARM body for a flat request body, ARM's defaults filled in."""
    properties: Json = {
        "profileStatus": body.get("profileStatus") or "Enabled",
        "trafficRoutingMethod": body["trafficRoutingMethod"],
        "dnsConfig": _present(body["dnsConfig"], ("relativeName", "ttl")),
        "monitorConfig": _monitor(body.get("monitorConfig") or {}),
        "endpoints": wanted_endpoints(body.get("endpoints") or []),
    }
    if body.get("maxReturn") is not None:
        properties["maxReturn"] = body["maxReturn"]
    return {"location": "global", "tags": body.get("tags") or {}, "properties": properties}


def wanted_endpoints(endpoints: list[Json]) -> list[Json]:
    """Return the endpoints in ARM's shape, each with an explicit priority (the next free one)."""
    taken = {e["priority"] for e in endpoints if e.get("priority") is not None}
    free = (number for number in range(1, 1_001) if number not in taken)
    return [wanted_endpoint(e, e.get("priority") or next(free)) for e in endpoints]


def wanted_endpoint(endpoint: Json, priority: int) -> Json:
    """Return one endpoint in ARM's shape."""
    kind = short_type(endpoint["type"])
    properties = ENDPOINT_DEFAULTS | _present(endpoint, ENDPOINT_MEMBERS) | {"priority": priority}
    if kind != "externalEndpoints":
        properties.pop("target", None)  # the service derives it from the resource
    if kind == "azureEndpoints":
        properties.pop("endpointLocation", None)  # likewise
    if kind == "nestedEndpoints":
        properties.pop("alwaysServe", None)  # not for nested endpoints
    return {"name": endpoint["name"], "type": TYPE_PREFIX + kind, "properties": properties}


def changes(live: Json | None, wanted: Json) -> tuple[Change, ...]:
    """Return what would have to change, sorted by path; empty when nothing would."""
    have = {} if live is None else _flat(_comparable(live), "")
    want = _flat(_comparable(wanted), "")
    if "dnsConfig.ttl" not in want:
        have.pop("dnsConfig.ttl", None)  # not asked for: whatever ARM chose is right
    paths = sorted({*have, *want})
    return tuple(
        Change(path, have.get(path), want.get(path))
        for path in paths
        if have.get(path) != want.get(path)
    )


def _monitor(given: Json) -> Json:
    monitor = MONITOR_DEFAULTS | _present(
        given, (*MONITOR_DEFAULTS, "path", "timeoutInSeconds", *MONITOR_LISTS)
    )
    monitor["protocol"] = str(monitor["protocol"]).upper()
    if monitor["protocol"] != "TCP":
        monitor.setdefault("path", "/")
    monitor.setdefault("timeoutInSeconds", TIMEOUT_DEFAULTS.get(monitor["intervalInSeconds"], 10))
    return monitor


MONITOR_LISTS = ("expectedStatusCodeRanges", "customHeaders")


def _present(source: Json, names: tuple[str, ...]) -> Json:
    return {name: source[name] for name in names if source.get(name) is not None}


def _comparable(profile: Json) -> Json:
    """Return what of an ARM body says something of the wish, in one form for both sides."""
    properties = profile["properties"]
    monitor = properties.get("monitorConfig") or {}
    dns = properties["dnsConfig"]
    return {
        "tags": profile.get("tags") or {},
        "profileStatus": _lower(properties.get("profileStatus") or "Enabled"),
        "trafficRoutingMethod": _lower(properties.get("trafficRoutingMethod")),
        "maxReturn": properties.get("maxReturn"),
        "dnsConfig": {"relativeName": _lower(dns.get("relativeName")), "ttl": dns.get("ttl")},
        "monitorConfig": _monitor(monitor) | {n: monitor.get(n) or None for n in MONITOR_LISTS},
        "endpoints": {
            e["name"].lower(): _comparable_endpoint(e) for e in properties.get("endpoints") or []
        },
    }


def _comparable_endpoint(endpoint: Json) -> Json:
    again = wanted_endpoint(
        endpoint["properties"] | {"name": endpoint["name"], "type": endpoint["type"]},
        endpoint["properties"].get("priority") or 0,
    )
    properties: Json = {name: value or None for name, value in again["properties"].items()}
    for name in ("targetResourceId", "target", "endpointStatus", "alwaysServe"):
        if properties.get(name):
            properties[name] = _lower(properties[name]).rstrip(".").strip("/")
    if properties.get("endpointLocation"):
        properties["endpointLocation"] = _lower(properties["endpointLocation"]).replace(" ", "")
    return {"type": _lower(short_type(endpoint["type"])), **properties}


def _lower(text: Any) -> str:  # noqa: ANN401 - ARM's JSON
    return str(text or "").lower()


def _flat(value: Json, prefix: str) -> Json:
    flat: Json = {}
    for name, each in value.items():
        if isinstance(each, dict):
            flat |= _flat(each, f"{prefix}{name}.") or {}
        elif each is not None:
            flat[prefix + name] = each
    return flat
