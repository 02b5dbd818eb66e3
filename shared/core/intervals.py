"""Interval arithmetic, in one place: instants known by sampling, and the time between two of them.

A switch seen between two samples is an interval, so every time measured has two bounds. Bounds may
be negative: of two effects that follow each other closely, either may be seen first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NamedTuple

from shared.core.samples import Instant

MS_PER_SECOND = 1000


class Verdict(StrEnum):
    """What sampling can say of a promise."""

    MET = "met"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"


class Comparison(StrEnum):
    """An observed time beside the one that the settings promise."""

    SLOWER = "slower"
    FASTER = "faster"
    WITHIN = "within"


class Interval(NamedTuple):
    """An instant: not before `after`, not later than `not_after`."""

    after: Instant
    not_after: Instant

    @property
    def width_seconds(self) -> float:
        """How sure the instant is: the sampling error."""
        return (self.not_after - self.after) / MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A time with two bounds; `seconds_max` is None where nothing bounds it.

    What is measured has a lower bound always. A promise may have none: minus infinity, which adds
    and compares like any bound, and leaves as `seconds_least`.
    """

    seconds_min: float
    seconds_max: float | None

    @property
    def seconds_least(self) -> float | None:
        """The lower bound; None where nothing bounds it."""
        return None if self.seconds_min == -inf else self.seconds_min

    def __add__(self, other: "Elapsed") -> "Elapsed":
        """Return the bounds of both, one after the other."""
        unbounded = self.seconds_max is None or other.seconds_max is None
        return Elapsed(
            _to_ms(self.seconds_min + other.seconds_min),
            None if unbounded else _to_ms((self.seconds_max or 0) + (other.seconds_max or 0)),
        )

    def __contains__(self, seconds: float) -> bool:
        """The time may have been this long."""
        return self.seconds_min <= seconds and not _exceeds(seconds, self.seconds_max)

    @property
    def width_seconds(self) -> float | None:
        """How far the bounds lie apart."""
        return None if self.seconds_max is None else _to_ms(self.seconds_max - self.seconds_min)


NOTHING = Elapsed(0.0, 0.0)
ANYTHING = Elapsed(-inf, None)
"""What neither bound is promised of."""


def between(start: Interval, end: Interval) -> Elapsed:
    """Return the bounds of the time from one instant to another."""
    return Elapsed(
        (end.after - start.not_after) / MS_PER_SECOND,
        (end.not_after - start.after) / MS_PER_SECOND,
    )


def at_least(start: Interval, not_before: Instant) -> Elapsed:
    """Return the bounds of the time to an end that was not seen up to `not_before`."""
    return Elapsed((not_before - start.not_after) / MS_PER_SECOND, None)


def total(parts: Iterable[Elapsed]) -> Elapsed:
    """Return the bounds of all of them, one after the other."""
    return sum(parts, start=NOTHING)


def compare(observed: Elapsed, promised: Elapsed) -> Comparison:
    """Say whether an observed time lies beyond the promised one, whatever its truth is."""
    if _exceeds(observed.seconds_min, promised.seconds_max):
        return Comparison.SLOWER
    if _exceeds(promised.seconds_min, observed.seconds_max):
        return Comparison.FASTER
    return Comparison.WITHIN


def meets(one: Elapsed, other: Elapsed) -> bool:
    """Some time lies within the bounds of both."""
    return compare(one, other) is Comparison.WITHIN


def lies_within(one: Elapsed, other: Elapsed) -> bool:
    """Whatever the first truly is, it lies within the bounds of the other."""
    return one.seconds_min >= other.seconds_min and (
        other.seconds_max is None
        or (one.seconds_max is not None and one.seconds_max <= other.seconds_max)
    )


def judge(elapsed: Elapsed, promised_seconds: float) -> Verdict:
    """Compare a bounded measurement with a promise."""
    if elapsed.seconds_max is not None and elapsed.seconds_max <= promised_seconds:
        return Verdict.MET
    if elapsed.seconds_min > promised_seconds:
        return Verdict.MISSED
    return Verdict.INCONCLUSIVE


def in_words(seconds: float | None) -> str:
    """Return the time to the millisecond, for a sentence."""
    if seconds is None:
        return "unbounded"
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def bounds_in_words(elapsed: Elapsed) -> str:
    """Return both bounds to the millisecond, for a sentence."""
    least, most = elapsed.seconds_least, elapsed.seconds_max
    if most is None:
        return "nothing" if least is None else f"at least {in_words(least)} s"
    return f"{'at most' if least is None else f'{in_words(least)} to'} {in_words(most)} s"


def _exceeds(seconds: float, seconds_max: float | None) -> bool:
    return seconds_max is not None and seconds > seconds_max


def _to_ms(seconds: float) -> float:
    # All times are whole milliseconds; this removes what adding binary fractions leaves behind.
    return round(seconds, 3)
