"""Holds a random drill's reports against what truly happened: milestones, intervals, verdicts."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple

from devtools.truth_check import Finding, check
from shared.core.intervals import Elapsed, Verdict
from shared.core.milestones import ROWS, Milestone
from shared.core.model import Ending
from shared.core.report import Report, build_report
from shared.core.samples import Instant
from shared.render.wire import to_wire
from tests.emulator.running import ANCHOR
from tests.support.client_oracle import Recovery
from tests.support.drill_oracle import NEVER, Oracle, Span
from tests.support.drills import START
from tests.support.random_drills import SILENCE_SECONDS, RandomDrill

SLACK = 1e-5
"""Events are told to the microsecond, and seconds are binary fractions."""
CLIENTS = {"clientOnSurvivor": True, "clientOnPrimary": False}
SERVERS = frozenset({"authoritativeSwitched", "authoritativeBack"})
NEAR_MAX = 4
"""Of the RTOs near the truth so many are judged, for each of both ways."""


class Width(NamedTuple):
    """How wide a milestone's interval is, as a multiple of what lies between its samples."""

    kind: str
    share: float


@dataclass
class Judged:
    """What is wrong with a drill's reports, and what there was to be judged."""

    number: int
    ending: Ending | None
    wrongs: list[str] = field(default_factory=list)
    near: Counter[str] = field(default_factory=Counter)
    """Verdicts at RTOs within one width of the truth."""
    far: Counter[str] = field(default_factory=Counter)
    """Verdicts at RTOs further away than that."""
    drawn: Counter[str] = field(default_factory=Counter)
    """Verdicts at the RTO that the drill's plan has, whatever it took."""
    widths: list[Width] = field(default_factory=list)
    milestones: Counter[str] = field(default_factory=Counter)
    """How many were reached, and how many not."""


class Way(NamedTuple):
    """A failover or a failback: how long it truly took, and what its report says of it."""

    place: int
    truth: Span
    elapsed: Elapsed


