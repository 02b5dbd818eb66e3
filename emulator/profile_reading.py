"""ARM bodies to profiles and endpoints: defaults filled in, every fault told at once.

Texts marked recorded are the service's own; the others are ours (facts/traffic-manager.md 1.4
lists them as unknown), with status and code as the service answers them: 400 BadRequest.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from emulator import arm_errors, wire
from emulator.body import Body, Faults, Json
from emulator.cloud import Cloud, Endpoint, EndpointKind, MonitorConfig, Profile, RoutingMethod
from emulator.ids import PROFILE_TYPE, read_id
from emulator.regions import display_name

ENDPOINTS_MAX = 200
_TTL_SECONDS_MAX = 2_147_483_647
_DEFAULT_TTL_SECONDS = 60  # the portal's; no server default is known and every client sends one
_HEADERS_MAX = _RANGES_MAX = 8
_PROFILE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_RELATIVE_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDPOINT_NAME_MAX = 260
_RELATIVE_NAME_MAX = 200  # with the zone it stays within what DNS can name
_TYPES = {f"{PROFILE_TYPE}/{kind.value}".lower(): kind for kind in EndpointKind}
_VALID_TYPES = ", ".join(f"'{PROFILE_TYPE}/{kind.value}'" for kind in EndpointKind)
_METHODS = {method.value.lower(): method for method in RoutingMethod}


@dataclass(slots=True)
class Place:
    """Where a body was sent: the profile's path, and what stood there before."""

    group: str
    name: str
    before: Profile | None = None


@dataclass(slots=True)
class _Draft:
    """An endpoint whose priority may still be missing."""

    endpoint: Endpoint
    has_priority: bool = field(default=True)


def read_profile(cloud: Cloud, place: Place, json: Json) -> Profile:
    """Return the profile that a PUT describes, or raise ArmError with every fault."""
    faults = Faults()
    body = Body(json, faults)
    properties = body.section("properties", is_required=True)
    if not _PROFILE_NAME.fullmatch(place.name):
        faults.add(f"The profile name '{place.name}' is invalid.")
    _refuse_location(body.text("location"))
    if properties.text("recordType") is not None:
        raise arm_errors.not_emulated("recordType (strictly typed profiles)")
    dns = properties.section("dnsConfig", is_required=True)
    profile = Profile(
        name=place.before.name if place.before else place.name,
        resource_group=place.group,
        relative_name=_relative_name(dns, place.before),
        ttl_seconds=dns.integer("ttl", 0, _TTL_SECONDS_MAX, default=_DEFAULT_TTL_SECONDS),
        method=properties.one_of("trafficRoutingMethod", _METHODS, RoutingMethod.PERFORMANCE),
        enabled=_is_enabled(properties, "profileStatus"),
        monitor=_monitor(properties.section("monitorConfig", is_required=True)),
        tags=_tags(json, faults),
        max_return=properties.optional_integer("maxReturn", 1, 10),
        record_types=tuple(properties.texts("allowedEndpointRecordTypes")),
    )
    drafts = [
        _draft(cloud, Body(entry, faults), place.before)
        for entry in properties.objects("endpoints")
    ]
    profile = profile.with_endpoints(_with_priorities(drafts, faults))
    check_profile(profile, faults)
    faults.raise_if_any()
    return profile


def read_endpoint(cloud: Cloud, profile: Profile, kind: str, name: str, json: Json) -> Profile:
    """Return the profile with the endpoint that a PUT describes, or raise ArmError."""
    faults = Faults()
    found = _TYPES.get(f"{PROFILE_TYPE}/{kind}".lower())
    if found is None:
        raise arm_errors.bad_request(_invalid_type(kind, name))
    entry = dict(json) | {"name": name, "type": f"{PROFILE_TYPE}/{found.value}"}
    draft = _draft(cloud, Body(entry, faults), profile)
    before = profile.endpoint(draft.endpoint.key)
    if not draft.has_priority:
        taken = {e.priority for e in profile.endpoints}
        draft.endpoint = _at(draft.endpoint, before.priority if before else _first_free(taken))
    written = profile.with_endpoint(draft.endpoint)
    check_profile(written, faults)
    faults.raise_if_any()
    return written


def check_profile(profile: Profile, faults: Faults) -> None:
    """Find what is wrong between a profile's endpoints."""
    endpoints = profile.endpoints
    keys = [e.key for e in endpoints]
    twice = sorted({e.name for e in endpoints if keys.count(e.key) > 1})
    if twice:
        faults.add(  # recorded
            "There are duplicates in the list of endpoints. The following endpoint(s) appear "
            f"more than once: {', '.join(twice)}."
        )
    elif (clash := _first_twice([e.target.lower() for e in endpoints])) is not None:
        target = endpoints[clash].target_resource_id or endpoints[clash].target
        faults.add(  # recorded
            "Endpoint target must be unique in the profile. "
            f"The following endpoint target already exists: {target}."
        )
    if _first_twice([e.priority for e in endpoints]) is not None:
        faults.add("Endpoint priorities must be unique in the profile.")
    if len(endpoints) > ENDPOINTS_MAX:
        faults.add(f"A profile can have at most {ENDPOINTS_MAX} endpoints.")
    if profile.method is not RoutingMethod.MULTI_VALUE and _mixes_addresses(endpoints):
        faults.add("Endpoints by DNS name and by IP address cannot be mixed in this profile.")
    if profile.method is RoutingMethod.PERFORMANCE:
        faults.add_all(
            f"The location must be specified for endpoint '{e.name}' of a profile with the "
            "'Performance' routing method."
            for e in endpoints
            if e.location is None
        )


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


def _is_enabled(body: Body, key: str) -> bool:
    return body.one_of(key, {"enabled": True, "disabled": False}, default=True)


