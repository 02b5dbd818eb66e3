"""What to do about one undo record, from what is seen of its resource. Pure.

Drill and watchdog both act by this: send the undo, wait, or close the record.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from shared.core.decide import SETTLE_SECONDS
from shared.core.model import Purpose, UndoRecord
from shared.core.plan import VM_FAULTS
from shared.core.samples import Instant

RESEND_SECONDS = 5
"""A fault seen in place: the undo is sent again this often (every tick of a drill)."""
RESEND_IN_DOUBT_SECONDS = 30
"""Nothing known of the resource: the undo is sent again after this, blindly, then less often."""
BOOT_SECONDS = 120
"""A machine that runs may take so long to serve again before it is asked to start once more."""
LATE = "late"
"""Who closes a record that was committed too late for anything to be sent under it."""
DOUBLINGS_MAX = 4
"""So at most every eight minutes: a machine that was deleted is asked for for ever."""


ABSENT = "absent"
"""The state of what ARM does not know: deleted, or moved."""


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


class LedgerView(NamedTuple):
    """What the ledger tells of a drill's fault, and of the hold that keeps traffic away.

    Its names are an Observation's.
    """

    has_records: bool = False
    effect_seen: bool = False
    fault_in_place: bool | None = False
    undone_by_others: bool = False
    ledger_clear: bool = True
    fault_clear: bool = True
    hold_in_place: bool | None = False
    hold_seen: bool = False


def ledger_view(
    looked: tuple[tuple[UndoRecord, Seen | None], ...], resources: int, now: Instant
) -> LedgerView:
    """Return what a drill's records tell; each with what is seen of it, None for a closed one."""
    if not looked:
        return LedgerView()
    faults = [each for each in looked if each[0].purpose is Purpose.FAULT]
    holds = [each for each in looked if each[0].purpose is Purpose.HOLD]
    open_ones = [(record, seen) for record, seen in faults if seen is not None]
    looks = [seen.fault_in_place for _, seen in open_ones]
    is_whole = len(open_ones) == resources
    return LedgerView(
        has_records=True,
        effect_seen=is_whole and all(record.effect_seen_at is not None for record, _ in open_ones),
        fault_in_place=None if None in looks else is_whole and all(looks),
        undone_by_others=any(seen is None and record.closed_by != LATE for record, seen in faults)
        or any(record.is_overdue(now) for record, _ in open_ones)
        or any(
            record.effect_seen_at is not None and seen.fault_in_place is False
            for record, seen in open_ones
        ),
        ledger_clear=all(seen is None for _, seen in looked),
        fault_clear=not open_ones,
        hold_in_place=next((seen.fault_in_place for _, seen in holds if seen), False),
        hold_seen=any(record.effect_seen_at is not None for record, _ in holds),
    )


def undo_step(record: UndoRecord, seen: Seen, now: Instant) -> UndoStep:
    """Return the next step for an open record."""
    if seen.state == record.state_before:
        is_verified = _is_verified(record, seen, now)
        if is_verified and _is_sure(record):
            return UndoStep.CLOSE
        if not is_verified and _may_rest(record, seen, now):
            return UndoStep.WAIT
    doubt_seconds = RESEND_IN_DOUBT_SECONDS * 2 ** min(record.sent_count // 2, DOUBLINGS_MAX)
    pause = RESEND_SECONDS if seen.fault_in_place else doubt_seconds
    return UndoStep.SEND if _is_due(record, now, pause) else UndoStep.WAIT


def _may_rest(record: UndoRecord, seen: Seen, now: Instant) -> bool:
    """It reads as before, and only time is wanting: to settle, or for a machine to boot.

    What reads as before may be an old copy. Nothing is lost by asking again for what is so: at
    once for a setting whose undo was never accepted, later for a machine that does not serve.
    """
    if record.fault not in VM_FAULTS:
        return record.accepted_at is not None
    if not record.answered_before or seen.serves is True:
        return True
    since = record.last_sent_at or record.inject_not_after
    return now - since < 1_000 * BOOT_SECONDS


def _is_verified(record: UndoRecord, seen: Seen, now: Instant) -> bool:
    """Back as it was, serving if it served, and no late request can undo that."""
    settled = now >= record.inject_not_after + 1_000 * SETTLE_SECONDS
    return settled and (not record.answered_before or seen.serves is True)


def _is_sure(record: UndoRecord) -> bool:
    """What is read back is so, and will stay so.

    A fault that was accepted may show late: what was never seen is undone once, to be sure. A
    machine that serves is its own proof; a setting that is read back may be an old copy of it, so
    it takes an undo that was accepted.
    """
    if record.fault not in VM_FAULTS:
        return record.accepted_at is not None
    return record.effect_seen_at is not None or record.sent_count > 0


def _is_due(record: UndoRecord, now: Instant, pause_seconds: int) -> bool:
    last = record.last_sent_at
    return last is None or now - last >= 1_000 * pause_seconds
