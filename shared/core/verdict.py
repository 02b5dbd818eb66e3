"""Whether a promise was kept, and why one may say so: one sentence with phase, bound and proof.

Nothing is decided by silence. What sampling leaves open is inconclusive, with what sampling could
have decided it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.core.intervals import (
    Comparison,
    Elapsed,
    Interval,
    Verdict,
    at_least,
    between,
    in_words,
    judge,
)
from shared.core.milestones import Milestone, NotReached, Switch
from shared.core.model import Phase
from shared.core.phases import Journey, PhaseTime, total_time
from shared.core.samples import rfc3339
from shared.core.slots import Gap

REACHED = {
    Switch.FAILOVER: "on a survivor",
    Switch.FAILBACK: "back on the primary",
}
NOTHING = {
    Switch.FAILOVER: "there was no failover",
    Switch.FAILBACK: "there was nothing to fail back from",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise, what was measured of it, and the verdict."""

    name: Switch
    rto_seconds: int
    elapsed: Elapsed | None
    verdict: Verdict
    because: str
    since_request: Elapsed | None


@dataclass(frozen=True, slots=True)
class Case:
    """All that one objective is judged by."""

    journey: Journey
    of: Switch
    phases: Sequence[PhaseTime]
    gaps: Sequence[Gap]
    kept_serving: str

    @property
    def rto_seconds(self) -> int:
        """What was promised."""
        plan = self.journey.drill.plan
        is_failover = self.of is Switch.FAILOVER
        return plan.rto_seconds if is_failover else plan.failback_objective_seconds

    @property
    def client(self) -> str:
        """The objective client, as a sentence's subject."""
        return f"the {self.journey.drill.plan.objective_client} client"

    def after(self, start: Milestone) -> str:
        """Say what the time is counted from."""
        return f"after {self.journey.started(start)} ({self.rto_seconds} s promised)"


def objectives(
    journey: Journey, phases: Iterable[PhaseTime], gaps: Sequence[Gap], kept_serving: str = ""
) -> list[Objective]:
    """Judge the failover and the failback; `kept_serving` says why there was none of either."""
    times = tuple(phases)
    return [
        _judged(Case(journey, of, [t for t in times if t.of is of], gaps, kept_serving))
        for of in Switch
    ]


def _judged(case: Case) -> Objective:
    elapsed = _measured(case)
    verdict = Verdict.INCONCLUSIVE if elapsed is None else judge(elapsed, case.rto_seconds)
    return Objective(
        name=case.of,
        rto_seconds=case.rto_seconds,
        elapsed=elapsed,
        verdict=verdict,
        because=_because(case, elapsed, verdict),
        since_request=_since_request(case),
    )


def _measured(case: Case) -> Elapsed | None:
    """Return the time's bounds; of a recovery that was not seen, only the lower one."""
    if case.kept_serving:
        return None
    start, missing = case.journey.start(case.of), case.journey.missing_end(case.of)
    if start is not None and missing is not None and missing.not_before is not None:
        least = at_least(start.interval, missing.not_before)
        return Elapsed(max(0.0, least.seconds_min), None)
    return total_time(case.journey, case.of)


def _since_request(case: Case) -> Elapsed | None:
    name = "faultRequested" if case.of is Switch.FAILOVER else "restoreRequested"
    start, end = case.journey.point(name), case.journey.end(case.of)
    return between(start.interval, end.interval) if start and end else None


def _because(case: Case, elapsed: Elapsed | None, verdict: Verdict) -> str:
    start, end = case.journey.start(case.of), case.journey.end(case.of)
    if elapsed is None or start is None:
        return _because_unmeasured(case, start)
    if end is None:
        return _because_unseen(case, start, elapsed, verdict)
    if verdict is Verdict.INCONCLUSIVE:
        return _because_too_coarse(case, start, end, elapsed)
    bound, proof = _deciding(end, elapsed, verdict)
    return (
        f"{str(verdict).capitalize()}: {case.client} was {REACHED[case.of]} {bound} s "
        f"{case.after(start)}, proved by {proof}{_told(_named_phase(case))}."
    )


def _deciding(end: Milestone, elapsed: Elapsed, verdict: Verdict) -> tuple[str, str | None]:
    old, new = end.samples
    if verdict is Verdict.MET:
        return f"at most {in_words(elapsed.seconds_max)}", new
    return f"at least {in_words(elapsed.seconds_min)}", old


