"""One series of a timeline, thinned: what of it a report needs, block by block. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.core.packed import LASTED, MS, SECOND_MS, STEPS, WORDS, Block, Word
from shared.core.samples import LOST, STALE, Instant, Omitted, Sample
from shared.core.slots import LOST_IN_A_ROW_MAX

ENDS = LOST_IN_A_ROW_MAX + 1
"""How many are kept at either end of a stretch: beside an outage the others may be lost packets."""
ALIKE_MIN = 8
"""A shorter stretch is not worth it."""
BESIDE = 2
"""How many samples are kept on either side of an instant, and more while answers are awaited."""
COUNTED = frozenset({STALE, LOST})
"""Details of which every one is counted."""


class Thinned(NamedTuple):
    """What is kept, and what is noted of the rest."""

    samples: list[Sample]
    omitted: list[Omitted]


def changes(kept: Iterable[Sample]) -> set[Instant]:
    """Return the times of the samples on both sides of every change."""
    found: set[Instant] = set()
    for one, other in pairwise(sorted(kept, key=_asked_at)):
        if (one.outcome, one.answer) != (other.outcome, other.answer):
            found |= {one.asked_at, one.answered_at, other.asked_at, other.answered_at}
    return found


class Alike(NamedTuple):
    """A block whose samples say the same, one in every slot, answered in order."""

    block: Block
    word: Word
    last_second: int
    """In which the last of them was asked."""
    first_answered_at: Instant
    last_answered_at: Instant
    longest_ms: int
    """Until an answer."""


def alike_of(block: Block, every_ms: int) -> Alike | None:
    """Return the block if all that it holds is alike."""
    count, words, step = block.count, block.column(WORDS), every_ms // SECOND_MS
    if count < ALIKE_MIN or words.count(words[0]) != count:
        return None
    word = block.word(0)
    if word.detail in COUNTED or block.column(STEPS)[1:] != (step,) * (count - 1):
        return None
    ms, lasted = block.column(MS), block.column(LASTED)
    longest = max(lasted)
    if longest - min(lasted) > every_ms - (max(ms) - min(ms)):
        return None
    last = block.second + step * (count - 1)
    first_answered_at = block.second * SECOND_MS + ms[0] + lasted[0]
    last_answered_at = last * SECOND_MS + ms[-1] + lasted[-1]
    return Alike(block, word, last, first_answered_at, last_answered_at, longest)


class Stretch:
    """Blocks that are alike, one after the other, as far as they were taken."""

    def __init__(self, alike: Alike) -> None:
        self.last = alike
        self.kept_at: Instant = 0
        """When the newest that was kept was asked."""
        self.waiting = alike.block.count
        """How many have come since."""


class SeriesThinning:
    """Thins one series."""

    def __init__(self, every_ms: int, edges: Sequence[Instant]) -> None:
        self._every_ms, self._step = every_ms, every_ms // SECOND_MS
        self._edges = edges
        self._stretch: Stretch | None = None
        self.result = Thinned([], [])

    def take(self, blocks: Sequence[Block]) -> None:
        """Take what the next window holds of the series: one block, or one of each writer."""
        alike = alike_of(blocks[0], self._every_ms) if len(blocks) == 1 else None
        if alike is not None:
            self._extend(alike)
        else:
            self.finish()
            self._cut(blocks)

    def skip(self, block: Block, windows: int) -> None:
        """Take so many windows that are like the one before and hold nothing that is kept.

        The block is the last one's.
        """
        alike, stretch = alike_of(block, self._every_ms), self._stretch
        if alike is not None and stretch is not None:
            stretch.last = alike
            stretch.waiting += windows * block.count

    def finish(self) -> None:
        """Keep the end of what was alike."""
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            count = stretch.last.block.count
            self._keep(stretch, count - min(ENDS, stretch.waiting), count)

    # -- rows in which nothing changes -------------------------------------------------------------

    def _extend(self, alike: Alike) -> None:
        stretch = self._stretch
        if stretch is not None and self._follows(stretch.last, alike):
            stretch.last = alike
            stretch.waiting += alike.block.count
        else:
            self.finish()
            stretch = self._stretch = Stretch(alike)
            self._keep(stretch, 0, ENDS)
        for first, end in _joined(self._beside_edges(alike)):
            # What has been kept of the block already is what does not wait any more.
            self._keep(stretch, max(first, alike.block.count - stretch.waiting), end)

    def _follows(self, before: Alike, alike: Alike) -> bool:
        """The block goes on as the one before did."""
        return (
            alike.block.second - before.last_second == self._step
            and before.word == alike.word
            and before.block.writer == alike.block.writer
            and before.last_answered_at <= alike.first_answered_at
        )

    def _keep(self, stretch: Stretch, first: int, end: int) -> None:
        """Keep these places of the stretch's last block, and note what was left out before."""
        block = stretch.last.block
        if first >= end:
            return
        left_out = stretch.waiting - (block.count - first)
        kept = list(block.some(first, end))
        if left_out:
            note = Omitted(block.series, stretch.kept_at, kept[0].asked_at, left_out)
            self.result.omitted.append(note)
        self.result.samples.extend(kept)
        stretch.kept_at, stretch.waiting = kept[-1].asked_at, block.count - end

    def _beside_edges(self, alike: Alike) -> Iterator[tuple[int, int]]:
        """Yield from where to where samples of the block lie beside an instant, in order."""
        every_ms, first_at = self._every_ms, alike.block.second * SECOND_MS
        awaited = alike.longest_ms // every_ms + 1
        beside_ms = (BESIDE + awaited + 1) * every_ms
        last_at = alike.last_second * SECOND_MS + beside_ms
        for at in range(bisect_left(self._edges, first_at - beside_ms), len(self._edges)):
            if self._edges[at] > last_at:
                return
            place = (self._edges[at] - first_at) // every_ms
            yield max(0, place - BESIDE - awaited), min(alike.block.count, place + BESIDE + 1)

    # -- rows in which something changes -----------------------------------------------------------

    def _cut(self, blocks: Sequence[Block]) -> None:
        """Thin what is alike within a window; keep it whole if it is of several writers."""
        samples = [sample for block in blocks for sample in block.samples()]
        if len(blocks) > 1:
            self.result.samples.extend(samples)
            return
        samples.sort(key=_asked_at)
        first = 0
        for at in range(1, len(samples) + 1):
            if at == len(samples) or not self._goes_on(samples[at - 1], samples[at]):
                self._take_run(samples[first:at])
                first = at

    def _goes_on(self, one: Sample, other: Sample) -> bool:
        """The other says the same, in the next slot, answered later."""
        is_next = other.asked_at // SECOND_MS - one.asked_at // SECOND_MS == self._step
        return is_next and other.answered_at >= one.answered_at and _says(one) == _says(other)

    def _take_run(self, run: Sequence[Sample]) -> None:
        if len(run) < ALIKE_MIN or run[0].detail in COUNTED:
            self.result.samples.extend(run)
            return
        places = {*range(ENDS), *range(len(run) - ENDS, len(run)), *self._edges_in(run)}
        before = -1
        for at in sorted(places):
            if at - before > 1:
                one, other = run[before], run[at]
                note = Omitted(one.series, one.asked_at, other.asked_at, at - before - 1)
                self.result.omitted.append(note)
            self.result.samples.append(run[at])
            before = at

    def _edges_in(self, run: Sequence[Sample]) -> Iterator[int]:
        awaited_ms = max(sample.answered_at - sample.asked_at for sample in run)
        awaited = awaited_ms // self._every_ms + 1
        beside_ms = (BESIDE + awaited + 1) * self._every_ms
        for edge in self._edges[bisect_left(self._edges, run[0].asked_at - beside_ms) :]:
            if edge > run[-1].asked_at + beside_ms:
                return
            place = bisect_left(run, edge, key=_asked_at)
            yield from range(max(0, place - BESIDE - awaited), min(len(run), place + BESIDE))


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ranges that come in order of their beginnings, those that touch as one."""
    joined: tuple[int, int] | None = None
    for begin, end in ranges:
        if joined is None:
            joined = (begin, end)
        elif begin <= joined[1]:
            joined = (joined[0], max(joined[1], end))
        else:
            yield joined
            joined = (begin, end)
    if joined is not None:
        yield joined


def _asked_at(sample: Sample) -> Instant:
    return sample.asked_at


def _says(sample: Sample) -> tuple[object, ...]:
    """Return what a sample says besides its times."""
    has = sample.ttl_seconds is None, sample.took_tenths is None
    return sample.outcome, sample.answer, sample.code, sample.detail, has
