"""Times as bars: solid where they surely ran, hatched where they may have; promises as brackets."""

from collections.abc import Iterable, Iterator

from shared.core.intervals import Elapsed
from shared.render.markup import Html, joined, tag
from shared.render.svg import Scale, ticks
from shared.render.wording import minutes

Span = tuple[float, float]
"""An instant's bounds on an axis."""

EDGE_PERCENT = 4.0
"""Nearer to an edge, words would be cut by it; longer words need more."""


def sure(start: Span, end: Span) -> Span | None:
    """Return when a phase surely ran, if there is such a time."""
    return (start[1], end[0]) if end[0] > start[1] else None


def doubts(start: Span, end: Span) -> list[Span]:
    """Return when a phase may have run: at both ends, or nowhere surely and then throughout."""
    if end[0] > start[1]:
        return [start, end]
    return [(min(start[0], end[0]), max(start[1], end[1]))]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans with those that touch made one."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


def block(scale: Scale, span: Span, top_and_height: tuple[float, float], class_: str) -> Html:
    """Return a part of a bar."""
    top, height = top_and_height
    return tag(
        "rect",
        x=scale.x(span[0]),
        y=f"{top:g}",
        width=scale.width(*span),
        height=f"{height:g}",
        class_=class_,
    )


def bracket(scale: Scale, start: Span, promised: Elapsed, top: float) -> Html:
    """Return where a promise lets an end lie; open to the side on which it is unbounded."""
    least, most = promised.seconds_least, promised.seconds_max
    since = scale.first if least is None else start[0] + least
    until = scale.last if most is None else start[1] + most
    is_open = least is None or most is None
    parts = [
        tag(
            "line",
            x1=scale.x(since),
            x2=scale.x(until),
            y1=f"{top:g}",
            y2=f"{top:g}",
            class_="promise open" if is_open else "promise",
        )
    ]
    for end in [since] * (least is not None) + [until] * (most is not None):
        x = scale.x(end)
        parts.append(tag("line", x1=x, x2=x, y1=f"{top - 4:g}", y2=f"{top:g}", class_="promise"))
    return joined(parts)


def guides(scale: Scale, height: float) -> Html:
    """Return the lines at an axis's ticks."""
    return joined(
        tag("line", x1=scale.x(at), x2=scale.x(at), y1="0", y2=f"{height:g}", class_="guide")
        for at in ticks(scale.last)
    )


def axis(scale: Scale, top: float) -> Html:
    """Return the words at an axis's ticks: seconds, or minutes where there are many."""
    return joined(_axis(scale, top))


def _axis(scale: Scale, top: float) -> Iterator[Html]:
    in_minutes = scale.last > SECONDS_MAX
    for at in ticks(scale.last):
        yield tag(
            "text",
            minutes(at) if in_minutes else str(at),
            x=scale.x(at),
            y=f"{top:g}",
            text_anchor=anchor(scale.percent(at)),
            class_="tick",
        )


SECONDS_MAX = 600
"""Longer axes count minutes."""


def anchor(percent: float, edge_percent: float = EDGE_PERCENT) -> str:
    """Return where words begin so that the picture's edge does not cut them."""
    if percent < edge_percent:
        return "start"
    return "end" if percent > 100 - edge_percent else "middle"
