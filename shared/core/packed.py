"""Packed samples, and how they are read: exactly, and no more of them than is wanted.

One byte of version, then zlib over: the length of a JSON head (four bytes, little-endian), the
head, and six columns of signed numbers, each as narrow as its widest value. Samples lie series by
series, so neighbours look alike; what repeats (outcome, answer, code, detail) is written once, in
the head. The writer is not packed: it is part of the row's key. Version 1, which had neither detail
nor latency, is read too.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple

from shared.core.samples import Outcome, Sample

VERSION = 2
VERSION_WITHOUT_LATENCY = 1
VERSIONS = (VERSION_WITHOUT_LATENCY, VERSION)
HEAD = struct.Struct("<I")
SECOND_MS = 1_000
TENTHS = 10
STEPS, MS, LASTED, WORDS, TTLS = range(5)
"""Of the columns: seconds from one sample to the next, the milliseconds of the second in which it
was asked, how long it lasted, which word it says, by how much its TTL differs."""
HEADS_KEPT = 256
"""Most minutes of a drill have the same series and words: the text is read once."""
WORD_WITHOUT_LATENCY = 4


class Word(NamedTuple):
    """What a sample says besides its times."""

    outcome: str
    answer: str
    code: int | None
    has_ttl: bool
    has_took: bool
    detail: str


class Head(NamedTuple):
    """What a row says of its columns."""

    series: Sequence[tuple[str, int]]
    size: int
    columns: Sequence[struct.Struct]
    words: Sequence[Word]
    known: "_Dictionary"


def unpack(packed: bytes, writer: str = "") -> Iterator[Sample]:
    """Yield the samples, series by series, as that writer's; ValueError if it is no such text."""
    return chain.from_iterable(block.samples() for block in open_row(packed, writer).blocks())


def open_row(packed: bytes, writer: str = "") -> "Opened":
    """Return a row's samples, to be looked at without making them; ValueError as above."""
    if not packed or packed[0] not in VERSIONS:
        raise ValueError(f"Packed samples of version {packed[:1].hex()!r}: this reads {VERSIONS}.")
    try:
        plain = zlib.decompress(packed[1:])
        (length,) = HEAD.unpack_from(plain)
        head = _head(plain[HEAD.size : HEAD.size + length])
    except (zlib.error, struct.error, KeyError, TypeError) as error:
        raise ValueError(f"Packed samples cannot be read: {error}.") from error
    return Opened(head, plain, HEAD.size + length, writer)


class Opened:
    """A row whose columns are read when they are asked for."""

    def __init__(self, head: Head, plain: bytes, offset: int, writer: str) -> None:
        self.head, self.writer, self._plain = head, writer, plain
        self._offsets = list(accumulate((c.size for c in head.columns), initial=offset))
        self._columns: dict[int, tuple[int, ...]] = {}
        if self._offsets[-1] > len(plain):
            raise ValueError("Packed samples cannot be read: they are cut off.")

    def raw(self, number: int) -> bytes:
        """Return a column as it is packed."""
        return self._plain[self._offsets[number] : self._offsets[number + 1]]

    @property
    def second(self) -> int:
        """In which its first sample was asked."""
        width = self.head.columns[STEPS].size // self.head.size
        return int.from_bytes(self.raw(STEPS)[:width], "little", signed=True)

    def steps_raw(self) -> bytes:
        """Return the seconds from one sample to the next as they are packed."""
        return self.raw(STEPS)[self.head.columns[STEPS].size // self.head.size :]

    def column(self, number: int) -> tuple[int, ...]:
        """Return a column."""
        if number not in self._columns:
            struct_of_it = self.head.columns[number]
            self._columns[number] = struct_of_it.unpack_from(self._plain, self._offsets[number])
        return self._columns[number]

    def columns(self) -> list[tuple[int, ...]]:
        """Return all of them."""
        return [self.column(number) for number in range(len(self.head.columns))]

    def blocks(self) -> Iterator["Block"]:
        """Yield each series' samples."""
        begin, second = 0, 0
        steps = self.column(STEPS)
        for name, size in self.head.series:
            if size:
                yield Block(name, self, begin, size, second + steps[begin])
            second += sum(steps[begin : begin + size])
            begin += size


class Block:
    """One series' samples of a row, from which samples are made when they are wanted."""

    __slots__ = ("_begin", "_end", "_row", "count", "second", "series")

    def __init__(self, series: str, row: Opened, begin: int, size: int, second: int) -> None:
        self.series, self._row, self.count = series, row, size
        self._begin, self._end = begin, begin + size
        self.second = second
        """In which its first sample was asked."""

    @property
    def writer(self) -> str:
        """Whose row it is of."""
        return self._row.writer

    def column(self, number: int) -> tuple[int, ...]:
        """Return its part of a column."""
        return self._row.column(number)[self._begin : self._end]

    def word(self, at: int) -> Word:
        """Return what the sample at that place says besides its times."""
        return self._row.head.words[self._row.column(WORDS)[self._begin + at]]

    def samples(self) -> Iterator[Sample]:
        """Yield all its samples."""
        return self.some(0, self.count)

    def some(self, first: int, end: int) -> Iterator[Sample]:
        """Yield its samples from one place to before another."""
        row, begin = self._row, self._begin + first
        steps, ms, lasted, words, ttls, *added = (
            column[begin : self._begin + end] for column in row.columns()
        )
        before = sum(row.column(STEPS)[self._begin + 1 : begin + 1])
        seconds = accumulate(steps[1:], initial=self.second + before)
        left = accumulate(ttls[1:], initial=sum(row.column(TTLS)[: begin + 1]))
        known = row.head.known
        has_ttl, has_took = known.has_ttl, known.has_took
        asked = [s * SECOND_MS + m for s, m in zip(seconds, ms, strict=True)]
        rounding = added[0] if added else words
        return map(
            Sample,
            repeat(self.series),
            asked,
            [at + took for at, took in zip(asked, lasted, strict=True)],
            map(known.outcomes.__getitem__, words),
            map(known.answers.__getitem__, words),
            map(known.codes.__getitem__, words),
            [ttl if has_ttl[w] else None for ttl, w in zip(left, words, strict=True)],
            repeat(row.writer),
            map(known.details.__getitem__, words),
            [
                whole * TENTHS - more if has_took[w] else None
                for whole, more, w in zip(lasted, rounding, words, strict=True)
            ],
        )


@lru_cache(HEADS_KEPT)
def _head(text: bytes) -> Head:
    told = json.loads(text)
    series = [(name, size) for name, size in told["series"]]
    size = sum(of_it for _, of_it in series)
    columns = [struct.Struct(f"<{size}{width}") for width in told["widths"]]
    words = [_whole(word) for word in told["words"]]
    return Head(series, size, columns, words, _dictionary(words))


class _Dictionary(NamedTuple):
    """The words, column by column."""

    outcomes: Sequence[Outcome]
    answers: Sequence[str]
    codes: Sequence[int | None]
    has_ttl: Sequence[bool]
    has_took: Sequence[bool]
    details: Sequence[str]


def _dictionary(words: Iterable[Word]) -> _Dictionary:
    outcomes, *others = zip(*words, strict=True) if words else ((),) * len(_Dictionary._fields)
    return _Dictionary(tuple(map(Outcome, outcomes)), *others)


def _whole(word: Sequence[Any]) -> Word:
    """Return a word with what version 1 did not have."""
    more = (False, "") if len(word) == WORD_WITHOUT_LATENCY else ()
    return Word(*word, *more)
