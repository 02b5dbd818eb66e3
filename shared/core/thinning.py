"""A timeline thinned to what a report needs: samples that say the same as their neighbours go. Pure.

Most minutes of a drill are alike. Of a stretch of good samples that differ in nothing but their
times, one in every slot and each answered before the next was asked, only the first and the last
are kept, and those beside the instants from which or to which anything is sought; of the others it
is noted that they were there. A report of what is left is the report of all, to the byte. What is
out of the ordinary is kept whole: failures, answers late or out of order, several writers at once.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter

from shared.core.packing import LASTED, MS, SECOND_MS, STEPS, WORDS, Block, Word
from shared.core.samples import LOST, STALE, Instant, Omitted, Outcome, Sample
from shared.core.slots import ARM_SERIES

KEPT_MIN = 8
"""A stretch that is shorter is not worth it."""
BESIDE = 2
"""How many samples are kept on either side of an instant."""
PLAIN = frozenset({STALE, LOST})
"""Of the details, those that are counted one by one."""


@dataclass(frozen=True, slots=True)
class Run:
    """Samples of a block that are alike, one in every slot, as places in it."""

    block: Block
    first: int
    last: int
    second: int
    """In which the first was asked."""
    ttl_seconds: int
    is_alike: bool

    @property
    def count(self) -> int:
        """How many they are."""
        return self.last - self.first + 1