class Judge:
    """Judges one drill that has come to its end."""

    def __init__(self, drill: RandomDrill) -> None:
        self._drill, self._oracle = drill, Oracle(drill)
        self._timeline = drill.recorded.read("d1")
        self._report = build_report(drill.drill, self._timeline)
        self._judged = Judged(drill.number, drill.drill.ending)

    def judge(self) -> Judged:
        """Return everything that is wrong, and the figures."""
        judged = self._judged
        judged.wrongs += [*self._silences(), *self._interruptions(), *self._steps()]
        judged.wrongs += [*self._unheld(), *self._events()]
        judged.wrongs += [*self._phases(), *self._ways_unheld(), *self._verdicts()]
        judged.widths += self._widths()
        judged.milestones["reached"] = len(self._report.milestones)
        judged.milestones["not reached"] = len(self._report.not_reached)
        return judged

    # -- milestones ------------------------------------------------------------------------------

    def _truth(self, name: str, vantage: str) -> Span | None:
        """Return when a milestone truly was."""
        oracle = self._oracle
        if name in CLIENTS:
            return Recovery(oracle, vantage, CLIENTS[name]).truth
        if name in oracle.switches:
            return oracle.switched(name, vantage)
        at = oracle.back_at if name == "restoreRequested" else oracle.fault_at
        return None if at == NEVER else Span(at, at)

    def _is_due(self, name: str, vantage: str) -> bool:
        oracle = self._oracle
        if name in CLIENTS:
            return Recovery(oracle, vantage, CLIENTS[name]).is_due
        if name in oracle.switches:
            return oracle.is_due(name, vantage)
        return self._truth(name, vantage) is not None

    def _silences(self) -> Iterator[str]:
        """Yield what the report should tell of, and does not."""
        report = self._report
        told = Counter((m.name, m.vantage) for m in report.milestones)
        told += Counter((n.name, n.vantage) for n in report.not_reached)
        expected = {row.name for row in ROWS[self._oracle.fault]}
        if {name for name, _ in told} != expected or max(told.values()) > 1:
            yield f"it tells of {sorted(told)}"
        for one in report.not_reached:
            if not one.because:
                yield f"{one.name} at {one.vantage} is not reached, and no reason is given"
            if self._is_due(one.name, one.vantage):
                truth = self._truth(one.name, one.vantage)
                yield f"{one.name} at {one.vantage} was {truth}, yet is not reached: {one.because}"

    def _interruptions(self) -> Iterator[str]:
        """Yield what a drill that went to its end has not seen, though nothing befell it."""
        if self._judged.ending is not Ending.FINISHED:
            return
        for name, is_failover in CLIENTS.items():
            recovery = Recovery(self._oracle, self._client, is_failover=is_failover)
            is_told = any(
                (m.name, m.vantage) == (name, self._client) for m in self._report.milestones
            )
            if recovery.is_undisturbed and not is_told:
                yield f"{name} at {self._client} is not reached, though nothing befell it"

    def _steps(self) -> Iterator[str]:
        """Yield that the clock was set, and nobody noticed."""
        drill = self._drill
        told = sum(step.by_ms for step in drill.recorded.steps)
        is_over = all(at < drill.azure.clock.seconds - SILENCE_SECONDS[1] for at in drill.set_at)
        if is_over and abs(told - drill.clock.set_by_ms) > 2 * len(drill.set_at):
            yield f"the clock was set by {drill.clock.set_by_ms} ms, and {told} ms were noticed"

    @property
    def _client(self) -> str:
        return str(self._drill.drill.plan.objective_client)

    def _unheld(self) -> Iterator[str]:
        """Yield the milestones whose bounds do not hold the truth."""
        for one in self._report.milestones:
            truth, (after, not_after) = self._truth(one.name, one.vantage), map(_at, one.interval)
            what = f"{one.name} at {one.vantage}: {after:.3f} to {not_after:.3f}"
            if truth is None:
                yield f"{what}, which never was"
            elif after > truth.last + SLACK or not_after < truth.first - SLACK:
                yield f"{what}, truly {truth}"

    def _events(self) -> Iterator[str]:
        """Yield what the demo's own check finds wrong."""
        told: dict[str, Any] = dict(to_wire(self._report))
        for finding in check(told, self._drill.truth()):
            if not finding.holds and not self._fell_back(finding):
                yield f"by events: {finding}"

    def _fell_back(self, finding: Finding) -> bool:
        """Whether the first event did not last, which no sample may have met: then others count."""
        oracle, at = self._oracle, finding.truth
        vantage = finding.vantage.rpartition("/")[2]
        if at is None or finding.name not in oracle.switches:
            return False
        truth = oracle.switched(finding.name, vantage)
        return truth is not None and truth.first > (at - ANCHOR).total_seconds() + SLACK

    def _widths(self) -> Iterator[Width]:
        for one in self._report.milestones:
            series = next((s or "" for s in reversed(one.samples) if s), "")
            if not one.is_proved_by_timeout and not series.startswith("action/"):
                kind = series.partition("/")[0]
                every = self._oracle.every(series)
                yield Width(kind, one.interval.width_seconds / every)

    # -- times -----------------------------------------------------------------------------------

    def _on_path(self, one: Milestone) -> Span | None:
        """Return when a path truly went through here: of several servers by the first of them."""
        if one.name not in SERVERS:
            return self._truth(one.name, one.vantage)
        servers = (self._truth(one.name, s.name) for s in self._drill.azure.servers)
        return min(filter(None, servers), default=None)

    def _phases(self) -> Iterator[str]:
        """Yield the phase times whose bounds do not hold the truth."""
        for time in self._report.phases:
            start, end = self._on_path(time.start), self._on_path(time.end)
            if start is not None and end is not None:
                truth = Span(end.first - start.last, end.last - start.first)
                if not _holds(time.elapsed, truth):
                    yield f"{time.name} of the {time.of}: {time.elapsed}, truly {truth}"

    @cached_property
    def _ways(self) -> list[Way]:
        """The failover and the failback, as far as there is something to be measured."""
        found = []
        begins = (self._oracle.effective_at, self._oracle.back_at)
        for place, (begin, objective) in enumerate(
            zip(begins, self._report.objectives, strict=True)
        ):
            recovery = Recovery(self._oracle, self._client, is_failover=not place)
            if begin != NEVER and objective.elapsed is not None:
                found.append(Way(place, recovery.lasting.since(begin), objective.elapsed))
        return found

    def _ways_unheld(self) -> Iterator[str]:
        for way in self._ways:
            if not _holds(way.elapsed, way.truth):
                yield f"{_name(way)} took {way.elapsed}, truly {way.truth}"

    # -- verdicts --------------------------------------------------------------------------------

    def _verdicts(self) -> Iterator[str]:
        """Yield the verdicts that are wrong, or that hide behind `inconclusive`."""
        for way in self._ways:
            own = self._report.objectives[way.place]
            self._judged.drawn[str(own.verdict)] += 1
            yield from self._weighed(way, own.rto_seconds, own.verdict)
        rtos = [list(_rtos(way)) for way in self._ways]
        for together in zip_longest(*rtos):
            asked = {way.place: rto for way, rto in zip(self._ways, together, strict=True) if rto}
            report = self._judged_by(asked)
            for way in self._ways:
                if way.place in asked:
                    verdict = report.objectives[way.place].verdict
                    yield from self._weighed(way, asked[way.place], verdict)

    def _judged_by(self, rtos: dict[int, int]) -> Report:
        drill, plan = self._drill.drill, self._drill.drill.plan
        judged = replace(
            plan,
            rto_seconds=rtos.get(0, plan.rto_seconds),
            failback_rto_seconds=rtos.get(1, plan.rto_seconds),
        )
        return build_report(replace(drill, plan=judged), self._timeline)

    def _weighed(self, way: Way, rto: int, verdict: Verdict) -> Iterator[str]:
        truth, width = way.truth, way.elapsed.width_seconds
        said = f"{_name(way)} is {verdict} at an RTO of {rto} s: {way.elapsed}, truly {truth}"
        if verdict is Verdict.MET and truth.first > rto + SLACK:
            yield f"wrong: {said}"
        if verdict is Verdict.MISSED and truth.last <= rto - SLACK:
            yield f"wrong: {said}"
        is_near = width is None or truth.first - width <= rto <= truth.last + width
        (self._judged.near if is_near else self._judged.far)[str(verdict)] += 1
        if not is_near and verdict is Verdict.INCONCLUSIVE:
            yield f"hidden: {said}"


