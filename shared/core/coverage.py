"""How well a drill was observed: samples, gaps, and the share of slots that were attempted."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from shared.core.evidence import Evidence
from shared.core.intervals import MS_PER_SECOND
from shared.core.samples import Instant, Outcome, Sample
from shared.core.slots import Gap, gaps, is_gap

ATTEMPTED_SHARE_MIN = 0.99
"""Below this share of its slots a drill was not observed as closely as it promises."""


SPACINGS_MIN = 10
"""Fewer spacings between attempts say nothing of how often a series was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often one series was to be asked, and how often it was, counted in slots."""

    series: str
    every_seconds: float
    median_seconds: float | None
    """Between two attempts; None of a series with too few of them."""
    attempted: int
    expected: int

    @property
    def is_slow(self) -> bool:
        """More than half of its attempts came later than they should."""
        return self.median_seconds is not None and self.median_seconds > self.every_seconds

    @property
    def share(self) -> float:
        """The share of its slots that were attempted."""
        return self.attempted / self.expected

    @property
    def seconds_on_average(self) -> float | None:
        """How far its attempts lay apart, gaps included; None of a series that was never asked."""
        if not self.attempted:
            return None
        return round(self.every_seconds * self.expected / self.attempted, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the samples of a drill amount to."""

    count: int
    failed: int
    gaps: tuple[Gap, ...]
    attempted: int
    expected: int
    paces: tuple[Pace, ...] = ()

    @property
    def attempted_share(self) -> float:
        """The share of slots that were attempted, rounded down: 1 only when all were."""
        return int(10_000 * self.attempted / self.expected) / 10_000 if self.expected else 1.0

    @property
    def is_thin(self) -> bool:
        """So many slots were not attempted that the report must say so first."""
        return self.attempted_share < ATTEMPTED_SHARE_MIN


def cover(evidence: Evidence, required: Iterable[str]) -> Coverage:
    """Count what was sampled of every series, the required ones also when they have no sample."""
    series = {**{name: [] for name in required}, **evidence.series}
    ends = [s.asked_at for of_it in series.values() for s in (*of_it[:1], *of_it[-1:])]
    first, last = min(ends, default=0), max(ends, default=-1)
    found: list[Gap] = []
    paces: list[Pace] = []
    for name in sorted(series) if ends else ():
        every_ms, bridged = evidence.every_ms(name), evidence.omitted(name)
        asked = _with_far_ends([s.asked_at for s in series[name]], first, last, every_ms)
        found.extend(gaps(name, asked, every_ms, bridged))
        slot_at = evidence.numbering(name)
        slots = sorted({slot_at(s.asked_at) for s in series[name]})
        left_out_before = {slot_at(at): number for at, number in bridged.items()}
        pace = Pace(
            series=name,
            every_seconds=every_ms / MS_PER_SECOND,
            median_seconds=_median_seconds(slots, left_out_before, every_ms),
            # Of those that were left out each had a slot of its own.
            attempted=len(slots) + sum(bridged.values()),
            expected=asked[-1] // every_ms - asked[0] // every_ms + 1,
        )
        paces.append(pace)
    left_out = sum(sum(evidence.omitted(name).values()) for name in series)
    return Coverage(
        count=sum(map(len, series.values())) + left_out,
        failed=sum(_failed(of_it, evidence.omitted(name)) for name, of_it in series.items()),
        gaps=tuple(sorted(found, key=lambda gap: (gap.after, gap.until, gap.series))),
        attempted=sum(pace.attempted for pace in paces),
        expected=sum(pace.expected for pace in paces),
        paces=tuple(paces),
    )


def _median_seconds(
    slots: Sequence[int], left_out_before: Mapping[int, int], every_ms: int
) -> float | None:
    """Return the median time between two attempts, in whole slots: jitter is no slowness."""
    spacings: Counter[int] = Counter()
    for one, other in pairwise(slots):
        left_out = left_out_before.get(other, 0)
        spacings[1 if left_out else other - one] += left_out + 1
    count = spacings.total()
    if count < SPACINGS_MIN:
        return None
    lengths = sorted(spacings)
    until = list(accumulate(spacings[length] for length in lengths))
    middle = [lengths[bisect_right(until, place)] for place in ((count - 1) // 2, count // 2)]
    return sum(middle) * every_ms / (2 * MS_PER_SECOND)


def _with_far_ends(
    asked: Sequence[Instant], first: Instant, last: Instant, every_ms: int
) -> list[Instant]:
    """Stretch a series to the whole observation where it began too late or stopped too early."""
    if not asked:
        return [first, last]
    begin = [first] if is_gap(first, asked[0], every_ms) else []
    end = [last] if is_gap(asked[-1], last, every_ms) else []
    return [*begin, *asked, *end]


def _failed(samples: Sequence[Sample], omitted: Mapping[Instant, int]) -> int:
    """Count what failed, and with it what was left out before it because it had failed alike."""
    failed = [sample.asked_at for sample in samples if sample.outcome is not Outcome.OK]
    return len(failed) + (sum(omitted.get(at, 0) for at in failed) if omitted else 0)
