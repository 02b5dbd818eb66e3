"""Samples in slots, gaps between them, and the stretch that proves a recovery.

A slot is one series' second (or interval), whoever wrote its samples; it has failed when all of
them failed. "In a row" means neighbouring slots that were attempted: a second lost to jitter does
not make two failures strangers, a gap does.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from shared.core.samples import Instant, Outcome, Sample

OUTCOME = itemgetter(Sample._fields.index("outcome"))
NONE: Mapping[Instant, int] = {}
GAP_INTERVALS = 3
"""More than this many intervals between two attempts is a gap: nothing is known of it."""

LOST_IN_A_ROW_MAX = 3
"""So many packets in a row may be lost: four, where one in twenty is, one time in 160,000."""


class Slot(NamedTuple):
    """What was asked of one series within one interval.

    `omitted` counts the slots before it that were left out because they say what it says.
    """

    samples: tuple[Sample, ...]
    failed: bool
    omitted: int = 0

    @property
    def failures(self) -> int:
        """How many slots failed, this one and those that were left out before it."""
        return 1 + self.omitted if self.failed else 0

    @property
    def asked_at(self) -> Instant:
        """When the slot was first attempted."""
        return self.samples[0].asked_at

    @property
    def last_asked_at(self) -> Instant:
        """When the slot was last attempted."""
        return self.samples[-1].asked_at


class Gap(NamedTuple):
    """A time without attempts: from the last before it to the first after it."""

    series: str
    after: Instant
    until: Instant


def to_slots(
    samples: Iterable[Sample],
    every_ms: int,
    stamped: Callable[[Instant], Instant] = int,
    omitted: Mapping[Instant, int] = NONE,
) -> list[Slot]:
    """Group one series' samples, in order of `asked_at`, into its slots.

    Slots are counted by the clock that stamped them; if it was set since, `stamped` tells how.
    `omitted` tells how many were left out before a sample.
    """
    return [
        Slot(group, Outcome.OK not in map(OUTCOME, group), omitted.get(group[0].asked_at, 0))
        for _, members in groupby(samples, key=lambda sample: stamped(sample.asked_at) // every_ms)
        for group in (tuple(members),)
    ]


def is_gap(before: Instant, after: Instant, every_ms: int) -> bool:
    """Two neighbouring attempts lie too far apart to speak for the time between them."""
    return after - before > GAP_INTERVALS * every_ms


def is_parted(before: Slot, after: Slot, every_ms: int) -> bool:
    """Two neighbouring slots have a gap between them."""
    return not after.omitted and is_gap(before.last_asked_at, after.asked_at, every_ms)


def gaps(
    series: str, asked: Sequence[Instant], every_ms: int, bridged: Container[Instant] = ()
) -> list[Gap]:
    """Return the gaps between a series' attempts, given in time order.

    Before those that are `bridged` there were others, which are not given.
    """
    return [
        Gap(series, before, after)
        for before, after in pairwise(asked)
        if is_gap(before, after, every_ms) and after not in bridged
    ]


def failed_in_a_row(slots: Sequence[Slot], every_ms: int) -> int:
    """Return how many of the newest slots failed, one after the other, with no gap between."""
    count = 0
    newer: Slot | None = None
    for slot in reversed(slots):
        apart = newer is not None and is_parted(slot, newer, every_ms)
        if not slot.failed or apart:
            break
        count, newer = count + 1, slot
    return count


class Served(StrEnum):
    """What a client's slot says of the recovery that is waited for."""

    WANTED = "wanted"
    """Served by whom it should be."""
    UNWANTED = "unwanted"
    """Answered, if only once, by whom it should have left."""
    FAILED = "failed"
    """Every attempt failed."""
    OTHER = "other"
    """Served by somebody unknown."""


class Recovery(NamedTuple):
    """Where the stretch that proves a recovery begins, as positions in the list of slots.

    `earliest` counts gaps as good, `latest` lets each restart the stretch. `whole` tells whether
    the latter was observed to its end; `observed_ms` how much of it was.
    """

    earliest: int | None
    latest: int | None
    whole: bool
    observed_ms: int


class Steadiness(NamedTuple):
    """How long a recovery must hold, from when on it is sought, and how often it was sampled."""

    since: Instant
    stability_ms: int
    every_ms: int


def find_recovery(
    slots: Sequence[Slot], served: Sequence[Served], steadiness: Steadiness
) -> Recovery:
    """Find the first stretch without unwanted answers and without two failures in a row.

    It begins with a wanted answer. One failure alone is a blip and restarts nothing.
    """
    earliest, _ = _first_stretch(slots, served, steadiness, gaps_restart=False)
    latest, observed_ms = _first_stretch(slots, served, steadiness, gaps_restart=True)
    return Recovery(earliest, latest, observed_ms >= steadiness.stability_ms, observed_ms)


def _first_stretch(
    slots: Sequence[Slot],
    served: Sequence[Served],
    steadiness: Steadiness,
    *,
    gaps_restart: bool,
) -> tuple[int | None, int]:
    start: int | None = None
    observed_ms = 0
    for at, breaks in enumerate(_breaks(slots, served, steadiness.every_ms, gaps_restart)):
        if breaks:
            start, observed_ms = None, 0
        if start is None and _may_begin(slots[at], served[at], steadiness.since):
            start = at
        if start is not None:
            # A slot speaks for its whole interval.
            observed_ms = slots[at].asked_at - slots[start].asked_at + steadiness.every_ms
        if start is not None and observed_ms >= steadiness.stability_ms:
            break
    return start, observed_ms


def _may_begin(slot: Slot, served: Served, since: Instant) -> bool:
    return served is Served.WANTED and slot.asked_at >= since


def _breaks(
    slots: Sequence[Slot], served: Sequence[Served], every_ms: int, gaps_restart: bool
) -> Iterable[bool]:
    """Yield for each slot whether a stretch cannot go on through it (or, after a gap, to it)."""
    before: Slot | None = None
    failed_before = False
    for slot, how in zip(slots, served, strict=True):
        after_gap = before is not None and is_parted(before, slot, every_ms)
        again = how is Served.FAILED and failed_before and not after_gap
        yield how is Served.UNWANTED or again or (after_gap and gaps_restart)
        before, failed_before = slot, how is Served.FAILED
