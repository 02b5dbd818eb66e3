"""A timeline thinned to what a report needs: samples that say what their neighbours say go. Pure.

Most minutes of a drill are alike. Of a stretch of samples that differ in nothing but their times,
one in every slot and answered in the order of asking, the two at either end are kept, and those
beside the instants from which or to which anything is sought; of the others it is noted that they
were there. The report of what is left is the report of all, to the byte. What is out of the
ordinary stays whole: answers out of order, several writers at once, whatever is counted one by one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import sub
from typing import NamedTuple

from shared.core.packed import LASTED, MS, SECOND_MS, WORDS, Block, Head, Opened, open_row
from shared.core.samples import Instant
from shared.core.stretches import BESIDE, SeriesThinning, Thinned, alike_of, changes

BOUNDING = ("monitor/", "power/")
"""Series whose changes bound where others are searched."""
EveryMs = Callable[[str], int]


class PackedRow(NamedTuple):
    """A row, and the window whose samples it holds."""

    window: str
    packed: bytes
    writer: str


class _Reach(NamedTuple):
    """From when to when an instant would have samples of a window kept beside it."""

    since: Instant
    until: Instant

    def has_any(self, edges: Sequence[Instant]) -> bool:
        """One of the instants lies there."""
        at = bisect_left(edges, self.since)
        return at < len(edges) and edges[at] <= self.until


def thin(rows: Iterable[PackedRow], every_ms: EveryMs, instants: Iterable[Instant]) -> Thinned:
    """Return the samples of rows, in order of their keys, without what a report does not need.

    `every_ms` tells how far the attempts of a series lie apart.
    """
    by_window = groupby(rows, key=lambda row: row.window)
    windows = [[open_row(r.packed, r.writer) for r in of_window] for _, of_window in by_window]
    calm = _Calm(every_ms).of(windows)
    edges = set(instants)
    for kept in _bounding(windows, calm, every_ms, sorted(edges)):
        edges |= changes(kept.samples)
    return _thinned(windows, calm, every_ms, sorted(edges))


def _bounding(
    windows: Sequence[Sequence[Opened]],
    calm: Sequence[_Reach | None],
    every_ms: EveryMs,
    edges: Sequence[Instant],
) -> list[Thinned]:
    """Return the series that bound where others are searched; what is calm on both sides goes."""
    of_series: dict[str, SeriesThinning] = {}
    for at, rows in enumerate(windows):
        if not all(calm[at : at + 2]):
            for series, blocks in _by_series(rows).items():
                if series.startswith(BOUNDING):
                    one = of_series.setdefault(series, SeriesThinning(every_ms(series), edges))
                    one.take(blocks)
    return _finished(of_series)


def _thinned(
    windows: Sequence[Sequence[Opened]],
    calm: Sequence[_Reach | None],
    every_ms: EveryMs,
    edges: Sequence[Instant],
) -> Thinned:
    of_series: dict[str, SeriesThinning] = {}
    skipped: list[Opened] = []
    for at, rows in enumerate(windows):
        reach = calm[at]
        if reach is not None and not reach.has_any(edges):
            skipped.append(rows[0])
            continue
        _skip(of_series, skipped)
        for series, blocks in _by_series(rows).items():
            if series not in of_series:
                of_series[series] = SeriesThinning(every_ms(series), edges)
            of_series[series].take(blocks)
    _skip(of_series, skipped)
    whole = Thinned([], [])
    for one in _finished(of_series):
        whole.samples.extend(one.samples)
        whole.omitted.extend(one.omitted)
    return whole


def _skip(of_series: Mapping[str, SeriesThinning], skipped: list[Opened]) -> None:
    if skipped:
        for block in skipped[-1].blocks():
            of_series[block.series].skip(block, len(skipped))
        skipped.clear()


def _finished(of_series: Mapping[str, SeriesThinning]) -> list[Thinned]:
    for one in of_series.values():
        one.finish()
    return [one.result for one in of_series.values()]


def _by_series(rows: Iterable[Opened]) -> dict[str, list[Block]]:
    found: dict[str, list[Block]] = {}
    for row in rows:
        for block in row.blocks():
            found.setdefault(block.series, []).append(block)
    return found


class _Shape(NamedTuple):
    """How the rows of one head lie in time, if all their series are asked steadily."""

    seconds: int
    """From one row to the next."""
    every_ms_min: int
    every_ms_max: int


class _Times(NamedTuple):
    """The extremes of a row's columns: how long answers took, series by series, and when asked."""

    longest: list[int]
    shortest: list[int]
    latest: int
    earliest: int


class _Calm:
    """Tells which windows are like the one before, in every series: nothing changes in them."""

    def __init__(self, every_ms: EveryMs) -> None:
        self._every_ms = every_ms
        self._shapes: dict[int, _Shape | None] = {}

    def of(self, windows: Sequence[Sequence[Opened]]) -> list[_Reach | None]:
        """Return for each window where instants matter to it; None if it is not calm."""
        found: list[_Reach | None] = [None] * len(windows)
        before: _Times | None = None
        for at in range(1, len(windows)):
            shape = self._same(windows[at - 1], windows[at])
            if shape is None:
                before = None
                continue
            one, other = windows[at - 1][0], windows[at][0]
            first, second = before or _times(one), _times(other)
            before = second
            if _in_order(first, second, shape) and (found[at - 1] or self._is_alike(one)):
                found[at] = _reach(other, shape, second)
        return found

    def _same(self, before: Sequence[Opened], after: Sequence[Opened]) -> _Shape | None:
        """Return how two windows lie, if both say the same in the same order."""
        if len(before) != 1 or len(after) != 1:
            return None
        (one,), (other,) = before, after
        if one.head is not other.head or one.writer != other.writer:
            return None
        if one.raw(WORDS) != other.raw(WORDS) or one.steps_raw() != other.steps_raw():
            return None
        shape = self._shape(one.head)
        return shape if shape and other.second - one.second == shape.seconds else None

    def _shape(self, head: Head) -> _Shape | None:
        if id(head) not in self._shapes:
            every = [self._every_ms(series) for series, _ in head.series]
            sizes = [size for _, size in head.series]
            spans = {ms // SECOND_MS * size for ms, size in zip(every, sizes, strict=True)}
            known = len(spans) == 1
            shape = _Shape(min(spans), min(every), max(every)) if known else None
            self._shapes[id(head)] = shape
        return self._shapes[id(head)]

    def _is_alike(self, row: Opened) -> bool:
        return all(alike_of(block, self._every_ms(block.series)) for block in row.blocks())


def _times(row: Opened) -> _Times:
    lasted, ms = row.column(LASTED), row.column(MS)
    longest, shortest, begin = [], [], 0
    for _, size in row.head.series:
        of_series = lasted[begin : begin + size]
        longest.append(max(of_series))
        shortest.append(min(of_series))
        begin += size
    return _Times(longest, shortest, max(ms), min(ms))


def _in_order(first: _Times, second: _Times, shape: _Shape) -> bool:
    """Every sample was answered before the one after it in its series, over both rows."""
    later = max(first.latest, second.latest) - min(first.earliest, second.earliest)
    longest = map(max, first.longest, second.longest)
    shortest = map(min, first.shortest, second.shortest)
    differs: int = max(map(sub, longest, shortest))
    return differs <= shape.every_ms_min - later


def _reach(row: Opened, shape: _Shape, times: _Times) -> _Reach:
    beside_ms = (BESIDE + 3) * shape.every_ms_max + max(times.longest)
    first_at = row.second * SECOND_MS
    return _Reach(first_at - beside_ms, first_at + shape.seconds * SECOND_MS + beside_ms)
