"""Samples by drill and minute, from the moment they are there until they are safely written."""

from dataclasses import dataclass, field
from typing import NamedTuple

from shared.core.samples import Instant, Sample

MINUTE_MS = 60_000
MINUTES_HELD_MAX = 30
"""Of a drill, while storage fails: some megabytes. Beyond it, the oldest minute is given up."""


class Window(NamedTuple):
    """All that one writer has seen of one drill in one minute so far: a row to be written."""

    drill_id: str
    minute: Instant
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
    """The minutes that are open, or not yet written.

    `writer` must be new in every process: two writers never share a row.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._held: dict[tuple[str, Instant], _Held] = {}
        self._sealed_until: Instant = -1
        self._reopened = 0
        self._lost = 0

    def add(self, drill_id: str, sample: Sample) -> None:
        """Put the sample into the minute it was asked in."""
        minute = sample.asked_at // MINUTE_MS * MINUTE_MS
        held = self._held.get((drill_id, minute))
        if held is None:
            held = self._held[drill_id, minute] = _Held(self._writer_for(minute))
            self._give_up_oldest(drill_id)
        held.samples.append(sample)

    def changed(self) -> list[Window]:
        """Return the minutes that have grown since they were last written, oldest first."""
        return sorted(
            Window(drill_id, minute, held.writer, tuple(held.samples))
            for (drill_id, minute), held in self._held.items()
            if held.is_changed
        )

    def written(self, window: Window) -> None:
        """Note that this much of the minute is safe."""
        held = self._held.get((window.drill_id, window.minute))
        if held is not None and held.writer == window.writer:
            held.written = len(window.samples)

    def take_lost(self) -> int:
        """Return how many samples had to be given up since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost

    def seal(self, before: Instant) -> None:
        """Let go of what is written and over: nothing asked before `before` can still come."""
        over = [
            key
            for key, held in self._held.items()
            if not held.is_changed and key[1] + MINUTE_MS <= before
        ]
        for key in over:
            self._let_go(key)

    def _give_up_oldest(self, drill_id: str) -> None:
        minutes = [minute for drill, minute in self._held if drill == drill_id]
        if len(minutes) > MINUTES_HELD_MAX:
            given_up = self._let_go((drill_id, min(minutes)))
            self._lost += len(given_up.samples) - given_up.written

    def _let_go(self, key: tuple[str, Instant]) -> _Held:
        self._sealed_until = max(self._sealed_until, key[1])
        return self._held.pop(key)

    def _writer_for(self, minute: Instant) -> str:
        # A minute that was let go comes back only if the wall clock was set back. Its row must not
        # be overwritten by the little that is new.
        if minute > self._sealed_until:
            return self._writer
        self._reopened += 1
        return f"{self._writer}.{self._reopened}"
