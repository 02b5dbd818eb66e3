"""What ARM's JSON of a profile says, in the forms that services and users need. Pure."""

from collections.abc import Iterator
from typing import Any

from shared.core.desired import short_type
from shared.core.errors import EndpointNotFound, Fault
from shared.core.model import EndpointSnapshot, MonitorSettings
from shared.core.probing import probe_headers, value_of

Json = dict[str, Any]


def profile_view(name: str, mode: str, live: Json) -> Json:
    """Return a profile as its users see it."""
    properties = live["properties"]
    monitor = properties["monitorConfig"]
    return {
        "name": name,
        "resourceId": live.get("id"),
        "mode": mode,
        "fqdn": properties["dnsConfig"].get("fqdn"),
        "profileStatus": properties.get("profileStatus"),
        "profileMonitorStatus": monitor.get("profileMonitorStatus"),
        "trafficRoutingMethod": properties.get("trafficRoutingMethod"),
        "dnsConfig": properties["dnsConfig"],
        "monitorConfig": monitor,
        "tags": live.get("tags") or {},
        "endpoints": [endpoint_view(e) for e in endpoints_of(live)],
    }


def endpoints_of(profile: Json | None) -> list[Json]:
    """Return the profile's endpoints as ARM tells them; none of a profile that is not there."""
    return (profile["properties"].get("endpoints") or []) if profile else []


def find_endpoint(profile: Json, name: str) -> Json:
    """Return one endpoint, or raise EndpointNotFound."""
    for found in endpoints_of(profile):
        if found["name"].lower() == name.lower():
            return found
    raise EndpointNotFound(f"The profile has no endpoint {name!r}.")


def endpoint_view(endpoint: Json) -> Json:
    """Return an endpoint as its users see it: flat."""
    return {"name": endpoint["name"], "type": endpoint["type"], **endpoint["properties"]}


def kept_priority(mine: list[Json], others: list[Json]) -> int:
    """Keep the endpoint's own priority, else take the next free one."""
    if mine:
        kept: int = mine[0]["properties"]["priority"]
        return kept
    taken = {e["properties"].get("priority") for e in others}
    return next(number for number in range(1, 1_001) if number not in taken)


def clashes(wanted: Json, others: list[Json]) -> Iterator[Fault]:
    """Yield where an endpoint has what another one has already."""
    properties = wanted["properties"]
    for other in others:
        if other["properties"].get("priority") == properties["priority"]:
            yield Fault(
                "InvalidValue",
                "priority",
                f"priority is {properties['priority']}; {other['name']} has it already.",
            )


def monitor_settings(config: Json) -> MonitorSettings:
    """Return a profile's health checks, ARM's defaults filled in."""
    ranges = config.get("expectedStatusCodeRanges") or [{"min": 200, "max": 200}]
    return MonitorSettings(
        protocol=config.get("protocol") or "HTTP",
        port=config.get("port") or 80,
        path=config.get("path") or "",
        interval_seconds=config.get("intervalInSeconds") or 30,
        timeout_seconds=config.get("timeoutInSeconds") or 10,
        tolerated_failures=_known(config.get("toleratedNumberOfFailures"), 3),
        expected_statuses=tuple((each["min"], each["max"]) for each in ranges),
    )


def _known(value: int | None, default: int) -> int:
    return default if value is None else value


def statuses(live: Json) -> dict[str, str]:
    """Return each endpoint's endpointMonitorStatus."""
    return {
        e["name"]: e["properties"].get("endpointMonitorStatus") or "" for e in endpoints_of(live)
    }


def endpoint_snapshot(endpoint: Json, monitor: Json, address: str | None) -> EndpointSnapshot:
    """Return an endpoint's configuration, as a drill keeps it; `address` is where it is asked."""
    properties = endpoint["properties"]
    target = (properties.get("target") or "").lower()
    headers = probe_headers(properties, monitor)
    return EndpointSnapshot(
        name=endpoint["name"],
        type=short_type(endpoint["type"]),
        target=target,
        priority=properties.get("priority") or 0,
        host=value_of(headers, "Host") or target,
        address=address,
        target_resource_id=properties.get("targetResourceId"),
        enabled=is_enabled(properties),
        always_serve=properties.get("alwaysServe") == "Enabled",
        headers=headers,
    )


def is_enabled(properties: Json) -> bool:
    """An endpoint's own switch is on, as it is unless somebody turned it off."""
    return properties.get("endpointStatus") != "Disabled"
