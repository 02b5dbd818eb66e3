"""The lanes as a picture: bands over time, the drill's phases behind them, milestones upon them.

A band's pattern says what was answered, its words say it again where there is room. A milestone is
a frame on the lane of its series, as wide as it is uncertain, with its name above all lanes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.core.intervals import MS_PER_SECOND
from shared.core.milestones import ROWS, Milestone
from shared.core.model import Phase
from shared.core.report import Report
from shared.core.samples import Instant
from shared.render.bars import anchor
from shared.render.labels import Label, levels, room_for
from shared.render.lanes import FAILING, GAP, Band, Lane
from shared.render.markup import Html, joined, tag
from shared.render.svg import Caption, Scale, in_percent, picture, text_px, ticks
from shared.render.wording import clock_time, minutes, words

LEVEL_PX, STRIP_PX, ROW_PX, BAND_PX, AXIS_PX = 15, 20, 34, 18, 24
BAND_TOP_PX = (ROW_PX - BAND_PX) // 2
TEXT_PX = 4
"""From the middle of a line of text down to what it stands on."""
TOGETHER_PX = 5.0
"""Milestones of one name that lie closer share a label."""
BANDS_MAX = 250
"""Of a lane; more than a screen can show are drawn coarsely: the page must stay small."""
COLUMNS = 400
BAND_PERCENT_MIN = 0.2
"""A single second of an hour must still be seen."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where everything is placed: the time axis, and the heights that depend on the labels."""

    report: Report
    lanes: Sequence[Lane]
    scale: Scale
    labels: Sequence[Label]
    levels: Sequence[int]

    @property
    def strip_px(self) -> int:
        """Where the labels end and the phases' names begin."""
        return (max(self.levels, default=-1) + 1) * LEVEL_PX + 4

    @property
    def top_px(self) -> int:
        """Where the first lane begins."""
        return self.strip_px + STRIP_PX

    @property
    def bottom_px(self) -> int:
        """Where the last lane ends."""
        return self.top_px + len(self.lanes) * ROW_PX

    def lane_px(self, series: str) -> int | None:
        """Return where the lane of a series begins, if there is one."""
        names = [lane.series for lane in self.lanes]
        return self.top_px + names.index(series) * ROW_PX if series in names else None


def sheet(report: Report, lanes: Sequence[Lane]) -> Sheet:
    """Place everything."""
    first = min([report.drill.started_at, *(lane.bands[0].since for lane in lanes)])
    last = max([first + MS_PER_SECOND, *(lane.bands[-1].until for lane in lanes)])
    widest = Scale(first, last)
    labels = _labels(report.milestones, widest)
    scale = Scale(first, room_for(labels, first, last))
    return Sheet(report, lanes, scale, labels, levels(labels, [scale.px(m.at) for m in labels]))


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


def lane_picture(placed: Sheet) -> Html:
    """Return the picture; the lanes' names stand beside it, where they stay when it scrolls."""
    height = placed.bottom_px + AXIS_PX
    return picture(
        _caption(placed),
        height,
        *_phases(placed),
        *_grid(placed),
        *(_lane(placed, at, lane) for at, lane in enumerate(placed.lanes)),
        *_leaders(placed),
        *_frames(placed),
        *_names(placed),
        class_="lanes",
    )


def _caption(placed: Sheet) -> Caption:
    vantages = ", ".join(f"{lane.kind} {lane.vantage}" for lane in placed.lanes)
    return Caption(
        "lanes",
        "What every series answered, over time",
        f"One lane each: {vantages}. The tables below say the same in words.",
    )


def _phases(placed: Sheet) -> Iterator[Html]:
    """Yield the drill's phases as a strip with names, and every other one as a shade."""
    drill = placed.report.drill
    begun = [(drill.started_at, str(Phase.STEADY))]
    begun += [(t.at, t.phase) for t in placed.report.transitions if t.phase != Phase.STEADY]
    ends = [at for at, _ in begun[1:]] + [round(placed.scale.last)]
    for at, ((since, name), until) in enumerate(zip(begun, ends, strict=True)):
        if name == Phase.CLOSED:
            continue
        x, width = placed.scale.x(since), placed.scale.width(since, until)
        height = placed.bottom_px - placed.strip_px
        class_ = "shade odd" if at % 2 else "shade"
        title = tag("title", f"{name}, from {clock_time(since)}")
        yield tag(
            "rect", title, x=x, y=placed.strip_px, width=width, height=height, class_=class_
        )
        if placed.scale.px(until) - placed.scale.px(since) > text_px(name) + 8:
            yield tag("text", name, x=x, dx=5, y=placed.strip_px + 14, class_="phase")


def _grid(placed: Sheet) -> Iterator[Html]:
    first = placed.scale.first
    for seconds in ticks((placed.scale.last - first) / MS_PER_SECOND):
        at = first + seconds * MS_PER_SECOND
        x = placed.scale.x(at)
        y = placed.bottom_px
        yield tag("line", x1=x, x2=x, y1=placed.top_px, y2=y + 4, class_="guide")
        yield tag(
            "text",
            minutes(seconds),
            x=x,
            y=y + 18,
            text_anchor=anchor(placed.scale.percent(at)),
            class_="tick",
        )


