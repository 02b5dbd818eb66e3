"""Computes a drill's report from what was recorded; writes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from shared.core.clock_steps import on_one_clock
from shared.core.grid import interval_ms
from shared.core.model import Drill
from shared.core.report import Report, build_report
from shared.core.samples import Instant, Timeline, Transition


class DrillSource(Protocol):
    """Where drills are found."""

    def load(self, drill_id: str) -> Drill:
        """Return a drill, or raise DrillNotFound."""


class TimelineSource(Protocol):
    """Where timelines are found."""

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return what was recorded."""

    def read_thinned(
        self, drill_id: str, every_ms: Callable[[str], int], instants: Iterable[Instant]
    ) -> Timeline:
        """Return what was recorded without what a report does not need."""


class Account(NamedTuple):
    """What a drill showed, beside what that is known from."""

    report: Report
    timeline: Timeline


class Reports:
    """Reports of drills, closed or running."""

    def __init__(self, drills: DrillSource, timelines: TimelineSource) -> None:
        self._drills, self._timelines = drills, timelines

    def report(self, drill_id: str) -> Report:
        """Return the report; of a running drill, the report so far."""
        drill = self._drills.load(drill_id)
        every_ms = partial(interval_ms, sample_interval_seconds=drill.plan.sample_interval_seconds)
        timeline = self._timelines.read_thinned(drill_id, every_ms, _instants(drill))
        return build_report(drill, _with_closing(drill, timeline))

    def account(self, drill_id: str) -> Account:
        """Return the report with all the records that it is made from, on its clock."""
        drill = self._drills.load(drill_id)
        timeline = _with_closing(drill, self._timelines.read(drill_id))
        return Account(build_report(drill, timeline), on_one_clock(timeline))


def _instants(drill: Drill) -> Iterator[Instant]:
    """Yield what the drill's own row tells of when."""
    known = (drill.started_at, drill.phase_since, drill.released_at, drill.closed_at)
    return (at for at in known if at is not None)


def _with_closing(drill: Drill, timeline: Timeline) -> Timeline:
    """No tick follows the last one: what it did not live to write, the drill's row tells."""
    if drill.closed_at is None or str(drill.phase) in {t.phase for t in timeline.transitions}:
        return timeline
    closing = Transition(at=drill.closed_at, phase=str(drill.phase), reason=drill.reason)
    return replace(timeline, transitions=(*timeline.transitions, closing))
