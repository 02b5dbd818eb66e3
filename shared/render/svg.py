"""The grammar of the pictures: a scale in per cent, a frame with title and description, patterns.

Positions across are per cent, heights are pixels: a picture fills the width that it is given, and
its text keeps its size. What a colour says, a pattern says too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.render.markup import Html, tag

TICKS_MAX = 8
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
"""Seconds between two ticks of an axis: what a person would write on it."""

WIDTH_PX_MIN = 600.0
"""What text in a picture may count on; a narrower screen scrolls."""
CHARACTER_PX = 6.0
WIDE_CHARACTER_PX = 12.0
"""No font is known here: wide enough for the fonts that systems have, at 11 pixels."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Places instants (or seconds; any unit) from `first` to `last` on 0 to 100 %."""

    first: float
    last: float
    width_px: float = WIDTH_PX_MIN

    def percent(self, at: float) -> float:
        """Return where it lies, within the picture."""
        span = self.last - self.first
        share = (at - self.first) / span if span > 0 else 0.0
        return 100 * min(1.0, max(0.0, share))

    def x(self, at: float) -> str:
        """Return where it lies, as an attribute."""
        return in_percent(self.percent(at))

    def width(self, since: float, until: float) -> str:
        """Return how wide it is, as an attribute; nothing is narrower than nothing."""
        return in_percent(max(0.0, self.percent(until) - self.percent(since)))

    def px(self, at: float) -> float:
        """Return where it lies in the narrowest picture."""
        return self.percent(at) * self.width_px / 100


def in_percent(percent: float) -> str:
    """Return a position in as few characters as a picture needs."""
    return f"{percent:.3f}".rstrip("0").rstrip(".") + "%"


def text_px(words: str) -> float:
    """Return a width that the words do not exceed."""
    return sum(CHARACTER_PX if character.isascii() else WIDE_CHARACTER_PX for character in words)


def ticks(seconds_max: float) -> Iterator[int]:
    """Yield the seconds that an axis from 0 on shows."""
    fitting = (step for step in STEPS if seconds_max / step <= TICKS_MAX)
    step = next(fitting, STEPS[-1])
    yield from range(0, int(seconds_max) + 1, step)


@dataclass(frozen=True, slots=True)
class Caption:
    """What a picture is called and what it shows, for those who do not see it."""

    id: str
    title: str
    description: str


def picture(caption: Caption, height_px: float, *content: object, class_: str) -> Html:
    """Return a picture as wide as it may be."""
    return tag(
        "svg",
        tag("title", caption.title, id=f"{caption.id}-title"),
        tag("desc", caption.description, id=f"{caption.id}-desc"),
        *content,
        class_=class_,
        role="img",
        aria_labelledby=f"{caption.id}-title {caption.id}-desc",
        width="100%",
        height=f"{height_px:g}",
    )


def stripes(name: str, size: int, *lines: tuple[int, int, int, int], turned: int = 0) -> Html:
    """Return a pattern: a ground, and lines upon it."""
    ground = tag("rect", width=size, height=size, class_=f"{name}-ground")
    drawn = (
        tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=f"{name}-line") for x1, y1, x2, y2 in lines
    )
    return tag(
        "pattern",
        ground,
        *drawn,
        id=name,
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
        patternTransform=f"rotate({turned})" if turned else None,
    )


def dots(name: str, size: int, radius: float) -> Html:
    """Return a pattern: a ground, and dots upon it."""
    ground = tag("rect", width=size, height=size, class_=f"{name}-ground")
    dot = tag("circle", cx=size / 2, cy=size / 2, r=radius, class_=f"{name}-line")
    return tag(
        "pattern", ground, dot, id=name, width=size, height=size, patternUnits="userSpaceOnUse"
    )


def patterns() -> Html:
    """Return every pattern that the pictures refer to, in a picture that shows nothing."""
    down = (3, 0, 3, 6)
    return tag(
        "svg",
        tag(
            "defs",
            stripes("e1", 7, (2, 0, 2, 7), turned=45),
            stripes("e2", 7, (2, 0, 2, 7), turned=-45),
            stripes("e3", 6, down),
            stripes("e4", 6, (0, 3, 6, 3)),
            stripes("fail", 6, (3, 0, 3, 6), (0, 3, 6, 3), turned=45),
            dots("chng", 6, 1.4),
            dots("unkn", 5, 0.9),
            stripes("doubt", 5, (2, 0, 2, 5), turned=45),
        ),
        class_="patterns",
        aria_hidden="true",
        width="0",
        height="0",
    )