def _lane(placed: Sheet, at: int, lane: Lane) -> Html:
    top = placed.top_px + at * ROW_PX + BAND_TOP_PX
    shown = coarse(lane.bands, placed.scale)
    # A short failure is drawn wider than it was; what follows must not cover it.
    ordered = [b for b in shown if b.tone != FAILING] + [b for b in shown if b.tone == FAILING]
    return tag(
        "g",
        *(_band(placed.scale, band) for band in ordered),
        *(_words(placed.scale, band) for band in shown),
        transform=f"translate(0 {top})",
    )


def _band(scale: Scale, band: Band) -> Html:
    percent = scale.percent(band.until) - scale.percent(band.since)
    x = scale.x(band.since)
    told = f"{band.says}, {clock_time(band.since)} to {clock_time(band.until)} ({band.count})"
    title = tag("title", told)
    if band.tone == GAP:
        middle = BAND_PX // 2
        return tag(
            "line", title, x1=x, x2=scale.x(band.until), y1=middle, y2=middle, class_="gap"
        )
    width = in_percent(max(percent, BAND_PERCENT_MIN))
    return tag("rect", title, x=x, width=width, height=BAND_PX, class_=band.tone)


def _words(scale: Scale, band: Band) -> Html:
    says = "gap" if band.tone == GAP else band.says
    if scale.px(band.until) - scale.px(band.since) < text_px(says) + 8:
        return Html()
    middle = (scale.percent(band.since) + scale.percent(band.until)) / 2
    return tag(
        "text", says, x=in_percent(middle), y=BAND_PX // 2 + TEXT_PX, class_=f"says on-{band.tone}"
    )


def coarse(bands: Sequence[Band], scale: Scale) -> list[Band]:
    """Return a lane's bands; of too many, those too short to see are told together."""
    if len(bands) <= BANDS_MAX:
        return list(bands)
    short = (scale.last - scale.first) / COLUMNS
    found: list[Band] = []
    crowd: list[Band] = []
    for band in bands:
        if crowd and band.until - crowd[0].since > short:
            found.append(_together(crowd))
            crowd = []
        if band.until - band.since > short or band.tone == GAP:
            found += [*([_together(crowd)] if crowd else []), band]
            crowd = []
        else:
            crowd.append(band)
    return [*found, *([_together(crowd)] if crowd else [])]


def _together(crowd: Sequence[Band]) -> Band:
    """Return several bands as one; a failure among them is not hidden."""
    if len(crowd) == 1:
        return crowd[0]
    tones = [band.tone for band in crowd]
    tone = FAILING if FAILING in tones else tones[0]
    said = sorted({band.says for band in crowd})
    return Band(
        tone, " and ".join(said), crowd[0].since, crowd[-1].until, sum(b.count for b in crowd)
    )


def _series(placed: Sheet, milestone: Milestone) -> str:
    rows = ROWS[placed.report.drill.plan.fault]
    prefix = next(row.series for row in rows if row.name == milestone.name)
    return prefix + milestone.vantage if prefix else ""


def _leaders(placed: Sheet) -> Iterator[Html]:
    """Yield a line from each label down through the lanes."""
    for label, level in zip(placed.labels, placed.levels, strict=True):
        x = placed.scale.x(label.at)
        yield tag(
            "line", x1=x, x2=x, y1=level * LEVEL_PX + 3, y2=placed.bottom_px, class_="leader"
        )


def _frames(placed: Sheet) -> Iterator[Html]:
    for milestone in placed.report.milestones:
        top = placed.lane_px(_series(placed, milestone))
        after, not_after = milestone.interval
        told = (
            f"{milestone.name} at {milestone.vantage}: after {clock_time(after, with_ms=True)}, "
            f"not after {clock_time(not_after, with_ms=True)}"
        )
        yield tag(
            "rect",
            tag("title", told),
            x=placed.scale.x(after),
            y=placed.strip_px if top is None else top + BAND_TOP_PX - 5,
            width=placed.scale.width(after, not_after),
            height=STRIP_PX if top is None else BAND_PX + 10,
            class_="milestone",
        )


def _names(placed: Sheet) -> Iterator[Html]:
    for label, level in zip(placed.labels, placed.levels, strict=True):
        yield tag(
            "text",
            label.words,
            x=placed.scale.x(label.at),
            dx=4,
            y=level * LEVEL_PX + 12,
            class_="label",
        )


def lane_names(placed: Sheet) -> Html:
    """Return the lanes' names, each at the height of its lane."""
    return tag(
        "div",
        *(_lane_name(lane) for lane in placed.lanes),
        class_="lane-names",
        style=f"padding-top:{placed.top_px}px",
    )


def _lane_name(lane: Lane) -> Html:
    return tag(
        "div",
        tag("span", lane.kind, class_="kind"),
        tag("span", shortened(lane.vantage), class_="vantage", title=lane.vantage),
        class_="lane-name",
    )


NAME_MAX = 24


def shortened(name: str) -> str:
    """Return a name that fits beside its lane: both ends of a long one, which tell names apart."""
    if len(name) <= NAME_MAX:
        return name
    half = (NAME_MAX - 1) // 2
    return f"{name[:half]}\u2026{name[-half:]}"


def legend(tones: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what each pattern means: the endpoints by name, then the rest."""
    for name, tone in tones.items():
        yield tone, name


__all__ = ["coarse", "joined", "lane_names", "lane_picture", "sheet", "shortened"]
