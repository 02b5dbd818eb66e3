"""ARM bodies to profiles and endpoints: defaults filled in, every fault told at once.

Texts marked recorded are the service's own; the others are ours, with status and code as the
service answers them: 400 BadRequest.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from emulator import arm_errors
from emulator.body import Body, Faults, Json
from emulator.cloud import Cloud, Endpoint, MonitorConfig, Profile, RoutingMethod
from emulator.endpoint_reading import (
    TYPES,
    Draft,
    invalid_type,
    is_enabled,
    read_draft,
    read_headers,
)
from emulator.ids import PROFILE_TYPE
from emulator.profile_checks import check_profile

_TTL_SECONDS_MAX = 2_147_483_647
_DEFAULT_TTL_SECONDS = 60  # the portal's; no server default is known and every client sends one
_RANGES_MAX = 8
_PROFILE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_RELATIVE_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_RELATIVE_NAME_MAX = 200  # with the zone it stays within what DNS can name
_ALLOWED_TYPES = {
    name.lower(): name for name in ("DomainName", "IPv4Address", "IPv6Address", "Any")
}
_RECORD_TYPES: dict[str, str | None] = {"a": "A", "aaaa": "AAAA", "cname": "CNAME"}
_METHODS = {method.value.lower(): method for method in RoutingMethod}


@dataclass(slots=True)
class Place:
    """Where a body was sent: the profile's path, and what stood there before."""

    group: str
    name: str
    before: Profile | None = None


def read_profile(cloud: Cloud, place: Place, json: Json) -> Profile:
    """Return the profile that a PUT describes, or raise ArmError with every fault."""
    faults = Faults()
    body = Body(json, faults)
    properties = body.section("properties", is_required=True)
    if not _PROFILE_NAME.fullmatch(place.name):
        faults.add(f"The profile name '{place.name}' is invalid.")
    _refuse_location(body.text("location"))
    dns = properties.section("dnsConfig", is_required=True)
    profile = Profile(
        name=place.before.name if place.before else place.name,
        resource_group=place.group,
        relative_name=_relative_name(dns, place.before),
        ttl_seconds=dns.integer("ttl", 0, _TTL_SECONDS_MAX, default=_DEFAULT_TTL_SECONDS),
        method=properties.one_of("trafficRoutingMethod", _METHODS, RoutingMethod.PERFORMANCE),
        enabled=is_enabled(properties, "profileStatus"),
        monitor=_monitor(properties.section("monitorConfig", is_required=True)),
        tags=_tags(json, faults),
        max_return=properties.optional_integer("maxReturn", 1, 10),
        record_types=_record_types(properties),
        record_type=_record_type(properties, place.before),
    )
    drafts = [read_draft(cloud, Body(entry, faults)) for entry in properties.objects("endpoints")]
    profile = profile.with_endpoints(_with_priorities(drafts, faults))
    check_profile(cloud, profile, faults)
    faults.raise_if_any()
    return profile


def read_endpoint(cloud: Cloud, profile: Profile, kind: str, name: str, json: Json) -> Profile:
    """Return the profile with the endpoint that a PUT describes, or raise ArmError."""
    faults = Faults()
    found = TYPES.get(f"{PROFILE_TYPE}/{kind}".lower())
    if found is None:
        raise arm_errors.bad_request(invalid_type(kind, name))
    entry = dict(json) | {"name": name, "type": f"{PROFILE_TYPE}/{found.value}"}
    draft = read_draft(cloud, Body(entry, faults))
    before = profile.endpoint(draft.endpoint.key)
    if before is not None:
        draft.endpoint = replace(draft.endpoint, name=before.name)  # the case it was created in
    if not draft.has_priority:
        taken = {e.priority for e in profile.endpoints}
        draft.endpoint = _at(draft.endpoint, before.priority if before else _first_free(taken))
    written = profile.with_endpoint(draft.endpoint)
    check_profile(cloud, written, faults)
    faults.raise_if_any()
    return written


def is_relative_name(name: str) -> bool:
    """Whether this can be the part of a DNS name before trafficmanager.net."""
    return len(name) <= _RELATIVE_NAME_MAX and bool(_RELATIVE_NAME.fullmatch(name))


def _refuse_location(location: str | None) -> None:
    if location is not None and location.lower() != "global":
        raise arm_errors.ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type "
            "'Microsoft.Network/trafficManagerProfiles'. List of available regions for the "
            "resource type is 'global'.",
        )


