"""ARM bodies to endpoints: targets looked up, locations normalised, every fault told at once.

Texts marked recorded are the service's own; the others are ours (profile_reading.py).
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TypedDict

from emulator import arm_errors, geography, wire
from emulator.body import Body, Faults
from emulator.cloud import Cloud, Endpoint, EndpointKind
from emulator.ids import PROFILE_TYPE, read_id
from emulator.profile_checks import as_address, subnet_bounds
from emulator.regions import display_name

TYPES = {f"{PROFILE_TYPE}/{kind.value}".lower(): kind for kind in EndpointKind}
_ENDPOINT_NAME_MAX = 260
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "::/128", "fc00::/7", "fe80::/10"),
    )
)
_HEADERS_MAX = 8
_CHILDREN_MAX = 200  # no profile has more endpoints
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALID_TYPES = ", ".join(f"'{PROFILE_TYPE}/{kind.value}'" for kind in EndpointKind)


@dataclass(slots=True)
class Draft:
    """An endpoint whose priority may still be missing."""

    endpoint: Endpoint
    has_priority: bool = field(default=True)


def invalid_type(kind: str, name: str) -> str:
    """Return what the service says of an endpoint type that does not exist."""
    return (  # recorded
        f"The type '{kind}' specified for endpoint '{name}' is invalid. "
        f"Valid endpoint types are: {_VALID_TYPES}."
    )


def read_draft(cloud: Cloud, entry: Body) -> Draft:
    """Read one endpoint; unreadable ones stand in as external endpoints beside their faults."""
    name, kind_text = entry.text("name") or "", entry.text("type")
    if not name.strip() or len(name) > _ENDPOINT_NAME_MAX:
        entry.faults.add(  # recorded
            f"Endpoint name '{name}' is invalid. Endpoint names cannot be empty or all whitespace, "
            "and must be up to 260 alphanumeric characters long."
        )
    kind = TYPES.get((kind_text or "").lower())
    if kind is None:
        entry.faults.add(invalid_type(kind_text or "<null>", name or "<null>"))
    if "properties" not in entry.json:
        entry.faults.add(f"Please specify properties for endpoint '{name}'")  # recorded
    properties = entry.section("properties")
    priority = properties.optional_integer("priority", 1, 1_000)
    target, resource = _target(cloud, properties, kind, name)
    endpoint = Endpoint(
        name=name,
        kind=kind or EndpointKind.EXTERNAL,
        enabled=is_enabled(properties, "endpointStatus"),
        target=target,
        target_resource_id=resource,
        priority=priority or 0,
        weight=properties.integer("weight", 1, 1_000, default=1),
        location=_location(cloud, properties, kind, resource),
        always_serve=properties.one_of("alwaysServe", {"enabled": True, "disabled": False}, False),
        headers=read_headers(properties),
        geo_mapping=_geo_mapping(properties),
        subnets=_subnets(properties),
        **_minimums(properties, kind),
    )
    if kind is EndpointKind.NESTED and endpoint.always_serve:
        entry.faults.add(f"alwaysServe cannot be enabled for the nested endpoint '{name}'.")
    return Draft(endpoint, has_priority=priority is not None)


class _Minimums(TypedDict):
    min_child_endpoints: int | None
    min_child_endpoints_ipv4: int | None
    min_child_endpoints_ipv6: int | None


def _minimums(properties: Body, kind: EndpointKind | None) -> _Minimums:
    """Return how many of its child's endpoints a nested endpoint needs; others need none."""
    is_nested = kind is EndpointKind.NESTED
    least = properties.optional_integer("minChildEndpoints", 1, _CHILDREN_MAX)
    ipv4 = properties.optional_integer("minChildEndpointsIPv4", 0, _CHILDREN_MAX)
    ipv6 = properties.optional_integer("minChildEndpointsIPv6", 0, _CHILDREN_MAX)
    if not is_nested and (least, ipv4, ipv6) != (None, None, None):
        properties.faults.add("Minimum child endpoints can be set for nested endpoints only.")
    return {
        "min_child_endpoints": (least or 1) if is_nested else None,
        "min_child_endpoints_ipv4": ipv4,
        "min_child_endpoints_ipv6": ipv6,
    }


