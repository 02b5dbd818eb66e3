"""Computes a drill's report from what was recorded; writes nothing."""

from typing import Protocol

from shared.core.model import Drill
from shared.core.report import Report, build_report
from shared.core.samples import Instant, Timeline


class DrillSource(Protocol):
    """Where drills are found."""

    def load(self, drill_id: str) -> Drill:
        """Return a drill, or raise DrillNotFound."""


class TimelineSource(Protocol):
    """Where timelines are found."""

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return what was recorded."""


class Reports:
    """Reports of drills, closed or running."""

    def __init__(self, drills: DrillSource, timelines: TimelineSource) -> None:
        self._drills, self._timelines = drills, timelines

    def report(self, drill_id: str) -> Report:
        """Return the report; of a running drill, the report so far."""
        drill = self._drills.load(drill_id)
        return build_report(drill, self._timelines.read(drill_id))
