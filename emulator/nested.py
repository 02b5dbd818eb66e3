"""Nested endpoints: a child profile's statuses to its parent's endpoint status; pure.

The rules are those of Microsoft's pages on nested profiles and on endpoint monitoring.
"""

import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.cloud import Endpoint, Profile
from emulator.monitor import (
    EndpointStatus,
    ProfileStatus,
    counted,
    profile_status,
    status_without_probes,
)
from emulator.rules import DEFAULT_RULES, Rules

LEVELS_MAX = 10
_IPV4, _IPV6 = 4, 6


@dataclass(frozen=True, slots=True)
class Child:
    """A child profile and the statuses of its endpoints, by their keys."""

    profile: Profile
    statuses: Mapping[str, EndpointStatus]


def nested_status(
    profile: Profile, endpoint: Endpoint, child: Child | None, rules: Rules = DEFAULT_RULES
) -> EndpointStatus:
    """Return what ARM shows for a nested endpoint; a child that is gone counts as Stopped."""
    decided = status_without_probes(profile, endpoint)
    if decided is not None:
        return decided
    if child is None:
        return EndpointStatus.STOPPED
    rolled_up = profile_status(child.profile, child.statuses.values(), rules)
    if rolled_up in (ProfileStatus.DISABLED, ProfileStatus.INACTIVE):
        return EndpointStatus.STOPPED
    if _has_enough(endpoint, child, {EndpointStatus.ONLINE}, rules):
        return EndpointStatus.ONLINE
    if _has_enough(endpoint, child, {EndpointStatus.ONLINE, EndpointStatus.CHECKING}, rules):
        return EndpointStatus.CHECKING
    return EndpointStatus.DEGRADED


def _has_enough(endpoint: Endpoint, child: Child, good: set[EndpointStatus], rules: Rules) -> bool:
    """Whether all three minimums are met by the child's endpoints with these statuses.

    The twins for IPv4 and IPv6 count endpoints by address of that family: a DNS name has neither
    record type.
    """
    families = [
        _family(e.target)
        for e in child.profile.endpoints
        if counted(child.statuses[e.key], rules) in good
    ]
    return (
        len(families) >= (endpoint.min_child_endpoints or 1)
        and families.count(_IPV4) >= (endpoint.min_child_endpoints_ipv4 or 0)
        and families.count(_IPV6) >= (endpoint.min_child_endpoints_ipv6 or 0)
    )


@functools.lru_cache(maxsize=10_000)
def _family(target: str) -> int | None:
    try:
        return ipaddress.ip_address(target).version
    except ValueError:
        return None
