"""The table of milestones: which series shows each, what of it proves the old and the new state.

A milestone is an instant in a drill, known as an interval between two samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from shared.core.evidence import FAILING, SERVING, SURVIVOR, UNDER_TEST
from shared.core.intervals import Interval
from shared.core.plan import FaultKind
from shared.core.requests import DOWN
from shared.core.samples import Instant


class Switch(StrEnum):
    """Away from the endpoint under test, or back to it."""

    FAILOVER = "failover"
    FAILBACK = "failback"


class Proof(StrEnum):
    """How a milestone is proved."""

    ACTION = "action"
    STATE = "state"
    STRETCH = "stretch"


class Row(NamedTuple):
    """One milestone: the series that shows it, and what of it proves the old and the new.

    What happens to machines ends and begins with the fault's undoing, whenever traffic returns.
    """

    name: str
    of: Switch
    proof: Proof
    series: str = ""
    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    is_of_machine: bool = False


def _states(*names: str) -> frozenset[str]:
    return frozenset(names)


_UP = _states(SERVING)
_SILENT = _states(FAILING)
_PRIMARY = _states(UNDER_TEST)
_AWAY = _states(SURVIVOR)
_OFF = _states("stopped", "deallocated")
_NOT_OFF = _states("running", "starting", "stopping", "deallocating")
_RUNNING = _states("running")
_NOT_RUNNING = DOWN | _states("starting")
_ONLINE = _states("Online")
_NOT_ONLINE = _states("Degraded", "CheckingEndpoint", "Disabled", "Inactive")
_SERVERS, _RESOLVERS = "dns/authoritative/", "dns/recursive/"

_REQUESTED = Row("faultRequested", Switch.FAILOVER, Proof.ACTION)
_WRITTEN = Row("faultEffective", Switch.FAILOVER, Proof.ACTION)
_STOPPED = (
    Row("faultEffective", Switch.FAILOVER, Proof.STATE, "health/", _UP, _SILENT, True),
    Row("vmStopped", Switch.FAILOVER, Proof.STATE, "power/", _NOT_OFF, _OFF, True),
)
_STARTED = (
    Row("vmRunning", Switch.FAILBACK, Proof.STATE, "power/", _NOT_RUNNING, _RUNNING, True),
    Row("endpointServing", Switch.FAILBACK, Proof.STATE, "health/", _SILENT, _UP, True),
)
_TRAFFIC_AWAY = (
    Row("authoritativeSwitched", Switch.FAILOVER, Proof.STATE, _SERVERS, _PRIMARY, _AWAY),
    Row("resolverSwitched", Switch.FAILOVER, Proof.STATE, _RESOLVERS, _PRIMARY, _AWAY),
    Row("clientOnSurvivor", Switch.FAILOVER, Proof.STRETCH, "client/"),
)
_RESTORED = Row("restoreRequested", Switch.FAILBACK, Proof.ACTION)
_TRAFFIC_BACK = (
    Row("endpointOnline", Switch.FAILBACK, Proof.STATE, "monitor/", _NOT_ONLINE, _ONLINE),
    Row("authoritativeBack", Switch.FAILBACK, Proof.STATE, _SERVERS, _AWAY, _PRIMARY),
    Row("resolverBack", Switch.FAILBACK, Proof.STATE, _RESOLVERS, _AWAY, _PRIMARY),
    Row("clientOnPrimary", Switch.FAILBACK, Proof.STRETCH, "client/"),
)


def _taken_out(status: str) -> Row:
    """Return the milestone of Traffic Manager leaving the endpoint out, as this status says."""
    return Row(
        "endpointDegraded", Switch.FAILOVER, Proof.STATE, "monitor/", _ONLINE, _states(status)
    )


def _of_setting(status: str) -> tuple[Row, ...]:
    """Return the milestones of a fault that is a write to ARM: it takes effect by itself."""
    away = (_REQUESTED, _WRITTEN, _taken_out(status), *_TRAFFIC_AWAY)
    return (*away, _RESTORED, *_TRAFFIC_BACK)


VM_ROWS = (
    _REQUESTED,
    *_STOPPED,
    _taken_out("Degraded"),
    *_TRAFFIC_AWAY,
    _RESTORED,
    *_STARTED,
    *_TRAFFIC_BACK,
)

ROWS: Mapping[FaultKind, tuple[Row, ...]] = {
    FaultKind.VM_POWER_OFF: VM_ROWS,
    FaultKind.VM_DEALLOCATE: VM_ROWS,
    FaultKind.ENDPOINT_DISABLE: _of_setting("Disabled"),
    FaultKind.PROBE_PATH: _of_setting("Degraded"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """An instant in a drill, known as an interval, with the ids of the two samples that prove it.

    A sample that there was none of is None: then the bound is the request before it.
    """

    name: str
    of: Switch
    vantage: str
    interval: Interval
    samples: tuple[str | None, str | None]
    is_proved_by_timeout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReached:
    """A milestone that was not seen; not before `not_before`, where samples tell."""

    name: str
    of: Switch
    vantage: str
    because: str
    not_before: Instant | None = None
    sample: str | None = None
    observed_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flap:
    """A milestone's new state that fell back to the old one, with the samples that show it."""

    name: str
    of: Switch
    vantage: str
    interval: Interval
    samples: tuple[str, str]
