"""What to do about one undo record, from what is seen of its resource. Pure.

Drill and watchdog both act by this: send the undo, wait, or close the record.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.core.decide import SETTLE_SECONDS
from shared.core.model import UndoRecord
from shared.core.samples import Instant

RESEND_SECONDS = 5
"""A fault seen in place: the undo is sent again this often (every tick of a drill)."""
RESEND_IN_DOUBT_SECONDS = 30
"""Nothing known of the resource: the undo is sent again after this, blindly, then less often."""
DOUBLINGS_MAX = 4
"""So at most every eight minutes: a machine that was deleted is asked for for ever."""


class UndoStep(StrEnum):
    """What the ledger does next about a record."""

    SEND = "send"
    WAIT = "wait"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read back: the resource's state, whether the fault is in place, whether it serves.

    None means: we do not know.
    """

    state: str | None
    fault_in_place: bool | None
    serves: bool | None = None


def undo_step(record: UndoRecord, seen: Seen, now: Instant) -> UndoStep:
    """Return the next step for an open record."""
    if seen.state == record.state_before:
        if not _is_verified(record, seen, now):
            return UndoStep.WAIT
        # A fault that was accepted may show late: what was never seen is undone once, to be sure.
        is_sure = record.effect_seen_at is not None or record.sent_count > 0
        return UndoStep.CLOSE if is_sure else UndoStep.SEND
    if seen.fault_in_place is False:
        return UndoStep.WAIT
    doubt_seconds = RESEND_IN_DOUBT_SECONDS * 2 ** min(record.sent_count // 2, DOUBLINGS_MAX)
    pause = RESEND_SECONDS if seen.fault_in_place else doubt_seconds
    return UndoStep.SEND if _is_due(record, now, pause) else UndoStep.WAIT


def _is_verified(record: UndoRecord, seen: Seen, now: Instant) -> bool:
    """Back as it was, serving if it served, and no late request can undo that."""
    settled = now >= record.inject_not_after + 1_000 * SETTLE_SECONDS
    return settled and (not record.answered_before or seen.serves is True)


def _is_due(record: UndoRecord, now: Instant, pause_seconds: int) -> bool:
    last = record.last_sent_at
    return last is None or now - last >= 1_000 * pause_seconds