def _named_phase(case: Case) -> PhaseTime | None:
    """Return the phase to name: one slower than promised, else the longest."""
    slow = [time for time in case.phases if time.comparison is Comparison.SLOWER]
    return max(slow or case.phases, key=lambda time: time.elapsed.seconds_min, default=None)


def _told(time: PhaseTime | None) -> str:
    if time is None:
        return ""
    how = f"{in_words(time.elapsed.seconds_min)} to {in_words(time.elapsed.seconds_max)} s"
    if time.comparison is Comparison.SLOWER:
        return f"; {time.name} took {how}, longer than the settings promise"
    return f"; {time.name} took longest, {how}"


def _because_unmeasured(case: Case, start: Milestone | None) -> str:
    """Say why there is not even a lower bound."""
    if case.kept_serving:
        return f"Inconclusive: {NOTHING[case.of]}, for {case.kept_serving}{_in_time(case)}."
    path_start = case.journey.paths[case.of].start
    missing = case.journey.missing(path_start) if start is None else None
    missing = missing or case.journey.missing_end(case.of)
    name, why = (missing.name, missing.because) if missing else (path_start, "it is not known")
    return f"Inconclusive: {name} was not seen, {why}{_in_time(case)}."


def _because_unseen(case: Case, start: Milestone, elapsed: Elapsed, verdict: Verdict) -> str:
    missing = case.journey.missing_end(case.of)
    proof = missing.sample if missing and missing.sample else "no sample"
    stuck = case.journey.stuck_in(case.of)
    least = in_words(elapsed.seconds_min)
    fact = (
        f"{case.client} was not seen to stay {REACHED[case.of]}, at least {least} s "
        f"{case.after(start)}, proved by {proof}; {stuck} was not over"
    )
    if verdict is Verdict.MISSED:
        return f"Missed: {fact}."
    return f"Inconclusive: {fact}; {_remedy_unseen(case, missing)}."


def _remedy_unseen(case: Case, missing: NotReached | None) -> str:
    stability_seconds = case.journey.drill.plan.stability_seconds
    observed = missing.observed_seconds if missing else 0.0
    if observed:
        more = f"{in_words(max(stability_seconds - observed, 0))} s more of sampling"
        return f"{missing.because if missing else ''}, {more} could have decided it"
    return (
        f"sampling on, to {case.rto_seconds} s and the {stability_seconds} s "
        f"that prove it, could have decided it{_in_time(case)}"
    )


def _in_time(case: Case) -> str:
    is_closed = case.journey.drill.phase is Phase.CLOSED
    return "" if is_closed else " (the drill is still running)"


def _because_too_coarse(case: Case, start: Milestone, end: Milestone, elapsed: Elapsed) -> str:
    least, most = in_words(elapsed.seconds_min), in_words(elapsed.seconds_max)
    return (
        f"Inconclusive: {case.client} was {REACHED[case.of]} {least} to {most} s "
        f"{case.after(start)}, proved by {end.samples[0]} and {end.samples[1]}"
        f"{_told(_named_phase(case))}; {_remedy_too_coarse(case, start, end, elapsed)}."
    )


def _remedy_too_coarse(case: Case, start: Milestone, end: Milestone, elapsed: Elapsed) -> str:
    """Say what sampling could have decided it: bounds that lie on one side of the promise."""
    for milestone in (start, end):
        gap = _gap_within(case.gaps, milestone)
        if gap is not None:
            when = f"from {rfc3339(gap.after)} to {rfc3339(gap.until)}"
            return f"samples of {gap.series} in its gap {when} could have decided it"
    least, most = elapsed.seconds_min, elapsed.seconds_max or 0.0
    side = max(case.rto_seconds - least, most - case.rto_seconds)
    seconds = case.journey.drill.plan.sample_interval_seconds
    finer = int(1_000 * seconds * side / (most - least)) / 1_000
    return f"samples every {in_words(finer)} s instead of {seconds} s could have decided it"


def _gap_within(gaps: Iterable[Gap], milestone: Milestone) -> Gap | None:
    """Return the gap in which the milestone may lie."""
    bounds: Interval = milestone.interval
    for gap in gaps:
        shows = any(i is not None and i.startswith(f"{gap.series}@") for i in milestone.samples)
        if shows and gap.after < bounds.not_after and gap.until > bounds.after:
            return gap
    return None
