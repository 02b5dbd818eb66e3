"""Samples to a few bytes and back, exactly.

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
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, pairwise, repeat
from typing import Any, NamedTuple

from shared.core.samples import Outcome, Sample

VERSION = 2
VERSION_WITHOUT_LATENCY = 1
VERSIONS = (VERSION_WITHOUT_LATENCY, VERSION)
HEAD = struct.Struct("<I")
SECOND_MS = 1_000
WIDTHS = (("b", 1 << 7), ("h", 1 << 15), ("i", 1 << 31), ("q", 1 << 63))
TENTHS = 10
STEPS, MS, LASTED, WORDS = range(4)
"""Of the columns: seconds from one sample to the next, the milliseconds of the second in which it
was asked, how long it lasted, and which word it says."""
COLUMNS_WITHOUT_LATENCY = 5
HEADS_KEPT = 256
"""Most minutes of a drill have the same series and words: the text is read once."""
WORD_WITHOUT_LATENCY = 4

Word = tuple[str, str, int | None, bool, bool, str]


def pack(samples: Iterable[Sample]) -> bytes:
    """Return the samples as bytes; within a series they keep their order."""
    by_series: dict[str, list[Sample]] = {}
    for sample in samples:
        by_series.setdefault(sample.series, []).append(sample)
    ordered = list(chain.from_iterable(by_series.values()))
    words: dict[Word, int] = {}
    columns = [
        _steps([s.asked_at // SECOND_MS for s in ordered]),
        [s.asked_at % SECOND_MS for s in ordered],
        [s.answered_at - s.asked_at for s in ordered],
        [words.setdefault(_word(s), len(words)) for s in ordered],
        _steps([s.ttl_seconds or 0 for s in ordered]),
        # What rounding outward added: a narrow number, unlike the latency itself.
        [0 if s.took_tenths is None else _rounded(s) - s.took_tenths for s in ordered],
    ]
    widths = "".join(map(_width, columns))
    head = json.dumps(
        {
            "series": [(name, len(of_it)) for name, of_it in by_series.items()],
            "words": list(words),
            "widths": widths,
        },
        separators=(",", ":"),
    ).encode()
    body = (struct.pack(f"<{len(ordered)}{w}", *c) for w, c in zip(widths, columns, strict=True))
    return bytes((VERSION,)) + zlib.compress(b"".join((HEAD.pack(len(head)), head, *body)))


def unpack(packed: bytes, writer: str = "") -> Iterator[Sample]:
    """Yield the samples, series by series, as that writer's; ValueError if it is no such text."""
    return chain.from_iterable(block.samples() for block in blocks(packed, writer))


def blocks(packed: bytes, writer: str = "") -> list["Block"]:
    """Return each series' samples as they are packed, to be looked at without making them."""
    if not packed or packed[0] not in VERSIONS:
        raise ValueError(f"Packed samples of version {packed[:1].hex()!r}: this reads {VERSIONS}.")
    try:
        plain = zlib.decompress(packed[1:])
        (length,) = HEAD.unpack_from(plain)
        head = _head(plain[HEAD.size : HEAD.size + length])
        row = _Row(head, _columns(head, plain, HEAD.size + length), writer)
        return list(_cut(row))
    except (zlib.error, struct.error, KeyError, TypeError) as error:
        raise ValueError(f"Packed samples cannot be read: {error}.") from error


def _cut(row: "_Row") -> Iterator["Block"]:
    begin, second, ttl_seconds = 0, 0, 0
    steps, *_, ttls = row.columns[:COLUMNS_WITHOUT_LATENCY]
    for name, count in row.head.series:
        end = begin + count
        if count:
            yield Block(name, row, begin, end, second + steps[begin], ttl_seconds + ttls[begin])
        second += sum(steps[begin:end])
        ttl_seconds += sum(ttls[begin:end])
        begin = end


