"""An unplanned failover reported as a drill is: the same search in the same kinds of samples. Pure.

Nobody asked for it, so there is no request to count from: the way there begins where the endpoint
is first known to fail, the way back where it is first known to be well again. What failed is known
only by what that did. Bounds are as wide as the baseline's interval.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.core.baseline import Configuration, as_drill
from shared.core.course import Course, Turn
from shared.core.envelope import Envelope, Formula, Promise, envelope_of
from shared.core.evidence import FAILING, SURVIVOR, Evidence
from shared.core.intervals import MS_PER_SECOND, Elapsed
from shared.core.milestones import VM_ROWS, Proof, Row, Switch
from shared.core.model import Drill, Phase
from shared.core.phases import Journey, Path, Paths, Step, paths_of
from shared.core.plan import DAY_SECONDS, FaultKind
from shared.core.report import Report, report_of
from shared.core.samples import Instant, Sample, Timeline
from shared.core.seek import Milestones, seek_rows
from shared.core.unplanned import Failover

AROUND_INTERVALS = 10
"""How many intervals before and after it belong to a failover's report: detection takes some."""
LEFT_OUT = frozenset({"Degraded", "Disabled", "Inactive", "Stopped"})
"""What Traffic Manager says of an endpoint that it leaves out."""
HEALTH, MONITOR, SERVERS = "health/", "monitor/", "dns/authoritative/"
DOWN, AWAY = frozenset({FAILING}), frozenset({SURVIVOR})
NOT_ONLINE = LEFT_OUT | {"CheckingEndpoint"}


def period(failover: Failover, interval_seconds: int) -> tuple[Instant, Instant | None]:
    """Return from when to when samples belong to a failover's report; None: to the newest."""
    around_ms = AROUND_INTERVALS * interval_seconds * MS_PER_SECOND
    back = failover.returned
    return failover.left.after - around_ms, None if back is None else back.not_after + around_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A failover, and what it is judged by; without an RTO the verdicts mean nothing."""

    failover: Failover
    configuration: Configuration
    rto_seconds: int | None = None


def around(case: Case, samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return what of a baseline a failover's report is made from."""
    since, until = period(case.failover, case.configuration.interval_seconds)
    return tuple(
        s for s in samples if since <= s.asked_at and (until is None or s.asked_at < until)
    )


def report_failover(case: Case, samples: Iterable[Sample]) -> Report:
    """Report a failover from the baseline's samples around it and nothing else."""
    since, until = period(case.failover, case.configuration.interval_seconds)
    seen = around(case, samples)
    drill = _drill(case, until or max((s.answered_at for s in seen), default=since))
    evidence = Evidence(drill, seen)
    found = _found(case.failover, evidence, since)
    journey = Journey(drill, found, _paths(found))
    return report_of(journey, evidence, _envelope(drill), Timeline(samples=seen))


def _drill(case: Case, until: Instant) -> Drill:
    """Return the drill that it would have been."""
    since = case.failover.left.after
    rto_seconds = case.rto_seconds or DAY_SECONDS
    return replace(
        as_drill(case.configuration, rto_seconds),
        id=case.failover.id,
        endpoint=case.failover.endpoint,
        phase=Phase.CLOSED,
        phase_since=since,
        started_at=since,
        closed_at=until,
    )


# -- milestones ----------------------------------------------------------------------------------


def _row(row: Row) -> Row:
    is_exclusion = row.name == "endpointDegraded"
    return row._replace(new=LEFT_OUT) if is_exclusion else row


ROWS = tuple(_row(r) for r in VM_ROWS if r.proof is not Proof.ACTION and r.series != "power/")
"""Of all milestones those that need no request, and no look at a machine."""


@dataclass(frozen=True, slots=True)
class _Course(Course):
    """Where milestones are sought of what nobody asked for: by what samples show of its end."""

    begin: Instant = 0
    end: Instant | None = None

    @property
    def fault_since(self) -> Instant:
        """Before, all was well."""
        return self.begin

    @property
    def mend_since(self) -> Instant | None:
        """The last proof that it was not mended."""
        return self.end

    @property
    def back_since(self) -> Instant | None:
        """Likewise."""
        return self.end


