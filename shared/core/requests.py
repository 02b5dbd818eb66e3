"""When something was asked of the system under test: by any of ours, or by somebody else."""

from collections.abc import Iterable
from typing import NamedTuple

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.samples import ActionKind, ActionRecord, Attempt, Instant

DOWN = frozenset({"stopping", "stopped", "deallocating", "deallocated"})
UP = frozenset({"starting", "running"})

EFFECTS = {ActionKind.INJECT: DOWN, ActionKind.ROLL_BACK: UP}
"""The power states in which a request's effect is seen."""


class Request(NamedTuple):
    """A request of ours: sent, and known to have been accepted at `accepted_at` if ever."""

    first: ActionRecord
    accepted_at: Instant | None
    proof: str | None

    @property
    def sent_at(self) -> Instant:
        """Nothing can have come of it before."""
        return self.first.sent_at

    @property
    def interval(self) -> Interval | None:
        """When it was accepted, if it is known to have been."""
        return None if self.accepted_at is None else Interval(self.sent_at, self.accepted_at)


def find_request(
    kind: ActionKind, actions: Iterable[ActionRecord], power: Iterable[Reading]
) -> Request | None:
    """Return what any of ours asked: the first attempt not known to have failed, and its proof.

    Where no attempt is known to have succeeded, the first look that sees the effect proves it.
    """
    attempts = [a for a in actions if a.kind is kind and a.outcome is not Attempt.FAILED]
    if not attempts:
        return None
    first = min(attempts, key=lambda a: (a.sent_at, a.id))
    accepted = [
        (a.answered_at, a.id)
        for a in attempts
        if a.outcome is Attempt.OK and a.answered_at is not None
    ]
    accepted = accepted or [
        (sample.answered_at, sample.id)
        for sample, state in power
        if state in EFFECTS[kind] and sample.asked_at >= first.sent_at
    ]
    return Request(first, *min(accepted)) if accepted else Request(first, None, None)
