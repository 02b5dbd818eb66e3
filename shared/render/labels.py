"""Puts labels where none lies on another and no line to one crosses another.

Every label stands at the head of a line that runs down to what it names, to the right of the line
or to the left of it. What holds in the narrowest picture holds in a wider one: places move apart.
"""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from shared.render.svg import WIDTH_PX_MIN, text_px

PADDING_PX = 10.0
"""Between a label's line and its text, and between two labels."""
FREE_SHARE_MIN = 0.1
"""However long a label is, this much of the picture is left for what it names."""


class Label(NamedTuple):
    """Words at an instant."""

    words: str
    at: float

    @property
    def width_px(self) -> float:
        """How much room the label takes, at most."""
        return text_px(self.words) + PADDING_PX


class Spot(NamedTuple):
    """Where a label stands: how far down, from where to where, and where its line is."""

    level: int
    left_px: float
    right_px: float
    line_px: float

    @property
    def is_left_of_its_line(self) -> bool:
        """The words end at the line instead of beginning there."""
        return self.left_px < self.line_px


def room_for(labels: Sequence[Label], first: float, last: float) -> float:
    """Return the end of a time axis from `first` on that every label fits to the left of."""
    shares = [max(FREE_SHARE_MIN, 1 - label.width_px / WIDTH_PX_MIN) for label in labels]
    ends = [first + (m.at - first) / share for m, share in zip(labels, shares, strict=True)]
    return max([last, *ends])


def spots(labels: Sequence[Label], lines_px: Sequence[float]) -> list[Spot]:
    """Return a spot for each label, in order of their lines, as high up as one is free."""
    found: list[Spot] = []
    for label, line in zip(labels, lines_px, strict=True):
        found.append(_highest(label.width_px, line, found))
    return found


def _highest(width: float, line: float, taken: Sequence[Spot]) -> Spot:
    # It ends: below all others and to the right, no line before it is in the way.
    right = (Spot(level, line, line + width, line) for level in count())
    left = (Spot(level, line - width, line, line) for level in count())
    candidates = (spot for pair in zip(right, left, strict=True) for spot in pair)
    return next(
        spot
        for spot in candidates
        if spot.left_px >= 0 and all(_are_apart(spot, other) for other in taken)
    )


def _are_apart(one: Spot, other: Spot) -> bool:
    if one.level == other.level:
        return one.right_px <= other.left_px or other.right_px <= one.left_px
    upper, lower = (one, other) if one.level < other.level else (other, one)
    return not lower.left_px < upper.line_px < lower.right_px
