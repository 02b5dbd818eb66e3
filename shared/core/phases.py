"""Where the time went: milestones in their path, each pair a phase time beside its promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.core.envelope import Envelope
from shared.core.intervals import Comparison, Elapsed, between, compare
from shared.core.milestones import Milestone, NotReached, Switch
from shared.core.model import Drill
from shared.core.seek import Milestones


class Step(NamedTuple):
    """A phase time: its name, and the milestone that ends it; the one before begins it."""

    name: str
    end: str


class Path(NamedTuple):
    """The way that a switch takes, from the first milestone on."""

    start: str
    steps: tuple[Step, ...]


PATHS: Mapping[Switch, Path] = {
    Switch.FAILOVER: Path(
        "faultEffective",
        (
            Step("detection", "endpointDegraded"),
            Step("dnsSwitch", "authoritativeSwitched"),
            Step("cacheDrain", "resolverSwitched"),
            Step("clientRecovery", "clientOnSurvivor"),
        ),
    ),
    Switch.FAILBACK: Path(
        "restoreRequested",
        (
            Step("boot", "endpointServing"),
            Step("reinstatement", "endpointOnline"),
            Step("dnsReturn", "authoritativeBack"),
            Step("cacheDrain", "resolverBack"),
            Step("clientReturn", "clientOnPrimary"),
        ),
    ),
}


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
    """How long a vantage took, counted from where its phase begins on the path."""

    milestone: Milestone
    since: str
    elapsed: Elapsed


@dataclass(frozen=True, slots=True)
class Journey:
    """One drill's milestones, seen along the two paths."""

    drill: Drill
    found: Milestones

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

        A failback that nobody of ours asked for counts from the machine running.
        """
        if of is Switch.FAILBACK and self.found.course.is_restored_by_others:
            return self.found.first("vmRunning")
        return self.point(PATHS[of].start)

    def end(self, of: Switch) -> Milestone | None:
        """Return where the path ends: the objective client, served by whom it should be."""
        return self.point(PATHS[of].steps[-1].end)

    def missing_end(self, of: Switch) -> NotReached | None:
        """Return why the path's end was not reached."""
        return self.missing(PATHS[of].steps[-1].end)

    def stuck_in(self, of: Switch) -> str | None:
        """Return the first phase whose end was not reached."""
        steps = PATHS[of].steps
        return next((step.name for step in steps if self.point(step.end) is None), None)

    def _vantage(self, name: str) -> str | None:
        if name.startswith("resolver"):
            return self.drill.snapshot.vantages.client_resolver
        return str(self.drill.plan.objective_client) if name.startswith("client") else None


def phase_times(journey: Journey, envelope: Envelope) -> list[PhaseTime]:
    """Return every phase time whose two milestones were reached."""
    times = []
    for of, path in PATHS.items():
        start = journey.start(of)
        for step in path.steps:
            end = journey.point(step.end)
            if start is not None and end is not None:
                times.append(
                    PhaseTime(
                        name=step.name,
                        of=of,
                        start=start,
                        end=end,
                        elapsed=between(start.interval, end.interval),
                        promised=envelope.promised(of, step.name),
                    )
                )
            start = end
    return times


BESIDE: Mapping[str, str] = {
    "authoritativeSwitched": "endpointDegraded",
    "resolverSwitched": "authoritativeSwitched",
    "clientOnSurvivor": "faultEffective",
    "authoritativeBack": "endpointOnline",
    "resolverBack": "authoritativeBack",
    "clientOnPrimary": "restoreRequested",
}


def beside(journey: Journey) -> list[Beside]:
    """Return how long every name server, resolver and client class took."""
    times = []
    for milestone in journey.found.reached:
        start = journey.point(BESIDE.get(milestone.name, ""))
        if start is not None:
            elapsed = between(start.interval, milestone.interval)
            times.append(Beside(milestone=milestone, since=start.name, elapsed=elapsed))
    return times


def total_time(journey: Journey, of: Switch) -> Elapsed | None:
    """Return the failover or failback time, from its own two milestones."""
    start, end = journey.start(of), journey.end(of)
    return between(start.interval, end.interval) if start and end else None
