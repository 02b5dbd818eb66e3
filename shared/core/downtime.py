"""How long each class of client was failing: not the same as how long it took to recover.

Down is when a request begun would have failed. Between two slots that failed, all of it was down;
between one that failed and one that did not, any part of it; between two that did not, none. In a
gap nothing is known: none to all of it. One isolated failure, a blip, counts like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.core.evidence import Evidence
from shared.core.intervals import MS_PER_SECOND, Elapsed
from shared.core.samples import Instant, Outcome
from shared.core.slots import Slot, is_parted


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDowntime:
    """The failing time of a class of client, and how many of its slots failed."""

    client: str
    elapsed: Elapsed
    failed_slots: int


def client_downtime(evidence: Evidence, since: Instant) -> list[ClientDowntime]:
    """Return each class's failing time from `since` to the end of the observation."""
    found = []
    for client in evidence.below("client/"):
        series = f"client/{client}"
        slots = evidence.slots(series)
        found.append(
            ClientDowntime(
                client=client,
                elapsed=failing_time(slots, evidence.every_ms(series), since),
                failed_slots=sum(slot.failures for slot in slots if slot.asked_at >= since),
            )
        )
    return found


def failing_time(slots: Sequence[Slot], every_ms: int, since: Instant) -> Elapsed:
    """Return the bounds of the time in which a request begun would have failed."""
    least = most = 0
    for one, other in pairwise(slots):
        down_min, down_max = _failing_between(one, other, every_ms, since)
        least, most = least + down_min, most + down_max
    return Elapsed(least / MS_PER_SECOND, most / MS_PER_SECOND)


def _failing_between(one: Slot, other: Slot, every_ms: int, since: Instant) -> tuple[int, int]:
    if other.asked_at < since:
        return 0, 0
    start = max(since, one.asked_at)
    unknown = is_parted(one, other, every_ms)
    if one.failed and other.failed and not unknown:
        return other.asked_at - start, other.asked_at - start
    if one.failed and not other.failed:
        return 0, _served_at(other) - start
    return 0, other.asked_at - start if unknown or other.failed else 0


def _served_at(slot: Slot) -> Instant:
    return min(s.answered_at for s in slot.samples if s.outcome is Outcome.OK)
