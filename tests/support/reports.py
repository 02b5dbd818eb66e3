"""Reports of the lab's drill, for the tests of their parts."""

from dataclasses import replace

from shared.core.report import Report
from shared.core.samples import Sample, Timeline
from shared.core.verdict import Objective
from tests.support.worlds import World, timeline

LAB_WORLD = World()
LAB_TIMELINE = timeline(LAB_WORLD)
OTHER_SERVER, OTHER_RESOLVER = "127.1.1.2:53", "127.1.2.2:53"


def failover(report: Report) -> Objective:
    """Return the failover's objective."""
    return report.objectives[0]


def failback(report: Report) -> Objective:
    """Return the failback's objective."""
    return report.objectives[1]


def codes(report: Report) -> list[str]:
    """Return the findings' codes."""
    return [finding.code for finding in report.findings]


def as_series(series: str, of: str, world: World) -> tuple[Sample, ...]:
    """Return another world's series under a new name, to stand beside the lab's."""
    return tuple(s._replace(series=series) for s in timeline(world).series(of))


def beside_the_lab(*samples: Sample) -> Timeline:
    """Return the lab's timeline with more samples."""
    return replace(LAB_TIMELINE, samples=(*LAB_TIMELINE.samples, *samples))
