"""When something was asked of the system under test: by any of ours, or by somebody else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.plan import FaultKind
from shared.core.samples import ActionKind, ActionRecord, Attempt, Instant

DOWN = frozenset({"stopping", "stopped", "deallocating", "deallocated"})
NOT_DISABLED = frozenset(
    {"Online", "CheckingEndpoint", "Degraded", "Inactive", "Stopped", "Unmonitored"}
)


class Signs(NamedTuple):
    """Which series shows that something is broken, and its states while broken and after."""

    series: str
    broken: frozenset[str]
    mending: frozenset[str]
    whole: frozenset[str]


OF_POWER = Signs("power/", DOWN, frozenset({"starting"}), frozenset({"running"}))
OF_STATUS = Signs("monitor/", frozenset({"Disabled"}), frozenset(), NOT_DISABLED)
OF_PROBES = Signs("monitor/", frozenset({"Degraded"}), frozenset(), frozenset({"Online"}))

SIGNS: Mapping[FaultKind, Signs] = {
    FaultKind.VM_POWER_OFF: OF_POWER,
    FaultKind.VM_DEALLOCATE: OF_POWER,
    FaultKind.ENDPOINT_DISABLE: OF_STATUS,
    FaultKind.PROBE_PATH: OF_PROBES,
}
BREAKING = frozenset({ActionKind.INJECT, ActionKind.HOLD_BACK})


class Looks(NamedTuple):
    """What was seen of the things that a request acts on, one series for each of them."""

    signs: Signs
    readings: Sequence[Sequence[Reading]]
    since: Instant = 0
    """What was broken before has another cause."""

    def effects(self, kind: ActionKind, sent_at: Instant) -> Iterator[tuple[Instant, str]]:
        """Yield the looks that see the effect of a request of that kind, sent then.

        Only what was seen broken can be seen whole again: else the look proves nothing.
        """
        for readings in self.readings:
            was_broken = kind in BREAKING
            for sample, state in readings:
                if sample.asked_at >= sent_at and was_broken and state in self._shown_by(kind):
                    yield sample.answered_at, sample.id
                was_broken |= sample.asked_at >= self.since and state in self.signs.broken

    def _shown_by(self, kind: ActionKind) -> frozenset[str]:
        if kind in BREAKING:
            return self.signs.broken
        return self.signs.mending | self.signs.whole


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


def find_request(kind: ActionKind, actions: Iterable[ActionRecord], looks: Looks) -> Request | None:
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
    accepted = accepted or list(looks.effects(kind, first.sent_at))
    return Request(first, *min(accepted)) if accepted else Request(first, None, None)
