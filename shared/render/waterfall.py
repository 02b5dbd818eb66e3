"""Where the time went: each phase time as a bar on one axis, with what is doubtful at its ends.

A bar is solid where the phase surely ran, hatched where it may have: between the two samples that
its beginning, or its end, lies between. Under it a bracket shows where the settings promise its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.core.intervals import MS_PER_SECOND, Comparison, Elapsed
from shared.core.milestones import Switch
from shared.core.phases import PATHS, PhaseTime
from shared.core.report import Report
from shared.core.samples import Instant
from shared.core.verdict import Objective
from shared.render.markup import Html, joined, tag
from shared.render.svg import Caption, Scale, in_percent, picture, text_px, ticks
from shared.render.wording import bounds, words

TOTAL_PX, ROW_PX, AXIS_PX = 46, 32, 20
BAR_TOP_PX, TOTAL_BAR_PX, BAR_PX, BRACKET_PX = 6, 24, 13, 5
PART_OF_WAY = 1.04
"""The axis ends a little after the last thing it shows."""
STARTS = {
    "faultEffective": "since the fault took effect",
    "restoreRequested": "since the restore was requested",
    "vmRunning": "since the machine ran again",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One switch's phases in their order, on the axis of both."""

    objective: Objective
    times: dict[str, PhaseTime]
    promised: Elapsed
    scale: Scale

    @property
    def of(self) -> Switch:
        """Which switch it is."""
        return self.objective.name

    @property
    def origin(self) -> Instant:
        """When the axis begins: the earliest that the first phase may have begun."""
        return next(iter(self.times.values())).start.interval.after

    def seconds(self, at: Instant) -> float:
        """Return an instant on the axis."""
        return (at - self.origin) / MS_PER_SECOND


def where_the_time_went(report: Report) -> Html:
    """Return both switches' pictures, on axes of one scale."""
    return joined(_figure(way) for way in _ways(report))


def _ways(report: Report) -> list[Way]:
    totals = {
        Switch.FAILOVER: report.envelope.failover_total,
        Switch.FAILBACK: report.envelope.failback_total,
    }
    times = {of: {t.name: t for t in report.phases if t.of is of} for of in Switch}
    scale = Scale(0.0, PART_OF_WAY * max((_reach(of_it) for of_it in times.values()), default=1.0))
    return [
        Way(o, times[o.name], totals[o.name], scale) for o in report.objectives if times[o.name]
    ]


def _reach(times: dict[str, PhaseTime]) -> float:
    """Return the seconds from the axis's beginning to the last thing that it must show."""
    if not times:
        return 1.0
    origin = next(iter(times.values())).start.interval.after
    ends = [
        end
        for t in times.values()
        for end in (
            t.end.interval.not_after,
            t.start.interval.not_after + round((t.promised.seconds_max or 0.0) * MS_PER_SECOND),
        )
    ]
    return (max(ends) - origin) / MS_PER_SECOND


def _figure(way: Way) -> Html:
    first = next(iter(way.times.values()))
    head = tag(
        "div",
        tag("span", "phase", class_="name"),
        tag("span", f"seconds {STARTS[first.start.name]}", class_="plot"),
        tag("span", "took", class_="took"),
        tag("span", "promised", class_="promised"),
        class_="row head",
        aria_hidden="true",
    )
    rows = [_total(way), *(_phase(way, step.name, at) for at, step in _steps(way)), _axis(way)]
    return tag(
        "figure",
        tag("figcaption", tag("h3", str(way.of).capitalize())),
        head,
        *rows,
        class_="way",
    )


def _steps(way: Way) -> Iterator[tuple[int, object]]:
    yield from enumerate(PATHS[way.of].steps)


def _row(
    name: object, took: object, promised: object, drawing: object, class_: str = "row"
) -> Html:
    return tag(
        "div",
        tag("span", name, class_="name"),
        tag("span", drawing, class_="plot"),
        tag("span", took, class_="took"),
        tag("span", promised, class_="promised"),
        class_=class_,
    )
