"""Probe results to endpoint status to profile status; pure.

The rules are those of Microsoft's page on endpoint monitoring.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.cloud import Endpoint, EndpointKind, Profile
from emulator.rules import DEFAULT_RULES, Rules


class EndpointStatus(StrEnum):
    """ARM's endpointMonitorStatus."""

    CHECKING = "CheckingEndpoint"
    ONLINE = "Online"
    DEGRADED = "Degraded"
    DISABLED = "Disabled"
    INACTIVE = "Inactive"
    STOPPED = "Stopped"
    UNMONITORED = "Unmonitored"


class ProfileStatus(StrEnum):
    """ARM's profileMonitorStatus."""

    CHECKING = "CheckingEndpoints"
    ONLINE = "Online"
    DEGRADED = "Degraded"
    DISABLED = "Disabled"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True)
class ProbeHistory:
    """What one prober knows of one endpoint: its verdict, and its failures in a row."""

    is_healthy: bool | None = None
    failures: int = 0

    def after(self, *, succeeded: bool, tolerated_failures: int) -> "ProbeHistory":
        """Return the history after one more probe.

        One success restores at once; only more failures in a row than tolerated degrade. Before
        the first verdict, tolerated failures leave the endpoint in CheckingEndpoint.
        """
        if succeeded:
            return ProbeHistory(is_healthy=True)
        failures = self.failures + 1
        is_healthy = False if failures > tolerated_failures else self.is_healthy
        return ProbeHistory(is_healthy, failures)


def is_healthy(histories: Sequence[ProbeHistory], quorum: int | None = None) -> bool | None:
    """Return the probers' common verdict: failing when a quorum says so, None before any.

    The exact quorum is not published; more than half is the documents' word "majority".
    """
    verdicts = [h.is_healthy for h in histories]
    if verdicts.count(False) >= (quorum or len(verdicts) // 2 + 1):
        return False
    return True if True in verdicts else None


def status_without_probes(profile: Profile, endpoint: Endpoint) -> EndpointStatus | None:
    """Return the status that configuration alone decides, None when health does."""
    if not endpoint.enabled:
        return EndpointStatus.DISABLED
    if not profile.enabled:
        return EndpointStatus.INACTIVE
    if endpoint.always_serve and endpoint.kind is not EndpointKind.NESTED:
        return EndpointStatus.UNMONITORED
    return None


def endpoint_status(
    profile: Profile,
    endpoint: Endpoint,
    histories: Sequence[ProbeHistory],
    quorum: int | None = None,
) -> EndpointStatus:
    """Return what ARM shows for a probed endpoint; the first row of the table that matches."""
    decided = status_without_probes(profile, endpoint)
    if decided is not None:
        return decided
    verdict = is_healthy(histories, quorum)
    if verdict is None:
        return EndpointStatus.CHECKING
    return EndpointStatus.ONLINE if verdict else EndpointStatus.DEGRADED


_ROLL_UP = (
    (EndpointStatus.DEGRADED, ProfileStatus.DEGRADED),
    (EndpointStatus.ONLINE, ProfileStatus.ONLINE),
    (EndpointStatus.CHECKING, ProfileStatus.CHECKING),
)


def profile_status(
    profile: Profile, statuses: Iterable[EndpointStatus], rules: Rules = DEFAULT_RULES
) -> ProfileStatus:
    """Return what ARM shows for a profile: the first row of the roll-up that matches."""
    if not profile.enabled:
        return ProfileStatus.DISABLED
    seen = {counted(status, rules) for status in statuses}
    return next((rolled for one, rolled in _ROLL_UP if one in seen), ProfileStatus.INACTIVE)


def counted(status: EndpointStatus, rules: Rules) -> EndpointStatus:
    """Return what a status counts as: Unmonitored is not in the published tables (a switch)."""
    if status is EndpointStatus.UNMONITORED and rules.unmonitored_counts_as_online:
        return EndpointStatus.ONLINE
    return status


def is_probed(profile: Profile, endpoint: Endpoint) -> bool:
    """Whether Traffic Manager probes the endpoint; a nested one is its child's business."""
    if endpoint.kind is EndpointKind.NESTED:
        return False
    return profile.enabled and endpoint.enabled and not endpoint.always_serve