def _target(
    cloud: Cloud, properties: Body, kind: EndpointKind | None, name: str
) -> tuple[str, str | None]:
    """Return the endpoint's target and, for an Azure endpoint, the resource that it stands for."""
    if kind in (EndpointKind.AZURE, EndpointKind.NESTED):
        resource = properties.text("targetResourceId") or ""
        find = _azure_target if kind is EndpointKind.AZURE else _nested_target
        return find(cloud, resource, name, properties.faults), resource
    target = (properties.text("target") or "").rstrip(".")
    if not _is_host(target):
        properties.faults.add(f"The target '{target}' of endpoint '{name}' is invalid.")
    elif _is_private(target):
        properties.faults.add(f"The target '{target}' of endpoint '{name}' is no public address.")
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


def _nested_target(cloud: Cloud, resource: str, name: str, faults: Faults) -> str:
    """Return the FQDN of the profile that a nested endpoint names."""
    subscription, group, kind, resource_name = read_id(resource) or ("", "", "", "")
    if kind != PROFILE_TYPE.lower():
        faults.add(f"The targetResourceId '{resource}' of endpoint '{name}' is invalid.")
        return ""
    child = cloud.profiles.find(group, resource_name)
    if child is None or subscription.lower() != cloud.subscription_id.lower():
        faults.add(f"The resource '{resource}' of endpoint '{name}' was not found.")
        return ""
    return child.fqdn


def _is_host(target: str) -> bool:
    if as_address(target) is not None:
        return True
    try:
        wire.name_to_wire(target)
    except (ValueError, UnicodeError):
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", target))


def _is_private(target: str) -> bool:
    """Whether the internet cannot reach an address; loopback stands for public ones here."""
    address = as_address(target)
    if address is None:
        return False
    return address.is_multicast or any(address in network for network in _PRIVATE)


def _geo_mapping(properties: Body) -> tuple[str, ...]:
    found = properties.texts("geoMapping")
    for unknown in [region for region in found if region.upper() not in geography.codes()]:
        properties.faults.add(f"The region '{unknown}' in 'geoMapping' is invalid.")
    return tuple(found)


def _subnets(properties: Body) -> tuple[tuple[tuple[str, object], ...], ...]:
    found = properties.objects("subnets")
    for subnet in found:
        if subnet_bounds(dict(subnet)) is None:
            properties.faults.add(f"The subnet '{subnet.get('first')}' is invalid.")
    return tuple(tuple(one.items()) for one in found)


def _location(
    cloud: Cloud, properties: Body, kind: EndpointKind | None, resource: str | None
) -> str | None:
    """Return the display name; an Azure endpoint's follows its resource and cannot be set."""
    if kind is EndpointKind.AZURE and resource is not None:
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


def is_enabled(body: Body, key: str) -> bool:
    """Whether a status member says Enabled, which is its default."""
    return body.one_of(key, {"enabled": True, "disabled": False}, default=True)


def read_headers(body: Body) -> tuple[tuple[str, str], ...]:
    """Return customHeaders as pairs."""
    found = []
    for entry in body.objects("customHeaders"):
        one = Body(entry, body.faults)
        name, value = one.text("name") or "", one.text("value") or ""
        is_wildcard = name.lower() == "host" and "*" in value
        if not _HEADER_NAME.fullmatch(name) or "\n" in value or "\r" in value or is_wildcard:
            body.faults.add(f"The custom header '{name}' is invalid.")
        found.append((name, value))
    if len(found) > _HEADERS_MAX:
        body.faults.add(f"At most {_HEADERS_MAX} custom headers can be set.")
    return tuple(found)
