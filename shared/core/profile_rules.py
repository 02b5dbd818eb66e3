"""What a profile may be: the service's documented limits, checked before anything is sent. Pure.

The Traffic Manager specification holds no limits; these are the documentation's (MicrosoftDocs,
traffic-manager-monitoring and -FAQs), as the service enforces them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from shared.core.desired import ENDPOINT_TYPES, short_type
from shared.core.errors import Fault, wrong
from shared.core.resource_ids import parse

Json = dict[str, Any]

PROFILE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
RELATIVE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
TTL_SECONDS_MAX = 2_147_483_647
ROUTING_METHODS = ("Performance", "Priority", "Weighted", "Geographic", "MultiValue", "Subnet")
PROTOCOLS = ("HTTP", "HTTPS", "TCP")
STATUSES = ("Enabled", "Disabled")
TIMEOUTS_BY_INTERVAL = {30: (5, 10), 10: (5, 9)}
PORT_MAX = 65_535
TOLERATED_MAX = 9
PRIORITY_MAX = WEIGHT_MAX = 1_000
ENDPOINT_NAME_CHARACTERS_MAX = 260
ENDPOINTS_MAX = 200


def profile_faults(name: str, body: Json) -> tuple[Fault, ...]:
    """Return everything that is wrong with a profile's flat request body."""
    return tuple(_profile_faults(name, body))


def endpoint_faults(endpoint: Json, at: str) -> Iterator[Fault]:
    """Yield everything that is wrong with one endpoint; `at` is its JSON path."""
    prefix = f"{at}." if at else ""
    kind = short_type(endpoint["type"])
    if kind not in ENDPOINT_TYPES:
        yield wrong(f"{prefix}type", endpoint["type"], f"one of {', '.join(ENDPOINT_TYPES)}")
    name = endpoint["name"]
    if not name.strip() or len(name) > ENDPOINT_NAME_CHARACTERS_MAX or "/" in name:
        right = f"1 to {ENDPOINT_NAME_CHARACTERS_MAX} characters without a slash"
        yield wrong(f"{prefix}name", name, right)
    for member, most in (("priority", PRIORITY_MAX), ("weight", WEIGHT_MAX)):
        value = endpoint.get(member)
        if value is not None and not 1 <= value <= most:
            yield wrong(prefix + member, value, f"from 1 to {most}")
    if endpoint.get("endpointStatus") not in (None, *STATUSES):
        yield wrong(f"{prefix}endpointStatus", endpoint["endpointStatus"], _one_of(STATUSES))
    yield from _target_faults(endpoint, kind, prefix)


def _profile_faults(name: str, body: Json) -> Iterator[Fault]:
    if not PROFILE_NAME.fullmatch(name):
        right = "1 to 63 letters, digits, hyphens and periods, beginning and ending alphanumeric"
        yield wrong("name", name, right)
    if body.get("name") and body["name"].lower() != name.lower():
        yield wrong("name", body["name"], f"{name!r}, as in the path")
    dns = body["dnsConfig"]
    if not RELATIVE_NAME.fullmatch(dns["relativeName"]):
        right = "lower-case letters, digits and hyphens, labels of at most 63"
        yield wrong("dnsConfig.relativeName", dns["relativeName"], right)
    yield from ttl_faults(dns.get("ttl"))
    if body["trafficRoutingMethod"] not in ROUTING_METHODS:
        yield wrong("trafficRoutingMethod", body["trafficRoutingMethod"], _one_of(ROUTING_METHODS))
    if body.get("profileStatus") not in (None, *STATUSES):
        yield wrong("profileStatus", body["profileStatus"], _one_of(STATUSES))
    yield from monitor_faults(body.get("monitorConfig") or {})
    yield from _endpoints_faults(body.get("endpoints") or [])