def _found(failover: Failover, evidence: Evidence, since: Instant) -> Milestones:
    """Find every milestone; what each is the end of is over at a time of its own."""
    found = Milestones(_course(since, failover.returned and failover.returned.after))
    for row in ROWS:
        part = seek_rows(evidence, _course(since, _over_at(failover, evidence, row)), (row,))
        found.reached += part.reached
        found.not_reached += part.not_reached
        found.flaps += part.flaps
    return found


def _course(since: Instant, until: Instant | None) -> _Course:
    return _Course(None, Turn(), Turn(), begin=since, end=until)


def _over_at(failover: Failover, evidence: Evidence, row: Row) -> Instant | None:
    """Return right after the last proof of what a milestone ends or begins; None: not over.

    Neither resolvers nor clients come back before a name server does. Of several servers the first
    to come back bounds the way back, and the last one the way there.
    """
    if row.series == HEALTH:
        return _last(failover, evidence, f"{HEALTH}{failover.endpoint}", DOWN)
    status = _last(failover, evidence, f"{MONITOR}{failover.endpoint}", NOT_ONLINE)
    if row.series == MONITOR and status is not None:
        return status
    if failover.returned is None:
        return None
    servers = [f"{SERVERS}{server}" for server in evidence.below(SERVERS)]
    ends = [_last(failover, evidence, server, AWAY) for server in servers]
    known = [end for end in ends if end is not None] or [failover.returned.after + 1]
    return max(known) if row.of is Switch.FAILOVER else min(known)


def _last(
    failover: Failover, evidence: Evidence, series: str, states: frozenset[str]
) -> Instant | None:
    """Return right after the last sample that proves one of the states, before the return."""
    back = failover.returned
    proofs = [
        sample.asked_at + 1
        for sample, state in evidence.readings(series)
        if state in states and (back is None or sample.asked_at < back.not_after)
    ]
    return max(proofs, default=None)


# -- paths and promises --------------------------------------------------------------------------

STARTED = {
    "faultEffective": "the endpoint stopped answering",
    "endpointDegraded": "Traffic Manager left the endpoint out",
    "authoritativeSwitched": "a name server named a survivor",
    "endpointServing": "the endpoint answered again",
    "endpointOnline": "the endpoint was Online again",
    "authoritativeBack": "a name server named the endpoint again",
}

OURS = "[N * I, (N + 1) * I + T] + [0, L] + [0, sampling]"
"""How the failover is computed, whatever the probes ran into."""


def _paths(found: Milestones) -> Paths:
    """Return both ways, each from the first milestone on it that was reached."""
    usual = paths_of(FaultKind.VM_POWER_OFF, is_held=False)
    there = usual[Switch.FAILOVER]
    boot, *back = usual[Switch.FAILBACK].steps
    return {
        Switch.FAILOVER: _from_first(found, there.start, there.steps),
        Switch.FAILBACK: _from_first(found, boot.end, tuple(back)),
    }


def _from_first(found: Milestones, start: str, steps: tuple[Step, ...]) -> Path:
    names = (start, *(step.end for step in steps))
    reached = [at for at, name in enumerate(names) if name in STARTED and found.first(name)]
    first = reached[0] if reached else 0
    return Path(names[first], STARTED[names[first]], steps[first:])


def _envelope(drill: Drill) -> Envelope:
    """Return what the settings promise, whether the endpoint was silent or refused."""
    usual = envelope_of(drill.snapshot, drill.plan)
    monitor = drill.snapshot.monitor
    refused = float(monitor.tolerated_failures * monitor.interval_seconds)
    silent = refused + monitor.interval_seconds + monitor.timeout_seconds
    detection = Promise("detection", Elapsed(refused, silent))
    others = tuple(each for each in usual.failover if each.name != detection.name)
    whole = replace(usual, failover=(detection, *others))
    ours = Formula("switchback", OURS, whole.failover_total)
    return replace(whole, formulas=(*usual.formulas[:-1], ours))