def _relative_name(dns: Body, before: Profile | None) -> str:
    name = dns.text("relativeName") or ""
    if not is_relative_name(name):
        dns.faults.add(f"The relative DNS name '{name}' is invalid.")
    if before is not None and name.lower() != before.relative_name.lower():
        dns.faults.add("The relative DNS name of a profile cannot be changed after creation.")
    return before.relative_name if before is not None else name


def _record_types(properties: Body) -> tuple[str, ...]:
    found = properties.texts("allowedEndpointRecordTypes")
    for unknown in [f for f in found if f.lower() not in _ALLOWED_TYPES]:
        properties.faults.add(f"'{unknown}' is no value of 'allowedEndpointRecordTypes'.")
    return tuple(_ALLOWED_TYPES.get(f.lower(), f) for f in found)


def _record_type(properties: Body, before: Profile | None) -> str | None:
    """Return the type of a strictly typed profile: set at creation, or never."""
    kept = before.record_type if before is not None else None
    wanted = properties.one_of("recordType", _RECORD_TYPES, kept)
    if before is not None and wanted != kept:
        properties.faults.add(  # recorded
            "The RecordType of a Traffic Manager profile cannot be changed after creation."
        )
    return wanted


def _tags(json: Json, faults: Faults) -> tuple[tuple[str, str], ...] | None:
    tags = json.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, Mapping) or not all(isinstance(v, str) for v in tags.values()):
        faults.add("Tags must be an object of strings.")
        return None
    return tuple((str(k), str(v)) for k, v in tags.items())


def _monitor(body: Body) -> MonitorConfig:
    """Read monitorConfig; the ranges are those of the monitoring page."""
    protocols = {"http": "HTTP", "https": "HTTPS", "tcp": "TCP"}
    protocol = body.one_of("protocol", protocols, "HTTP")
    slow, fast = 30, 10
    interval = body.integer("intervalInSeconds", fast, slow, default=slow)
    if interval not in (fast, slow):
        body.faults.add("intervalInSeconds must be 10 or 30.")
    timeout_max = 10 if interval == slow else 9
    monitor = MonitorConfig(
        protocol=protocol,
        port=body.integer("port", 1, 65_535, default=443 if protocol == "HTTPS" else 80),
        path=body.text("path"),
        interval_seconds=interval,
        timeout_seconds=body.integer("timeoutInSeconds", 5, timeout_max, default=timeout_max),
        tolerated_failures=body.integer("toleratedNumberOfFailures", 0, 9, default=3),
        expected_statuses=_status_ranges(body),
        headers=read_headers(body),
    )
    _check_monitor(monitor, body.faults)
    return monitor


def _check_monitor(monitor: MonitorConfig, faults: Faults) -> None:
    if monitor.protocol == "TCP":
        if monitor.path:
            faults.add("The monitoring path must not be set when the protocol is TCP.")
        if monitor.expected_statuses or monitor.headers:
            faults.add("Status code ranges and headers cannot be used when the protocol is TCP.")
    elif not (monitor.path or "").startswith("/"):
        faults.add("The monitoring path is required for HTTP(S) and must begin with '/'.")


def _status_ranges(body: Body) -> tuple[tuple[int, int], ...]:
    found = []
    for entry in body.objects("expectedStatusCodeRanges"):
        one = Body(entry, body.faults)
        low, high = (
            one.integer("min", 100, 999, default=200),
            one.integer("max", 100, 999, default=200),
        )
        if low > high:
            body.faults.add(f"The status code range {low}-{high} is empty.")
        found.append((low, high))
    if len(found) > _RANGES_MAX:
        body.faults.add(f"At most {_RANGES_MAX} status code ranges can be set.")
    return tuple(found)


def _with_priorities(drafts: Sequence[Draft], faults: Faults) -> list[Endpoint]:
    """Return the endpoints, those without a priority at the first free numbers, in order."""
    if len({draft.has_priority for draft in drafts}) > 1:
        faults.add("If a priority is specified for one endpoint, all endpoints must have one.")
    taken: set[int] = {draft.endpoint.priority for draft in drafts if draft.has_priority}
    endpoints = []
    for draft in drafts:
        priority = draft.endpoint.priority if draft.has_priority else _first_free(taken)
        taken.add(priority)
        endpoints.append(_at(draft.endpoint, priority))
    return endpoints


def _first_free(taken: set[int]) -> int:
    """Return the smallest number not in use: recorded as 1, 2, 3… in order of creation."""
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def _at(endpoint: Endpoint, priority: int) -> Endpoint:
    return replace(endpoint, priority=priority)
