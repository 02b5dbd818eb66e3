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
    """One milestone: the series that shows it, and what of it proves the old and the new."""

    name: str
    of: Switch
    proof: Proof
    series: str = ""
    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()


def _states(*names: str) -> frozenset[str]:
    return frozenset(names)


_UP = _states(SERVING)
_SILENT = _states(FAILING)
_PRIMARY = _states(UNDER_TEST)
_AWAY = _states(SURVIVOR)
_OFF = _states("stopped", "deallocated")
_NOT_OFF = _states("running", "starting", "stopping", "deallocating")
_ONLINE = _states("Online")
_DEGRADED = _states("Degraded")
_NOT_ONLINE = _states("Degraded", "CheckingEndpoint")

VM_ROWS = (
    Row("faultRequested", Switch.FAILOVER, Proof.ACTION),
    Row("faultEffective", Switch.FAILOVER, Proof.STATE, "health/", _UP, _SILENT),
    Row("vmStopped", Switch.FAILOVER, Proof.STATE, "power/", _NOT_OFF, _OFF),
    Row("endpointDegraded", Switch.FAILOVER, Proof.STATE, "monitor/", _ONLINE, _DEGRADED),
    Row(
        "authoritativeSwitched", Switch.FAILOVER, Proof.STATE, "dns/authoritative/", _PRIMARY, _AWAY
    ),
    Row("resolverSwitched", Switch.FAILOVER, Proof.STATE, "dns/recursive/", _PRIMARY, _AWAY),
    Row("clientOnSurvivor", Switch.FAILOVER, Proof.STRETCH, "client/"),
    Row("restoreRequested", Switch.FAILBACK, Proof.ACTION),
    Row(
        "vmRunning",
        Switch.FAILBACK,
        Proof.STATE,
        "power/",
        DOWN | _states("starting"),
        _states("running"),
    ),
    Row("endpointServing", Switch.FAILBACK, Proof.STATE, "health/", _SILENT, _UP),
    Row("endpointOnline", Switch.FAILBACK, Proof.STATE, "monitor/", _NOT_ONLINE, _ONLINE),
    Row("authoritativeBack", Switch.FAILBACK, Proof.STATE, "dns/authoritative/", _AWAY, _PRIMARY),
    Row("resolverBack", Switch.FAILBACK, Proof.STATE, "dns/recursive/", _AWAY, _PRIMARY),
    Row("clientOnPrimary", Switch.FAILBACK, Proof.STRETCH, "client/"),
)

ROWS: Mapping[FaultKind, tuple[Row, ...]] = {FaultKind.VM_POWER_OFF: VM_ROWS}


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