def judged(number: int) -> Judged:
    """Return what is wrong with the reports of the drill of that number."""
    try:
        return Judge(RandomDrill(number).run()).judge()
    except Exception as error:
        error.add_note(f"It was random drill {number}.")
        raise


def _rtos(way: Way) -> Iterator[int]:
    """Yield RTOs in whole seconds: far below, far above, and within one width of the truth."""
    truth, width = way.truth, way.elapsed.width_seconds
    if width is None:
        yield from (
            max(1, math.floor(way.elapsed.seconds_min)),
            math.ceil(way.elapsed.seconds_min) + 1,
        )
        return
    last = truth.first if truth.last == NEVER else truth.last
    low, high = math.ceil(truth.first - width), math.floor(last + width)
    yield high + 1
    if low > 1:
        yield low - 1
    near = list(range(max(1, low), high + 1))
    step = max(1, len(near) // NEAR_MAX)
    yield from near[::step]


def _holds(elapsed: Elapsed, truth: Span) -> bool:
    is_below = elapsed.seconds_max is not None and elapsed.seconds_max < truth.first - SLACK
    return elapsed.seconds_min <= truth.last + SLACK and not is_below


def _name(way: Way) -> str:
    return "failback" if way.place else "failover"


def _at(instant: Instant) -> float:
    return (instant - START) / 1_000