def _tags(json: Json, faults: Faults) -> tuple[tuple[str, str], ...] | None:
    tags = json.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, Mapping) or not all(isinstance(v, str) for v in tags.values()):
        faults.add("Tags must be an object of strings.")
        return None
    return tuple((str(k), str(v)) for k, v in tags.items())


def _monitor(body: Body) -> MonitorConfig:
    """Read monitorConfig; the ranges are those of the monitoring page (facts 1.3)."""
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
        headers=_headers(body),
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


def _headers(body: Body) -> tuple[tuple[str, str], ...]:
    found = []
    for entry in body.objects("customHeaders"):
        one = Body(entry, body.faults)
        name, value = one.text("name") or "", one.text("value") or ""
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or "\n" in value or "\r" in value:
            body.faults.add(f"The custom header '{name}' is invalid.")
        found.append((name, value))
    if len(found) > _HEADERS_MAX:
        body.faults.add(f"At most {_HEADERS_MAX} custom headers can be set.")
    return tuple(found)


def _invalid_type(kind: str, name: str) -> str:
    return (  # recorded
        f"The type '{kind}' specified for endpoint '{name}' is invalid. "
        f"Valid endpoint types are: {_VALID_TYPES}."
    )


def _draft(cloud: Cloud, entry: Body, before: Profile | None) -> _Draft:
    """Read one endpoint; unreadable ones stand in as external endpoints beside their faults."""
    name, kind_text = entry.text("name") or "", entry.text("type")
    if not name.strip() or len(name) > _ENDPOINT_NAME_MAX:
        entry.faults.add(  # recorded
            f"Endpoint name '{name}' is invalid. Endpoint names cannot be empty or all whitespace, "
            "and must be up to 260 alphanumeric characters long."
        )
    kind = _TYPES.get((kind_text or "").lower())
    if kind is None:
        entry.faults.add(_invalid_type(kind_text or "<null>", name or "<null>"))
    if "properties" not in entry.json:
        entry.faults.add(f"Please specify properties for endpoint '{name}'")  # recorded
    if kind is EndpointKind.NESTED:
        raise arm_errors.not_emulated("An endpoint of type nestedEndpoints")
    properties = entry.section("properties")
    priority = properties.optional_integer("priority", 1, 1_000)
    target, resource = _target(cloud, properties, kind, name)
    endpoint = Endpoint(
        name=name,
        kind=kind or EndpointKind.EXTERNAL,
        enabled=_is_enabled(properties, "endpointStatus"),
        target=target,
        target_resource_id=resource,
        priority=priority or 0,
        weight=properties.integer("weight", 1, 1_000, default=1),
        location=_location(cloud, properties, resource),
        always_serve=properties.one_of("alwaysServe", {"enabled": True, "disabled": False}, False),
        headers=_headers(properties),
        geo_mapping=tuple(properties.texts("geoMapping")),
        subnets=tuple(tuple(one.items()) for one in properties.objects("subnets")),
    )
    return _Draft(endpoint, has_priority=priority is not None)


def _target(
    cloud: Cloud, properties: Body, kind: EndpointKind | None, name: str
) -> tuple[str, str | None]:
    """Return the endpoint's target and, for an Azure endpoint, the resource that it stands for."""
    if kind is EndpointKind.AZURE:
        resource = properties.text("targetResourceId") or ""
        return _azure_target(cloud, resource, name, properties.faults), resource
    target = (properties.text("target") or "").rstrip(".")
    if not _is_host(target):
        properties.faults.add(f"The target '{target}' of endpoint '{name}' is invalid.")
    return target, None


def _azure_target(cloud: Cloud, resource: str, name: str, faults: Faults) -> str:
    """Return the FQDN of the public IP address that an Azure endpoint names."""
    parts = read_id(resource)
    if parts is None:
        faults.add(f"The targetResourceId '{resource}' of endpoint '{name}' is invalid.")
        return ""
    subscription, group, kind, resource_name = parts
    if kind != "microsoft.network/publicipaddresses":
        raise arm_errors.not_emulated(f"An Azure endpoint on a resource of type {kind}")
    public_ip = cloud.public_ips.find(group, resource_name)
    if public_ip is None or subscription.lower() != cloud.subscription_id.lower():
        faults.add(f"The resource '{resource}' of endpoint '{name}' was not found.")
        return ""
    if public_ip.fqdn is None:
        faults.add(f"The public IP address of endpoint '{name}' must have a DNS name.")
        return ""
    return public_ip.fqdn


def _is_host(target: str) -> bool:
    if _address(target) is not None:
        return True
    try:
        wire.name_to_wire(target)
    except (ValueError, UnicodeError):
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", target))


def _address(target: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(target)
    except ValueError:
        return None


def _location(cloud: Cloud, properties: Body, resource: str | None) -> str | None:
    """Return the display name; an Azure endpoint's follows its resource and cannot be set."""
    if resource is not None:
        parts = read_id(resource)
        public_ip = cloud.public_ips.find(parts[1], parts[3]) if parts else None
        return display_name(public_ip.location) if public_ip else None
    location = properties.text("endpointLocation")
    if location is None:
        return None
    shown = display_name(location)
    if shown is None:
        properties.faults.add(f"The endpoint location '{location}' is invalid.")
    return shown


def _with_priorities(drafts: Sequence[_Draft], faults: Faults) -> list[Endpoint]:
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


def _first_twice(values: Sequence[object]) -> int | None:
    """Return the index of the first value that was there before."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            return index
        seen.add(value)
    return None


def _mixes_addresses(endpoints: Sequence[Endpoint]) -> bool:
    return len({_address(e.target) is not None for e in endpoints}) > 1