def ttl_faults(ttl: int | None) -> Iterator[Fault]:
    """Yield what is wrong with a TTL."""
    if ttl is not None and not 0 <= ttl <= TTL_SECONDS_MAX:
        yield wrong("dnsConfig.ttl", ttl, f"from 0 to {TTL_SECONDS_MAX} seconds")


def monitor_faults(monitor: Json) -> Iterator[Fault]:
    """Yield everything that is wrong with health checks."""
    protocol = monitor.get("protocol") or "HTTP"
    if protocol.upper() not in PROTOCOLS:
        yield wrong("monitorConfig.protocol", protocol, _one_of(PROTOCOLS))
    path = monitor.get("path")
    if path and protocol.upper() == "TCP":
        yield wrong("monitorConfig.path", path, "absent with protocol TCP")
    elif path is not None and not path.startswith("/"):
        yield wrong("monitorConfig.path", path, "a path that begins with /")
    port = monitor.get("port")
    if port is not None and not 1 <= port <= PORT_MAX:
        yield wrong("monitorConfig.port", port, f"from 1 to {PORT_MAX}")
    tolerated = monitor.get("toleratedNumberOfFailures")
    if tolerated is not None and not 0 <= tolerated <= TOLERATED_MAX:
        where = "monitorConfig.toleratedNumberOfFailures"
        yield wrong(where, tolerated, f"from 0 to {TOLERATED_MAX}")
    yield from _timing_faults(monitor)


def _timing_faults(monitor: Json) -> Iterator[Fault]:
    interval = monitor.get("intervalInSeconds") or 30
    if interval not in TIMEOUTS_BY_INTERVAL:
        yield wrong("monitorConfig.intervalInSeconds", interval, "30 or 10")
        return
    low, high = TIMEOUTS_BY_INTERVAL[interval]
    timeout = monitor.get("timeoutInSeconds")
    if timeout is not None and not low <= timeout <= high:
        right = f"from {low} to {high} with intervalInSeconds {interval}"
        yield wrong("monitorConfig.timeoutInSeconds", timeout, right)


def _endpoints_faults(endpoints: list[Json]) -> Iterator[Fault]:
    if len(endpoints) > ENDPOINTS_MAX:
        yield wrong("endpoints", len(endpoints), f"at most {ENDPOINTS_MAX}")
    for index, endpoint in enumerate(endpoints):
        yield from endpoint_faults(endpoint, f"endpoints[{index}]")
    yield from _duplicates(endpoints, "name", lambda e: e["name"].lower())
    yield from _duplicates(endpoints, "priority", lambda e: e.get("priority"))
    yield from _duplicates(
        endpoints,
        "targetResourceId",
        lambda e: (e.get("targetResourceId") or "").strip("/").lower() or None,
    )


def _target_faults(endpoint: Json, kind: str, prefix: str) -> Iterator[Fault]:
    resource = endpoint.get("targetResourceId")
    if kind == "externalEndpoints":
        if not endpoint.get("target"):
            yield _missing(f"{prefix}target", "a DNS name or a public address")
        return
    if not resource:
        yield _missing(f"{prefix}targetResourceId", "the id of a public IP (or of a profile)")
        return
    try:
        parse(resource)
    except ValueError:
        right = "a resource id: /subscriptions/…/resourceGroups/…/providers/…"
        yield wrong(f"{prefix}targetResourceId", resource, right)


def _duplicates(endpoints: list[Json], member: str, key: Any) -> Iterator[Fault]:  # noqa: ANN401
    counts = Counter(key(e) for e in endpoints)
    for index, endpoint in enumerate(endpoints):
        value = key(endpoint)
        if value is not None and counts[value] > 1:
            yield wrong(f"endpoints[{index}].{member}", value, "unlike every other endpoint's")


def _missing(target: str, right: str) -> Fault:
    return Fault("MissingValue", target, f"{target} is missing; it must be {right}.")


def _one_of(values: tuple[str, ...]) -> str:
    return f"one of {', '.join(values)}"
