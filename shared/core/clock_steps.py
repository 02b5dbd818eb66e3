"""What a clock that was set does to a timeline, and how its stamps come onto one clock again.

While it runs, a clock is slewed, never by more than half a millisecond a second. Set forward or
back, it makes every time between a stamp before and one after wrong by as much. A sampler notices:
it reads the clock beside one that nobody sets, in every slot. A report then counts all stamps on
the clock as it ran before it was first set. What was asked by others, or was under way, at stamps
that the clock showed twice, lies anywhere between the two.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

from shared.core.grid import next_second
from shared.core.samples import ActionRecord, ClockStep, Instant, Omitted, Sample, Timeline

STEP_MS_MIN = 10
"""Less is slewing, or the time between the two readings."""
ROUNDING_MS = 1
"""How far off the size of a step may be."""
BY_MS_MAX = 60_000
"""A drill whose clock is set by more is rolled back."""
UNDER_WAY_MS_MAX = 15_000
"""No sample is under way for longer: ARM's, the slowest, are given up after 10 s."""


class StepWatch:
    """Notices when a clock is set, by the readings of one that is not."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._latest = 0.0

    def see(self, wall_ms: float, steady_ms: float) -> ClockStep | None:
        """Take both readings of one moment; return the step since the last ones, if there is."""
        last, self._last = self._last, (wall_ms, steady_ms)
        latest, self._latest = self._latest, max(self._latest, wall_ms)
        if last is None:
            return None
        by_ms = (wall_ms - last[0]) - (steady_ms - last[1])
        if abs(by_ms) < STEP_MS_MIN:
            return None
        return ClockStep(int(last[0]), int(latest), int(wall_ms), round(by_ms))


def stop_of(steps: Iterable[ClockStep]) -> str:
    """Return why a drill must stop whose clock was set; empty while its deadlines still hold.

    They are counted on that clock: set back by an hour, they would leave the fault an hour longer.
    """
    return "ClockSet" if any(abs(step.by_ms) > BY_MS_MAX for step in steps) else ""


def on_one_clock(timeline: Timeline) -> Timeline:
    """Return the timeline with every stamp on the clock as it ran before it was first set.

    An interval between two stamps is never narrower than what is known.
    """
    return reduce(_put_back, reversed(timeline.steps), timeline)


def stamps(steps: Iterable[ClockStep]) -> Callable[[Instant], Instant]:
    """Return what tells what a sample was stamped that was asked at an instant of one clock.

    By these stamps slots were counted: where a clock was set, so were the edges of its slots.
    """
    moves = [_Move(step) for step in steps]

    def stamped(at: Instant) -> Instant:
        for move in moves:
            at = move.stamped(at)
        return at

    return stamped if moves else int


def _put_back(timeline: Timeline, step: ClockStep) -> Timeline:
    """Return the timeline as if the last step had not been."""
    moved = _Move(step)
    return replace(
        timeline,
        samples=tuple(sorted(map(moved.sample, timeline.samples), key=lambda s: s.asked_at)),
        actions=tuple(sorted(map(moved.action, timeline.actions), key=lambda a: a.sent_at)),
        transitions=tuple(replace(t, at=moved.earliest(t.at)) for t in timeline.transitions),
        omitted=tuple(moved.left_out(timeline.omitted)),
    )


class _Move:
    """How stamps move when one step is taken back."""

    def __init__(self, step: ClockStep) -> None:
        self._by_ms = step.by_ms
        # A second whose slot was taken is not taken again, so what a sampler asks tells by itself
        # on which side of the step it was.
        self._new_from = max(step.after, next_second(step.latest))
        # Stamps of the clock before it was set end here; those after begin there.
        self._old_until = step.after - step.by_ms
        self._new_since = step.before + step.by_ms

    def sample(self, sample: Sample) -> Sample:
        """Return the sample as the clock would have stamped it."""
        asked, answered = sample.asked_at, sample.answered_at
        if asked >= self._new_from:
            answered = answered - self._by_ms + ROUNDING_MS
        else:
            answered = self._answered(asked, answered)
        return sample._replace(asked_at=self._asked(asked), answered_at=answered)

    def action(self, action: ActionRecord) -> ActionRecord:
        """Return the action with bounds that hold, whoever stamped it."""
        answered_at = action.answered_at
        return replace(
            action,
            sent_at=self.earliest(action.sent_at),
            answered_at=None if answered_at is None else self._latest(answered_at),
        )

    def left_out(self, omitted: Iterable[Omitted]) -> Iterable[Omitted]:
        """Yield which samples there were besides, by the stamps of those that were kept."""
        for one in omitted:
            after, until = self._asked(one.after), self._asked(one.until)
            yield one._replace(after=after, until=until)

    def earliest(self, at: Instant) -> Instant:
        """Return the earliest instant that this stamp may mean."""
        return min(self._meanings(at))

    def stamped(self, asked: Instant) -> Instant:
        """Return what a sample was stamped that the clock would have stamped so."""
        at = asked + self._by_ms + ROUNDING_MS
        return at if at >= self._new_from else asked

    def _asked(self, at: Instant) -> Instant:
        return at - self._by_ms - ROUNDING_MS if at >= self._new_from else at

    def _latest(self, at: Instant) -> Instant:
        return max(self._meanings(at))

    def _meanings(self, at: Instant) -> list[Instant]:
        new = [at - self._by_ms - ROUNDING_MS, at - self._by_ms + ROUNDING_MS]
        return [at] * (at <= self._old_until) + new * (at >= self._new_since) or [at, *new]

    def _answered(self, asked: Instant, answered: Instant) -> Instant:
        """Return when the answer to what was asked before the step was there, at the latest."""
        if answered < asked:
            # It was under way while a clock was set back: this time, or at a step before.
            is_new = answered >= self._new_since - ROUNDING_MS
            return answered - self._by_ms + ROUNDING_MS if is_new else answered
        set_back = max(0, -self._by_ms)
        took_if_new = answered - asked + set_back
        is_over = asked < self._old_until - UNDER_WAY_MS_MAX or took_if_new > UNDER_WAY_MS_MAX
        if set_back and is_over:
            return answered
        return max(answered, self._latest(answered)) if set_back else self._latest(answered)
