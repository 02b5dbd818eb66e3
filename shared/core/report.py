"""The report of a drill: a pure function of the drill and its timeline, whenever it is computed."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.audit import Verified, verify
from shared.core.certificate_findings import of_certificates
from shared.core.client_findings import of_clients
from shared.core.clock_steps import on_one_clock
from shared.core.coverage import Coverage, cover
from shared.core.downtime import ClientDowntime, client_downtime
from shared.core.envelope import Envelope, envelope_of
from shared.core.evidence import Evidence
from shared.core.findings import Facts, Finding, chain_broken, clocks_set, find
from shared.core.intervals import Comparison, Elapsed, compare
from shared.core.milestones import Flap, Milestone, NotReached, Switch
from shared.core.model import Drill
from shared.core.phases import Beside, Journey, Paths, PhaseTime, beside, phase_times, promised
from shared.core.samples import Timeline, Transition
from shared.core.sampling_findings import of_sampling
from shared.core.seek import find_milestones, required_series
from shared.core.spared import kept_serving
from shared.core.verdict import Objective, objectives


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A total beside the envelope, and the phases that lie beyond their own bounds."""

    of: Switch
    observed: Elapsed
    promised: Elapsed
    phases: tuple[str, ...]

    @property
    def comparison(self) -> Comparison:
        """How the total compares with the promise."""
        return compare(self.observed, self.promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingError:
    """How wide the milestones' intervals are."""

    seconds_median: float
    seconds_max: float
    widest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a drill showed: verdicts, where the time went, how sure that is, what else to know."""

    drill: Drill
    paths: Paths
    why_no_failover: str
    objectives: tuple[Objective, ...]
    phases: tuple[PhaseTime, ...]
    beside: tuple[Beside, ...]
    milestones: tuple[Milestone, ...]
    not_reached: tuple[NotReached, ...]
    flaps: tuple[Flap, ...]
    client_downtime: tuple[ClientDowntime, ...]
    envelope: Envelope
    compared: tuple[Compared, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    sampling_error: SamplingError | None
    transitions: tuple[Transition, ...]
    audit: Verified


def build_report(drill: Drill, timeline: Timeline) -> Report:
    """Report a drill, closed or still running, from what was recorded of it and nothing else."""
    timeline = on_one_clock(timeline)
    evidence = Evidence(drill, timeline.samples, timeline.omitted, timeline.steps)
    found = find_milestones(evidence, timeline.actions, timeline.transitions)
    settings = envelope_of(drill.snapshot, drill.plan, is_held=found.course.is_held)
    return report_of(Journey(drill, found), evidence, settings, timeline)


def report_of(
    journey: Journey, evidence: Evidence, settings: Envelope, timeline: Timeline
) -> Report:
    """Report what was found, beside what the settings promise."""
    drill, found = journey.drill, journey.found
    times = tuple(phase_times(journey, settings))
    coverage = cover(evidence, required_series(evidence))
    kept = kept_serving(journey, evidence)
    audit = verify(drill.id, timeline.audit, drill.audit_head)
    judged = tuple(objectives(journey, times, coverage.gaps, kept))
    fault_since = found.course.fault_since
    since = drill.started_at if fault_since is None else fault_since
    facts = Facts(journey, evidence, coverage, times, kept)
    return Report(
        drill=drill,
        paths=journey.paths,
        why_no_failover=kept,
        objectives=judged,
        phases=times,
        beside=tuple(beside(journey)),
        milestones=tuple(found.reached),
        not_reached=tuple(found.not_reached),
        flaps=tuple(found.flaps),
        client_downtime=tuple(client_downtime(evidence, since)),
        envelope=settings.beside(_whole_failover(journey, judged, settings)),
        compared=tuple(_compare(journey, judged, times, settings)),
        findings=(
            *chain_broken(audit),
            *clocks_set(timeline.steps),
            *of_sampling(facts),
            *find(facts),
            *of_clients(facts),
            *of_certificates(facts),
        ),
        coverage=coverage,
        sampling_error=_sampling_error(found.reached),
        transitions=tuple(sorted(timeline.transitions, key=lambda t: (t.at, t.phase, t.reason))),
        audit=audit,
    )


def _compare(
    journey: Journey,
    judged: Iterable[Objective],
    times: tuple[PhaseTime, ...],
    settings: Envelope,
) -> Iterable[Compared]:
    for objective in judged:
        of, observed = objective.name, objective.elapsed
        if observed is not None:
            total = settings.total_of(of, [step.name for step in journey.paths[of].steps])
            own = [time for time in times if time.of is of]
            beyond = [t.name for t in own if t.comparison is not Comparison.WITHIN]
            yield Compared(
                of=of,
                observed=observed,
                promised=promised(journey, of, observed, total),
                phases=tuple(beyond),
            )


def _whole_failover(
    journey: Journey, judged: Iterable[Objective], settings: Envelope
) -> Elapsed | None:
    """Return the failover time as formulas mean it: from the fault on, if that was seen."""
    if len(journey.paths[Switch.FAILOVER].steps) < len(settings.failover):
        return None
    return next(each.elapsed for each in judged if each.name is Switch.FAILOVER)


def _sampling_error(milestones: Iterable[Milestone]) -> SamplingError | None:
    widths = sorted((m.interval.width_seconds, m.name, m.vantage) for m in milestones)
    if not widths:
        return None
    widest = widths[-1]
    return SamplingError(
        seconds_median=widths[(len(widths) - 1) // 2][0],
        seconds_max=widest[0],
        widest=f"{widest[1]} at {widest[2]}",
    )