@dataclass(frozen=True, slots=True)
class Block:
    """One series' samples of a row: columns, from which samples are made when they are wanted."""

    series: str
    row: "_Row"
    begin: int
    end: int
    second: int
    """In which its first sample was asked."""
    ttl_seconds: int

    @property
    def writer(self) -> str:
        """Whose row it is of."""
        return self.row.writer

    def column(self, number: int) -> tuple[int, ...]:
        """Return its part of a column."""
        return self.row.columns[number][self.begin : self.end]

    def word(self, at: int) -> Word:
        """Return what the sample at that place says besides its times."""
        return self.row.head.words[self.row.columns[WORDS][self.begin + at]]

    def samples(self) -> Iterator[Sample]:
        """Yield all its samples."""
        return self.some(0, self.end - self.begin, self.second, self.ttl_seconds)

    def some(self, first: int, last: int, second: int, ttl_seconds: int) -> Iterator[Sample]:
        """Yield its samples from one place to before another; second and TTL are the first's."""
        begin, end = self.begin + first, self.begin + last
        steps, ms, lasted, words, ttls, *added = (c[begin:end] for c in self.row.columns)
        if not steps:
            return iter(())
        known = self.row.head.known
        has_ttl, has_took = known.has_ttl, known.has_took
        seconds = accumulate(steps[1:], initial=second)
        asked = [s * SECOND_MS + m for s, m in zip(seconds, ms, strict=True)]
        rounding = added[0] if added else words
        left = accumulate(ttls[1:], initial=ttl_seconds)
        return map(
            Sample,
            repeat(self.series),
            asked,
            [at + took for at, took in zip(asked, lasted, strict=True)],
            map(known.outcomes.__getitem__, words),
            map(known.answers.__getitem__, words),
            map(known.codes.__getitem__, words),
            [ttl if has_ttl[w] else None for ttl, w in zip(left, words, strict=True)],
            repeat(self.writer),
            map(known.details.__getitem__, words),
            [
                whole * TENTHS - more if has_took[w] else None
                for whole, more, w in zip(lasted, rounding, words, strict=True)
            ],
        )


def _word(sample: Sample) -> Word:
    has_ttl, has_took = sample.ttl_seconds is not None, sample.took_tenths is not None
    return (sample.outcome, sample.answer, sample.code, has_ttl, has_took, sample.detail)


def _rounded(sample: Sample) -> int:
    return (sample.answered_at - sample.asked_at) * TENTHS


def _steps(values: Sequence[int]) -> list[int]:
    """Return the first value, then each one's distance from the one before."""
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def _width(values: Sequence[int]) -> str:
    low, high = min(values, default=0), max(values, default=0)
    return next(code for code, limit in WIDTHS if -limit <= low and high < limit)


def _columns(head: "_Head", plain: bytes, offset: int) -> list[tuple[int, ...]]:
    columns: list[tuple[int, ...]] = []
    for width in head.widths:
        column = struct.Struct(f"<{head.size}{width}")
        columns.append(column.unpack_from(plain, offset))
        offset += column.size
    return columns


class _Head(NamedTuple):
    """What a row says of its columns."""

    series: Sequence[tuple[str, int]]
    size: int
    widths: str
    words: Sequence[Word]
    known: "_Dictionary"


class _Row(NamedTuple):
    """A row, unpacked but for its samples."""

    head: _Head
    columns: list[tuple[int, ...]]
    writer: str


@lru_cache(HEADS_KEPT)
def _head(text: bytes) -> _Head:
    told = json.loads(text)
    series = [(name, count) for name, count in told["series"]]
    known = _dictionary(told["words"])
    whole = [_whole(word) for word in told["words"]]
    return _Head(series, sum(count for _, count in series), told["widths"], whole, known)


class _Dictionary(NamedTuple):
    """The words, column by column."""

    outcomes: Sequence[Outcome]
    answers: Sequence[str]
    codes: Sequence[int | None]
    has_ttl: Sequence[bool]
    has_took: Sequence[bool]
    details: Sequence[str]


def _dictionary(words: Iterable[Sequence[Any]]) -> _Dictionary:
    whole = [_whole(word) for word in words]
    outcomes, *others = zip(*whole, strict=True) if whole else ((),) * len(_Dictionary._fields)
    return _Dictionary(tuple(map(Outcome, outcomes)), *others)


def _whole(word: Sequence[Any]) -> Word:
    """Return a word with what version 1 did not have."""
    return (*word, False, "") if len(word) == WORD_WITHOUT_LATENCY else tuple(word)
