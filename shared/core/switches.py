"""Finding in a series when a state switched for good, between which samples, and its reversals."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.samples import Instant, Outcome, Sample


class Window(NamedTuple):
    """Where a switch is sought, how long it must hold, and how often the series was sampled."""

    since: Instant
    until: Instant | None
    stability_ms: int
    every_ms: int

    def has(self, at: Instant) -> bool:
        """The window is not over yet."""
        return self.until is None or at < self.until

    def outlasts(self, sample: Sample) -> bool:
        """The sample was answered before what ends the window could change its answer."""
        return self.until is None or sample.answered_at <= self.until


class States(NamedTuple):
    """Which states prove the old, and which the new."""

    old: frozenset[str]
    new: frozenset[str]


class Reversal(NamedTuple):
    """A new state that did not last: its last proof, and the first of the old one after it."""

    new: Sample
    old: Sample

    @property
    def interval(self) -> Interval:
        """When the state fell back."""
        return Interval(self.new.asked_at, self.old.answered_at)


@dataclass(slots=True)
class Search:
    """What a walk through one series has found so far; `new` is None while nothing switched.

    `was_there` tells that the new state was proved before the window, and the old one not since.
    """

    old: Sample | None = None
    new: Sample | None = None
    reversals: list[Reversal] = field(default_factory=list)
    last_old: Sample | None = None
    was_there: bool = False
    _run: "_Run | None" = None

    def see_old(self, sample: Sample, window: Window) -> None:
        """Take a proof of the old state: it ends a run of the new one."""
        if self._run is not None:
            self._end_run(self._run, window)
            if self._run.last.answered_at <= sample.asked_at:
                # Answers that overlap in time may have been given in either order: no reversal.
                self.reversals.append(Reversal(self._run.last, sample))
        self._run, self.last_old, self.was_there = None, sample, False

    def see_new(self, sample: Sample) -> None:
        """Take a proof of the new state; one that only goes on is no switch."""
        if self.was_there:
            return
        if self._run is None:
            self._run = _Run(before=self.last_old, asked_first=sample, first=sample, last=sample)
        self._run.last = sample
        if sample.answered_at < self._run.first.answered_at:
            self._run.first = sample

    def finish(self) -> None:
        """Accept a run that nothing has ended."""
        if self._run is not None:
            self._accept(self._run)

    def _end_run(self, run: "_Run", window: Window) -> None:
        lasted = run.last.asked_at - run.asked_first.asked_at + window.every_ms
        if lasted >= window.stability_ms:
            self._accept(run)

    def _accept(self, run: "_Run") -> None:
        if self.new is None:
            self.old, self.new = run.before, run.first


@dataclass(slots=True)
class _Run:
    """Proofs of the new state with none of the old between them."""

    before: Sample | None
    asked_first: Sample
    first: Sample
    """The first to be answered, which bounds the switch most closely."""
    last: Sample


def find_switch(readings: Iterable[Reading], states: States, window: Window) -> Search:
    """Find the first switch that held for the stability time, or to the end of the window.

    How long it held is counted by proofs alone: silence after one odd sample proves nothing.
    """
    search = Search()
    for sample, state in readings:
        if not window.has(sample.asked_at):
            break
        if state in states.old and window.outlasts(sample):
            search.see_old(sample, window)
        elif state in states.new and sample.asked_at >= window.since:
            search.see_new(sample)
        elif state in states.new and sample.answered_at <= window.since:
            search.was_there = True
    search.finish()
    return search


def bounds(old: Sample | None, new: Sample, since: Instant) -> Interval:
    """Return when the switch was; never before `since`: no effect precedes its cause."""
    after = since if old is None else max(since, old.asked_at)
    return Interval(after, max(after, new.answered_at))


def is_proved_by_timeout(*samples: Sample | None) -> bool:
    """Silence is known only when the time-out is over: such an interval is that much wider."""
    return any(sample is not None and sample.outcome is Outcome.TIMEOUT for sample in samples)
