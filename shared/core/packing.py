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
    if not packed or packed[0] not in VERSIONS:
        raise ValueError(f"Packed samples of version {packed[:1].hex()!r}: this reads {VERSIONS}.")
    try:
        plain = zlib.decompress(packed[1:])
        (length,) = HEAD.unpack_from(plain)
        head = json.loads(plain[HEAD.size : HEAD.size + length])
        columns = _columns(head, plain, HEAD.size + length)
        known = _dictionary(head["words"])
    except (zlib.error, struct.error, KeyError, TypeError) as error:
        raise ValueError(f"Packed samples cannot be read: {error}.") from error
    return _samples(head, columns, known, writer)


def _samples(
    head: dict[str, Any], columns: list[tuple[int, ...]], known: "_Dictionary", writer: str
) -> Iterator[Sample]:
    seconds, ms, lasted, words, ttls, *added = columns
    asked = [s * SECOND_MS + m for s, m in zip(accumulate(seconds), ms, strict=True)]
    has_ttl, has_took = known.has_ttl, known.has_took
    rounding = added[0] if added else words
    took = [
        whole * TENTHS - more if has_took[w] else None
        for whole, more, w in zip(lasted, rounding, words, strict=True)
    ]
    return map(
        Sample,
        chain.from_iterable(repeat(name, count) for name, count in head["series"]),
        asked,
        [at + took for at, took in zip(asked, lasted, strict=True)],
        map(known.outcomes.__getitem__, words),
        map(known.answers.__getitem__, words),
        map(known.codes.__getitem__, words),
        [ttl if has_ttl[w] else None for ttl, w in zip(accumulate(ttls), words, strict=True)],
        repeat(writer),
        map(known.details.__getitem__, words),
        took,
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


def _columns(head: dict[str, Any], plain: bytes, offset: int) -> list[tuple[int, ...]]:
    count = sum(of_it for _, of_it in head["series"])
    columns: list[tuple[int, ...]] = []
    for width in head["widths"]:
        column = struct.Struct(f"<{count}{width}")
        columns.append(column.unpack_from(plain, offset))
        offset += column.size
    return columns


class _Dictionary(NamedTuple):
    """The words, column by column."""

    outcomes: Sequence[Outcome]
    answers: Sequence[str]
    codes: Sequence[int | None]
    has_ttl: Sequence[bool]
    has_took: Sequence[bool]
    details: Sequence[str]


def _dictionary(words: Iterable[Sequence[Any]]) -> _Dictionary:
    whole = [(*word, False, "") if len(word) == WORD_WITHOUT_LATENCY else word for word in words]
    outcomes, *others = zip(*whole, strict=True) if whole else ((),) * len(_Dictionary._fields)
    return _Dictionary(tuple(map(Outcome, outcomes)), *others)
