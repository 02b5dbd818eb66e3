"""Where the time went: milestones in their path, each pair a phase time beside its promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.core.envelope import Envelope
from shared.core.intervals import Comparison, Elapsed, between, compare
from shared.core.milestones import Milestone, NotReached, Switch
from shared.core.model import Drill
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.seek import Milestones


class Step(NamedTuple):
    """A phase time: its name, and the milestone that ends it; the one before begins it."""

    name: str
    end: str


class Path(NamedTuple):
    """The way that a switch takes, from the first milestone on; `started` says what that is."""

    start: str
    started: str
    steps: tuple[Step, ...]


Paths = Mapping[Switch, Path]

_FAILOVER = Path(
    "faultEffective",
    "the fault took effect",
    (
        Step("detection", "endpointDegraded"),
        Step("dnsSwitch", "authoritativeSwitched"),
        Step("cacheDrain", "resolverSwitched"),
        Step("clientRecovery", "clientOnSurvivor"),
    ),
)
_BOOT = Step("boot", "endpointServing")
_RETURN = (
    Step("reinstatement", "endpointOnline"),
    Step("dnsReturn", "authoritativeBack"),
    Step("cacheDrain", "resolverBack"),
    Step("clientReturn", "clientOnPrimary"),
)
RESTORE = "restoreRequested"


def paths_of(fault: FaultKind, *, is_held: bool) -> Paths:
    """Return both ways; where the failback is held, machines boot before the way back begins."""
    if is_held:
        back = Path(RESTORE, "the failback was released", _RETURN)
    else:
        boot = (_BOOT,) if fault in VM_FAULTS else ()
        back = Path(RESTORE, "the restore was requested", (*boot, *_RETURN))
    return {Switch.FAILOVER: _FAILOVER, Switch.FAILBACK: back}


BY_OTHERS: Mapping[str, str] = {
    "vmRunning": "the machine ran again",
    "endpointOnline": "the endpoint was Online again",
    "endpointEnabled": "the endpoint was enabled",
}
"""Where a failback begins that nobody of ours asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """The time between two milestones, and what the settings promise for it."""

    name: str
    of: Switch
    start: Milestone
    end: Milestone
    elapsed: Elapsed
    promised: Elapsed

    @property
    def comparison(self) -> Comparison:
        """How it compares with the promise, whatever its truth within the bounds."""
        return compare(self.elapsed, self.promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How long a vantage took, counted from where its phase begins on the path.

    It goes by its milestone's name; what is a phase on another path, by that phase's.
    """

    name: str
    milestone: Milestone
    since: str
    elapsed: Elapsed


@dataclass(frozen=True, slots=True)
class Journey:
    """One drill's milestones, seen along the two paths."""

    drill: Drill
    found: Milestones
    ways: Paths | None = None

    @property
    def paths(self) -> Paths:
        """The ways that its switches take; where none are given, those of the kind of fault."""
        return self.ways or paths_of(self.drill.plan.fault, is_held=self.found.course.is_held)

    def point(self, name: str) -> Milestone | None:
        """Return the milestone that the path goes through.

        Of several name servers the first to switch, of resolvers and clients the objective's own.
        """
        vantage = self._vantage(name)
        return self.found.first(name) if vantage is None else self.found.at(name, vantage)

    def missing(self, name: str) -> NotReached | None:
        """Return why the path's milestone was not reached."""
        return self.found.missing(name, self._vantage(name))

    def start(self, of: Switch) -> Milestone | None:
        """Return where the path begins.

        A failback that nobody of ours asked for counts from where it was first seen.
        """
        if of is Switch.FAILBACK and self.found.course.is_restored_by_others:
            return self._first_seen_back()
        return self.point(self.paths[of].start)

    def started(self, milestone: Milestone) -> str:
        """Return in words where a path begins."""
        path = self.paths[milestone.of]
        return path.started if milestone.name == path.start else BY_OTHERS[milestone.name]

    def end(self, of: Switch) -> Milestone | None:
        """Return where the path ends: the objective client, served by whom it should be."""
        return self.point(self.paths[of].steps[-1].end)

    def missing_end(self, of: Switch) -> NotReached | None:
        """Return why the path's end was not reached."""
        return self.missing(self.paths[of].steps[-1].end)

    def stuck_in(self, of: Switch) -> str | None:
        """Return the first phase whose end was not reached."""
        steps = self.paths[of].steps
        return next((step.name for step in steps if self.point(step.end) is None), None)

    @property
    def is_released_early(self) -> bool:
        """A held failback was released before the fault behind the endpoint was undone."""
        course, serving = self.found.course, self.point("endpointServing")
        if not course.is_held or course.back_since is None:
            return False
        if self.drill.plan.fault in VM_FAULTS:
            return serving is None or serving.interval.not_after > course.back_since
        request = course.mend.request
        done_at = request.accepted_at if request else course.mend_since
        return done_at is None or done_at > course.back_since

    def _first_seen_back(self) -> Milestone | None:
        course, fault = self.found.course, self.drill.plan.fault
        unasked = course.restore.unasked
        if unasked is None or (fault in VM_FAULTS and not course.is_held):
            return self.found.first("vmRunning")
        if fault is FaultKind.PROBE_PATH and not course.is_held:
            return self.found.first("endpointOnline")
        return Milestone(
            name="endpointEnabled",
            of=Switch.FAILBACK,
            vantage=unasked.vantage,
            interval=unasked.interval,
            samples=unasked.samples,
        )

    def _vantage(self, name: str) -> str | None:
        if name.startswith("resolver"):
            return self.drill.snapshot.vantages.client_resolver
        return str(self.drill.plan.objective_client) if name.startswith("client") else None


def phase_times(journey: Journey, envelope: Envelope) -> list[PhaseTime]:
    """Return every phase time whose two milestones were reached."""
    times = []
    for of, path in journey.paths.items():
        start = journey.start(of)
        for step in path.steps:
            end = journey.point(step.end)
            if start is not None and end is not None and end is not start:
                elapsed = between(start.interval, end.interval)
                times.append(
                    PhaseTime(
                        name=step.name,
                        of=of,
                        start=start,
                        end=end,
                        elapsed=elapsed,
                        promised=promised(journey, of, elapsed, envelope.promised(of, step.name)),
                    )
                )
            start = end
    return times


def promised(journey: Journey, of: Switch, elapsed: Elapsed, usual: Elapsed) -> Elapsed:
    """Return what the settings promise: nothing of a failback released before all was whole."""
    if of is Switch.FAILOVER or not journey.is_released_early:
        return usual
    return Elapsed(min(usual.seconds_min, elapsed.seconds_min), None)


BESIDE: Mapping[str, str] = {
    "authoritativeSwitched": "endpointDegraded",
    "resolverSwitched": "authoritativeSwitched",
    "clientOnSurvivor": "faultEffective",
    "authoritativeBack": "endpointOnline",
    "resolverBack": "authoritativeBack",
    "clientOnPrimary": RESTORE,
}


def beside(journey: Journey) -> list[Beside]:
    """Return how long every name server, resolver and client class took."""
    times = []
    for milestone in journey.found.reached:
        boot = _boot(journey, milestone)
        if boot is not None:
            times.append(boot)
        start = journey.point(BESIDE.get(milestone.name, ""))
        if start is not None:
            elapsed = between(start.interval, milestone.interval)
            times.append(
                Beside(name=milestone.name, milestone=milestone, since=start.name, elapsed=elapsed)
            )
    return times


def _boot(journey: Journey, milestone: Milestone) -> Beside | None:
    """Return how long machines took to serve again behind a failback that is held."""
    course = journey.found.course
    request = course.mend.request
    if milestone.name != _BOOT.end or not course.is_held or request is None:
        return None
    if request.interval is None:
        return None
    elapsed = between(request.interval, milestone.interval)
    return Beside(name=_BOOT.name, milestone=milestone, since="startRequested", elapsed=elapsed)


def total_time(journey: Journey, of: Switch) -> Elapsed | None:
    """Return the failover or failback time, from its own two milestones."""
    start, end = journey.start(of), journey.end(of)
    return between(start.interval, end.interval) if start and end else None
