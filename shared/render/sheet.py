"""Where everything in the picture of the lanes is placed: time across, lanes down, labels above."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.intervals import MS_PER_SECOND
from shared.core.milestones import ROWS, Milestone
from shared.core.report import Report
from shared.core.samples import Instant
from shared.render.labels import Label, Spot, room_for, spots
from shared.render.lanes import Lane
from shared.render.svg import Scale
from shared.render.wording import words

LEVEL_PX, STRIP_PX, ROW_PX = 15, 20, 34
TOGETHER_PX = 5.0
"""Milestones of one name that lie closer share a label."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where everything is placed: the time axis, and the heights that depend on the labels."""

    report: Report
    lanes: Sequence[Lane]
    scale: Scale
    labels: Sequence[Label]
    spots: Sequence[Spot]

    @property
    def strip_px(self) -> int:
        """Where the labels end and the phases' names begin."""
        return (max((s.level for s in self.spots), default=-1) + 1) * LEVEL_PX + 4

    @property
    def top_px(self) -> int:
        """Where the first lane begins."""
        return self.strip_px + STRIP_PX

    @property
    def bottom_px(self) -> int:
        """Where the last lane ends."""
        return self.top_px + len(self.lanes) * ROW_PX

    @property
    def last(self) -> Instant:
        """When the observation ends; the axis goes on where labels need room."""
        return max(lane.bands[-1].until for lane in self.lanes)

    def lane_px(self, milestone: Milestone) -> int | None:
        """Return where the lane begins on which a milestone is seen, if it is seen on one."""
        rows = ROWS[self.report.drill.plan.fault]
        prefix = next((row.series for row in rows if row.name == milestone.name), "")
        series = [lane.series for lane in self.lanes]
        if not prefix or prefix + milestone.vantage not in series:
            return None
        return self.top_px + series.index(prefix + milestone.vantage) * ROW_PX


def sheet(report: Report, lanes: Sequence[Lane]) -> Sheet:
    """Place everything."""
    first = min([report.drill.started_at, *(lane.bands[0].since for lane in lanes)])
    last = max([first + MS_PER_SECOND, *(lane.bands[-1].until for lane in lanes)])
    widest = Scale(first, last)
    labels = _labels(report.milestones, widest)
    scale = Scale(first, room_for(labels, first, last))
    return Sheet(report, lanes, scale, labels, spots(labels, [scale.px(m.at) for m in labels]))


def _labels(milestones: Sequence[Milestone], scale: Scale) -> list[Label]:
    found: list[tuple[str, Instant, int]] = []
    for milestone in sorted(milestones, key=lambda m: (m.interval, m.name, m.vantage)):
        name, at = milestone.name, milestone.interval.after
        same = [i for i, (n, a, _) in enumerate(found) if n == name and _near(scale, a, at)]
        if same:
            known = found[same[-1]]
            found[same[-1]] = (name, known[1], known[2] + 1)
        else:
            found.append((name, at, 1))
    return [Label(words(n) + (f" ({count})" if count > 1 else ""), at) for n, at, count in found]


def _near(scale: Scale, one: Instant, other: Instant) -> bool:
    return abs(scale.px(one) - scale.px(other)) < TOGETHER_PX
