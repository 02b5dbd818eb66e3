"""Samples by owner and window, from the moment they are there until they are safely written.

An owner is a drill, or a profile whose baseline is taken. While storage fails, windows are held for
a time, and no more of them than the host has memory for; what is given up then is counted, and a
report states the gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.core.samples import Instant, Sample

MINUTE_MS = 60_000
HELD_MS_MAX = 30 * MINUTE_MS
"""Of an owner, while storage fails. Beyond it, the oldest window is given up."""
SAMPLES_HELD_MAX = 1_000_000
"""Of all owners: some 200 MB. A hundred drills are held for twenty minutes, a few for the whole
half hour."""


class Window(NamedTuple):
    """All that one writer has seen of one owner in one window so far: a row to be written."""

    owner: str
    start: Instant
    writer: str
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class _Held:
    writer: str
    samples: list[Sample] = field(default_factory=list)
    written: int = 0

    @property
    def is_changed(self) -> bool:
        return len(self.samples) > self.written


class Windows:
    """The windows that are open, or not yet written.

    `writer` must be new in every process: two writers never share a row.
    """

    def __init__(
        self,
        writer: str,
        window_ms: int = MINUTE_MS,
        samples_held_max: int = SAMPLES_HELD_MAX,
    ) -> None:
        self._writer, self._window_ms = writer, window_ms
        self._samples_held_max = samples_held_max
        self._held: dict[str, dict[Instant, _Held]] = {}
        self._count = 0
        self._sealed_until: Instant = -1
        self._reopened = 0
        self._lost = 0

    def add(self, owner: str, sample: Sample) -> None:
        """Put the sample into the window it was asked in."""
        start = sample.asked_at // self._window_ms * self._window_ms
        of_owner = self._held.setdefault(owner, {})
        held = of_owner.get(start)
        if held is None:
            held = of_owner[start] = _Held(self._writer_for(start))
            if len(of_owner) * self._window_ms > HELD_MS_MAX:
                self._give_up(owner, min(of_owner))
        held.samples.append(sample)
        self._count += 1
        if self._count > self._samples_held_max:
            self._give_up(*self._oldest())

    def changed(self) -> list[Window]:
        """Return the windows that have grown since they were last written, oldest first."""
        grown = (each for each in self._all() if each[2].is_changed)
        return [
            Window(owner, start, held.writer, tuple(held.samples))
            for start, owner, held in sorted(grown, key=lambda each: each[:2])
        ]

    def written(self, window: Window) -> None:
        """Note that this much of the window is safe."""
        held = self._held.get(window.owner, {}).get(window.start)
        if held is not None and held.writer == window.writer:
            held.written = len(window.samples)

    def take_lost(self) -> int:
        """Return how many samples had to be given up since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost

    def seal(self, before: Instant) -> None:
        """Let go of what is written and over: nothing asked before `before` can still come."""
        over = [
            (owner, start)
            for start, owner, held in self._all()
            if not held.is_changed and start + self._window_ms <= before
        ]
        for owner, start in over:
            self._let_go(owner, start)

    def _all(self) -> Iterator[tuple[Instant, str, _Held]]:
        return (
            (start, owner, held)
            for owner, of_owner in self._held.items()
            for start, held in of_owner.items()
        )

    def _oldest(self) -> tuple[str, Instant]:
        start, owner, _ = min(self._all(), key=lambda each: each[:2])
        return owner, start

    def _give_up(self, owner: str, start: Instant) -> None:
        given_up = self._let_go(owner, start)
        self._lost += len(given_up.samples) - given_up.written

    def _let_go(self, owner: str, start: Instant) -> _Held:
        self._sealed_until = max(self._sealed_until, start)
        held = self._held[owner].pop(start)
        self._count -= len(held.samples)
        if not self._held[owner]:
            del self._held[owner]
        return held

    def _writer_for(self, start: Instant) -> str:
        # A window that was let go comes back only if the wall clock was set back. Its row must not
        # be overwritten by the little that is new.
        if start > self._sealed_until:
            return self._writer
        self._reopened += 1
        return f"{self._writer}.{self._reopened}"
