"""What must hold between the endpoints of a profile, and between nested profiles.

Texts marked recorded are the service's own; the others are ours (profile_reading.py).
"""

import ipaddress
from collections.abc import Iterator, Sequence
from itertools import pairwise

from emulator.body import Faults
from emulator.cloud import Cloud, Endpoint, EndpointKind, Profile, RoutingMethod

ENDPOINTS_MAX = 200
_LEVELS_MAX = 10  # of nesting, the outermost profile included
_RECORD_TYPES = {"A": 4, "AAAA": 6}


def check_profile(cloud: Cloud, profile: Profile, faults: Faults) -> None:
    """Find what is wrong between a profile's endpoints."""
    _check_uniqueness(profile.endpoints, faults)
    if len(profile.endpoints) > ENDPOINTS_MAX:
        faults.add(f"A profile can have at most {ENDPOINTS_MAX} endpoints.")
    if profile.method is not RoutingMethod.MULTI_VALUE and _mixes_addresses(profile.endpoints):
        faults.add("Endpoints by DNS name and by IP address cannot be mixed in this profile.")
    if profile.method is RoutingMethod.PERFORMANCE:
        faults.add_all(
            f"The location must be specified for endpoint '{e.name}' of a profile with the "
            "'Performance' routing method."
            for e in profile.endpoints
            if e.location is None
        )
    if profile.method is RoutingMethod.GEOGRAPHIC:
        _check_geography(profile.endpoints, faults)
    _check_subnets(profile.endpoints, faults)
    _check_record_type(profile, faults)
    _check_nesting(cloud, profile, faults)


def _check_uniqueness(endpoints: Sequence[Endpoint], faults: Faults) -> None:
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


def _check_geography(endpoints: Sequence[Endpoint], faults: Faults) -> None:
    """Every endpoint needs regions, and a region belongs to one endpoint."""
    faults.add_all(
        f"The endpoint '{e.name}' of a profile with the 'Geographic' routing method must have at "
        "least one region in 'geoMapping'."
        for e in endpoints
        if not e.geo_mapping
    )
    regions = [region.upper() for e in endpoints for region in e.geo_mapping]
    clash = _first_twice(regions)
    if clash is not None:
        faults.add(f"The region '{regions[clash]}' is mapped to more than one endpoint.")


def _check_subnets(endpoints: Sequence[Endpoint], faults: Faults) -> None:
    """No address may lead to two endpoints."""
    ranges = sorted(r for e in endpoints for r in _ranges(e))
    for before, after in pairwise(ranges):
        if before[0] == after[0] and after[1] <= before[2]:
            faults.add(f"The subnets of endpoints '{before[3]}' and '{after[3]}' must not overlap.")


def _ranges(endpoint: Endpoint) -> Iterator[tuple[int, int, int, str]]:
    """Return each subnet as family, first and last address, and the endpoint's name."""
    for subnet in endpoint.subnets:
        bounds = subnet_bounds(dict(subnet))
        if bounds is not None:
            yield (*bounds, endpoint.name)


def subnet_bounds(subnet: dict[str, object]) -> tuple[int, int, int] | None:
    """Return a subnet's family, first and last address; None when it is no subnet."""
    try:
        first = ipaddress.ip_address(str(subnet.get("first")))
        if subnet.get("scope") is not None:
            network = ipaddress.ip_network(f"{first}/{subnet['scope']}", strict=False)
            return first.version, int(network.network_address), int(network.broadcast_address)
        last = ipaddress.ip_address(str(subnet.get("last")))
    except ValueError:
        return None
    if first.version != last.version or int(last) < int(first):
        return None
    return first.version, int(first), int(last)


def _check_record_type(profile: Profile, faults: Faults) -> None:
    """A strictly typed profile has endpoints of its type only."""
    if profile.record_type is None:
        return
    version = _RECORD_TYPES.get(profile.record_type)
    for endpoint in profile.endpoints:
        address = as_address(endpoint.target)
        if (address.version if address else None) != version:
            faults.add(
                f"The endpoint '{endpoint.name}' does not match the RecordType "
                f"'{profile.record_type}' of the profile."
            )


def _check_nesting(cloud: Cloud, profile: Profile, faults: Faults) -> None:
    """No loops, at most ten levels, and nothing nested under MultiValue."""
    nested = [e for e in profile.endpoints if e.kind is EndpointKind.NESTED]
    if nested and profile.method is RoutingMethod.MULTI_VALUE:
        faults.add("A profile with the 'MultiValue' routing method cannot have nested endpoints.")
    for endpoint in nested:
        child = cloud.child_of(endpoint)
        below = {child.key} | _descendants(cloud, child) if child is not None else set()
        if profile.key in below:
            faults.add(f"The nested endpoint '{endpoint.name}' would make a loop of profiles.")
        elif child is not None and _depth(cloud, child) + _height(cloud, profile) > _LEVELS_MAX:
            faults.add(f"Profiles can be nested at most {_LEVELS_MAX} levels deep.")


def _descendants(cloud: Cloud, profile: Profile) -> set[str]:
    """Return the keys of all profiles below this one."""
    found: set[str] = set()
    waiting = [profile]
    while waiting:
        for endpoint in waiting.pop().endpoints:
            child = cloud.child_of(endpoint)
            if child is not None and child.key not in found:
                found.add(child.key)
                waiting.append(child)
    return found


def _depth(cloud: Cloud, profile: Profile) -> int:
    """Return how many levels there are from this profile down, itself included.

    What is stored has no loops and few levels: both are checked before anything is.
    """
    children = [c for c in map(cloud.child_of, profile.endpoints) if c is not None]
    return 1 + max((_depth(cloud, child) for child in children), default=0)


def _height(cloud: Cloud, profile: Profile) -> int:
    """Return how many levels there are from the outermost profile to this one, itself included."""
    parents = cloud.parents_of(profile)
    return 1 + max((_height(cloud, parent) for parent in parents), default=0)


def as_address(target: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a target is, None for a name."""
    try:
        return ipaddress.ip_address(target)
    except ValueError:
        return None


def _mixes_addresses(endpoints: Sequence[Endpoint]) -> bool:
    """Whether some targets are names and others addresses."""
    return len({as_address(e.target) is not None for e in endpoints}) > 1


def _first_twice(values: Sequence[object]) -> int | None:
    """Return the index of the first value that was there before."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            return index
        seen.add(value)
    return None
