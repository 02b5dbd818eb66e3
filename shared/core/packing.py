"""Samples to a few bytes: the format is `packed.py`'s."""

import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count, groupby
from operator import itemgetter, sub

from shared.core.packed import HEAD, SECOND_MS, TENTHS, VERSION
from shared.core.samples import Sample

NARROWER, WIDEST = ("b", "h", "i"), "q"
"""How wide a column's numbers may be: one, two, four and eight bytes."""

Packed = tuple[str, str, int | None, bool, bool, str]
"""What a sample says besides its times, as in `packed.Word`."""


def pack(samples: Iterable[Sample]) -> bytes:
    """Return the samples as bytes; series come in order of their names, each in its own order."""
    # So most minutes of a drill have the same head, which is then read but once.
    ordered = sorted(samples, key=itemgetter(Sample._fields.index("series")))
    words, columns = _to_columns(ordered)
    packed = [_narrow(column) for column in columns]
    series = groupby(sample.series for sample in ordered)
    head = json.dumps(
        {
            "series": [(name, len(list(of_it))) for name, of_it in series],
            "words": words,
            "widths": "".join(width for width, _ in packed),
        },
        separators=(",", ":"),
    ).encode()
    body = (column for _, column in packed)
    return bytes((VERSION,)) + zlib.compress(b"".join((HEAD.pack(len(head)), head, *body)))


def _to_columns(ordered: Sequence[Sample]) -> tuple[list[Packed], list[Sequence[int]]]:
    """Return the words that samples say, and their numbers column by column."""
    # Column by column, not sample by sample: this is done six times a minute for every drill.
    by_field = zip(*ordered, strict=True) if ordered else ((),) * len(Sample._fields)
    _, asked, answered, outcomes, answers, codes, ttls, _, details, tooks = map(tuple, by_field)
    lasted = list(map(sub, answered, asked))
    has_ttl = [ttl is not None for ttl in ttls]
    has_took = [took is not None for took in tooks]
    says = zip(outcomes, answers, codes, has_ttl, has_took, details, strict=True)
    words: defaultdict[Packed, int] = defaultdict(count().__next__)
    columns: list[Sequence[int]] = [
        _steps([at // SECOND_MS for at in asked]),
        [at % SECOND_MS for at in asked],
        lasted,
        list(map(words.__getitem__, says)),  # a new word is given the next number
        _steps([ttl or 0 for ttl in ttls]),
        # What rounding outward added: a narrow number, unlike the latency itself.
        [
            0 if took is None else whole * TENTHS - took
            for whole, took in zip(lasted, tooks, strict=True)
        ],
    ]
    return list(words), columns


def _steps(values: Sequence[int]) -> list[int]:
    """Return the first value, then each one's distance from the one before."""
    return [*values[:1], *map(sub, values[1:], values)]


def _narrow(values: Sequence[int]) -> tuple[str, bytes]:
    """Return the numbers as narrow as the widest of them is, and how narrow that is."""
    for width in NARROWER:
        try:
            return width, struct.pack(f"<{len(values)}{width}", *values)
        except struct.error:
            continue
    return WIDEST, struct.pack(f"<{len(values)}{WIDEST}", *values)
