"""The lanes as a picture: bands over time, the drill's phases behind them, milestones upon them.

A band's pattern says what was answered, its words say it again where there is room. A milestone is
a frame on the lane of its series, as wide as it is uncertain, with its name above all lanes.
"""

from collections.abc import Iterator, Sequence

from shared.core.intervals import MS_PER_SECOND
from shared.core.model import Phase
from shared.render.bars import anchor
from shared.render.coarse import coarse
from shared.render.lanes import FAILING, GAP, Band, Lane
from shared.render.markup import Html, shown, tag
from shared.render.sheet import LEVEL_PX, ROW_PX, STRIP_PX, Sheet
from shared.render.svg import Caption, Scale, in_percent, picture, text_px, ticks
from shared.render.wording import clock_time, minutes

BAND_PX, AXIS_PX = 18, 24
BAND_TOP_PX = (ROW_PX - BAND_PX) // 2
FRAME_PX = 5
"""How far a milestone's frame stands out over its lane's bands."""
BAND_PERCENT_MIN = 0.2
"""A single second of an hour must still be seen."""


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
    if not placed.report.transitions:
        return  # nobody's drill, or one of which nothing was written down
    begun = [(round(placed.scale.first), str(Phase.STEADY))]
    begun += [(t.at, t.phase) for t in placed.report.transitions if t.phase != Phase.STEADY]
    ends = [at for at, _ in begun[1:]] + [placed.last]
    for at, ((since, name), until) in enumerate(zip(begun, ends, strict=True)):
        if name == Phase.CLOSED:
            continue
        x, width = placed.scale.x(since), placed.scale.width(since, until)
        height = placed.bottom_px - placed.strip_px
        class_ = "shade odd" if at % 2 else "shade"
        title = tag("title", f"{name}, from {clock_time(since)}")
        yield tag("rect", title, x=x, y=placed.strip_px, width=width, height=height, class_=class_)
        if placed.scale.px(until) - placed.scale.px(since) > text_px(name) + 14:
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
    shown_bands = coarse(lane.bands, placed.scale)
    # A short failure is drawn wider than it was; what follows must not cover it.
    ordered = sorted(shown_bands, key=lambda band: band.tone == FAILING)
    return tag(
        "g",
        *(_band(placed.scale, band) for band in ordered),
        *_words(placed.scale, shown_bands),
        transform=f"translate(0 {top})",
    )


def _band(scale: Scale, band: Band) -> Html:
    percent = scale.percent(band.until) - scale.percent(band.since)
    x = scale.x(band.since)
    told = f"{band.says}, {clock_time(band.since)} to {clock_time(band.until)} ({band.asked})"
    title = tag("title", told)
    if band.tone == GAP:
        middle = BAND_PX // 2
        return tag("line", title, x1=x, x2=scale.x(band.until), y1=middle, y2=middle, class_="gap")
    width = in_percent(max(percent, BAND_PERCENT_MIN))
    return tag("rect", title, x=x, width=width, height=BAND_PX, class_=band.tone)


def _words(scale: Scale, bands: Sequence[Band]) -> Iterator[Html]:
    """Yield the words of the bands that have room for them, but not the same ones again."""
    said = ""
    for band in bands:
        says = "gap" if band.tone == GAP else band.says
        room = scale.px(band.until) - scale.px(band.since)
        if says == said or room < text_px(shown(says)) + 8:
            continue
        said = says
        middle = (scale.percent(band.since) + scale.percent(band.until)) / 2
        x, y = in_percent(middle), BAND_PX // 2 + 4
        yield tag("text", says, x=x, y=y, class_=f"says on-{band.tone}")


def _leaders(placed: Sheet) -> Iterator[Html]:
    """Yield a line from each label down through the lanes."""
    for label, spot in zip(placed.labels, placed.spots, strict=True):
        x, y = placed.scale.x(label.at), spot.level * LEVEL_PX + 3
        yield tag("line", x1=x, x2=x, y1=y, y2=placed.bottom_px, class_="leader")


def _frames(placed: Sheet) -> Iterator[Html]:
    for milestone in placed.report.milestones:
        top = placed.lane_px(milestone)
        after, not_after = milestone.interval
        told = (
            f"{milestone.name} at {milestone.vantage}: after {clock_time(after, with_ms=True)}, "
            f"not after {clock_time(not_after, with_ms=True)}"
        )
        yield tag(
            "rect",
            tag("title", told),
            x=placed.scale.x(after),
            y=placed.strip_px if top is None else top + BAND_TOP_PX - FRAME_PX,
            width=placed.scale.width(after, not_after),
            height=STRIP_PX if top is None else BAND_PX + 2 * FRAME_PX,
            class_="milestone",
        )


def _names(placed: Sheet) -> Iterator[Html]:
    for label, spot in zip(placed.labels, placed.spots, strict=True):
        yield tag(
            "text",
            label.words,
            x=placed.scale.x(label.at),
            dx=-4 if spot.is_left_of_its_line else 4,
            y=spot.level * LEVEL_PX + 12,
            text_anchor="end" if spot.is_left_of_its_line else "start",
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


NAME_MAX = 22


def shortened(name: str) -> str:
    """Return a name that fits beside its lane: both ends of a long one, which tell names apart."""
    seen = shown(name)
    if len(seen) <= NAME_MAX:
        return seen
    half = (NAME_MAX - 1) // 2
    return f"{seen[:half]}\u2026{seen[-half:]}"
