"""Puts labels where none lies on another and no line to one crosses another."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.render.svg import WIDTH_PX_MIN, text_px

PADDING_PX = 10.0
"""Between a label's line and its text, and between two labels."""


class Label(NamedTuple):
    """Words beside a line at an instant; they stand to the right of it."""

    words: str
    at: float

    @property
    def width_px(self) -> float:
        """How much room the label takes, at most."""
        return text_px(self.words) + PADDING_PX


def room_for(labels: Sequence[Label], first: float, last: float) -> float:
    """Return the end of a time axis from `first` on that every label fits to the left of."""
    needed = (
        first + (label.at - first) / max(0.1, 1 - label.width_px / WIDTH_PX_MIN) for label in labels
    )
    return max(last, *needed) if labels else last


def levels(labels: Sequence[Label], places_px: Sequence[float]) -> list[int]:
    """Return each label's level from the top, for labels in order of their places.

    A label stands below all before it that reach as far as its line. So what its line crosses on
    the way down begins further right. Places further apart only make more room.
    """
    found: list[int] = []
    for at, place in enumerate(places_px):
        above = [
            found[earlier]
            for earlier in range(at)
            if places_px[earlier] + labels[earlier].width_px > place
        ]
        found.append(1 + max(above, default=-1))
    return found
