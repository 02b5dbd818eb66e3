"""Undo records: committed before anything is broken, closed only when all is read back.

Whatever happens to a drill, its records stay, and the watchdog (`restore_overdue`), which knows
nothing of drills, sends the undo of every overdue one until it is verified.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from shared.core.decide import INJECT_WITHIN_SECONDS, hold_back_until, restore_by
from shared.core.errors import StaleRow, StillThere, SwitchbackError
from shared.core.model import Drill, HealthCheck, Purpose, UndoRecord
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.samples import ActionKind, ActionRecord, Attempt, Instant
from shared.core.undo import ABSENT, LATE, LedgerView, Seen, UndoStep, ledger_view, undo_step
from shared.ledger_ports import Answer, Dependencies

log = logging.getLogger(__name__)

SIDE_BY_SIDE_MAX = 8
"""Machines asked at once; ARM takes its time for each, and a pool may have many."""
UNDO_WITHIN_SECONDS = 120
"""An undo may be sent this long after it was noted. Whoever was frozen meanwhile comes too late: by
then another host has sent it, and somebody may want the endpoint disabled again."""


class Restored(NamedTuple):
    """What restoring once more found of a resource, and what came of asking; None: not asked."""

    resource: str
    state: str | None
    sent: Attempt | None


class Ledger:
    """Injects and undoes faults, each under its record."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._its = dependencies

    def view(self, drill: Drill, *, is_noted: bool = True) -> LedgerView:
        """Look at everything the drill may have broken, and note a fault first seen in place.

        Who only shows a drill notes nothing, and so never gets in a tick's way.
        """
        now = self._its.clock.now()
        note = self._noted if is_noted else _as_if_noted
        looked: list[tuple[UndoRecord, Seen | None]] = []
        for record in self._its.store.of_drill(drill.id):
            seen = self._look(record) if record.is_open else None
            looked.append((note(record, seen, now) if seen else record, seen))
        return ledger_view(tuple(looked), len(drill.fault_resources), now)

    def inject(self, drill: Drill, check: HealthCheck | None) -> None:
        """Break everything that was never seen broken: records first, then one request each."""
        limit = drill.inject_not_after
        if limit is None:
            return
        draft = partial(
            self._draft(drill, drill.plan.fault, check),
            probe_path=drill.plan.probe_path,
            inject_not_after=limit,
            restore_by=restore_by(drill),
        )
        self._break([draft(resource=each) for each in drill.fault_resources], ActionKind.INJECT)

    def hold_back(self, drill: Drill, check: HealthCheck | None) -> None:
        """Disable the endpoint, under a record of its own, so that traffic stays away."""
        draft = self._draft(drill, FaultKind.ENDPOINT_DISABLE, check)
        record = draft(
            resource=drill.snapshot.endpoint_id(drill.endpoint),
            purpose=Purpose.HOLD,
            inject_not_after=drill.phase_since + 1_000 * INJECT_WITHIN_SECONDS,
            restore_by=hold_back_until(drill, self._its.clock.now()),
        )
        self._break([record], ActionKind.HOLD_BACK)

    def roll_back(self, drill: Drill, *, keep_hold: bool = False) -> None:
        """Take the next step towards undoing everything the drill broke, or all but the hold."""
        records = self._its.store.of_drill(drill.id)
        due = [r for r in records if r.is_open and not (keep_hold and r.purpose is Purpose.HOLD)]
        _each(due, lambda record: self._restore(record, by="drill"))

    def restore_again(
        self, drill_id: str, by: str, gone: tuple[str, ...] = ()
    ) -> tuple[Restored, ...]:
        """Undo everything the drill ever broke that is not as it was; a closed record reopens.

        What is reopened is overdue from the start: the watchdog repeats it until it is read back.
        What `gone` names and ARM does not know any more can never be read back: a person vouches
        for it, and its record closes. Raises StillThere, before anything is done, for what is not;
        StaleRow where another host was faster: to ask again does no harm.
        """
        looked = [(r, self._look(r)) for r in self._its.store.of_drill(drill_id)]
        lost = {name.lower() for name in gone}
        _raise_if_there(lost, looked)
        return tuple(
            self._given_up(record, by)
            if record.resource.lower() in lost
            else self._restored_again(record, seen, by)
            for record, seen in looked
        )

    def _given_up(self, record: UndoRecord, by: str) -> Restored:
        if record.is_open:
            now = self._its.clock.now()
            self._its.store.save(replace(record, closed_at=now, closed_by=f"gone, says {by}"))
            log.warning("undo given up resource=%s by=%s", record.resource, by)
        return Restored(record.resource, ABSENT, None)

    def _restored_again(self, record: UndoRecord, seen: Seen, by: str) -> Restored:
        now = self._its.clock.now()
        if seen.state == record.state_before:
            if record.is_open:
                self._restore(record, by)
            return Restored(record.resource, seen.state, None)
        again = replace(record, accepted_at=None, sent_count=0, last_sent_at=None)
        if not record.is_open:
            again = replace(again, closed_at=None, closed_by="", restore_by=now)
            again = self._its.store.reopen(again)
        sent = self._undo(again, now, by)
        if sent is None:
            raise StaleRow(f"Another host is restoring {record.resource} this very moment.")
        return Restored(record.resource, seen.state, sent)

    def restore_overdue(self) -> int:
        """Take the next step for every overdue record, whatever became of its drill; count them."""
        now = self._its.clock.now()
        overdue = [record for record in self._its.store.open() if record.is_overdue(now)]
        for record in overdue:
            log.warning("undo overdue drill_id=%s resource=%s", record.drill_id, record.resource)
            try:
                self._restore(record, by="watchdog")
            except Exception:  # whatever it is, it must not keep the next from its undo
                log.exception("undo step failed resource=%s", record.resource)
        return len(overdue)

    def _draft(
        self, drill: Drill, fault: FaultKind, check: HealthCheck | None
    ) -> partial[UndoRecord]:
        """Return what every record of the drill has in common before anything was looked at."""
        return partial(
            UndoRecord,
            drill_id=drill.id,
            fault=fault,
            health_check=check,
            answered_before=check is not None,
            state_before="",
            operation=self._its.tools[fault].undo_operation,
        )

    def _look(self, record: UndoRecord) -> Seen:
        return self._its.tools[record.fault].look(record.broken)

    def _noted(self, record: UndoRecord, seen: Seen, now: Instant) -> UndoRecord:
        noted = _as_if_noted(record, seen, now)
        return record if noted is record else self._its.store.save(noted)

    def _break(self, drafts: Sequence[UndoRecord], kind: ActionKind) -> None:
        """Send one request for each: every record is committed before the first is sent."""
        stored = self._its.store.of_drill(drafts[0].drill_id)
        known = {(record.purpose, record.resource): record for record in stored}
        records = [known.get((d.purpose, d.resource)) or self._commit(d) for d in drafts]
        ready = [r for r in records if r and r.is_open and r.effect_seen_at is None]
        _each(ready, lambda record: self._inject_one(record, kind))

    def _commit(self, draft: UndoRecord) -> UndoRecord | None:
        """Commit the record for one target; None if its fault may not be injected any more."""
        seen = self._its.tools[draft.fault].look(draft.broken)
        limit = draft.inject_not_after
        if self._its.clock.now() > limit or seen.fault_in_place is not False:
            return None
        created = self._its.store.create(replace(draft, state_before=seen.state or ""))
        if self._its.clock.now() <= limit:
            return created
        # Frozen while committing: nothing was sent under it, and nothing will be.
        now = self._its.clock.now()
        self._its.store.save(replace(created, closed_at=now, closed_by=LATE))
        return None

    def _inject_one(self, record: UndoRecord, kind: ActionKind) -> None:
        tool = self._its.tools[record.fault]
        action = self._announced(record, kind, tool.operation, "drill")
        self._its.actions.write_action(record.drill_id, action)
        if self._its.is_lever_engaged():
            done = replace(action, outcome=Attempt.FAILED, detail="The safety lever is engaged.")
        else:
            done = self._completed(action, tool.inject(record.broken, record.inject_not_after))
        self._its.actions.write_action(record.drill_id, done)

    def _restore(self, record: UndoRecord, by: str) -> None:
        seen = self._look(record)
        now = self._its.clock.now()
        if seen.state == record.state_before and record.answered_before and record.health_check:
            seen = replace(seen, serves=self._its.answers(record.health_check))
        step = undo_step(record, seen, now)
        if step is UndoStep.CLOSE:
            self._its.store.save(replace(record, closed_at=now, closed_by=by))
            log.info("undo verified drill_id=%s resource=%s", record.drill_id, record.resource)
        elif step is UndoStep.SEND:
            self._undo(record, now, by)

    def _undo(self, record: UndoRecord, now: Instant, by: str) -> Attempt | None:
        """Send the undo once; None if another host is at it this very moment."""
        tool = self._its.tools[record.fault]
        sending = replace(record, last_sent_at=now, sent_count=record.sent_count + 1)
        claimed = self._claim(sending)
        if claimed is None:
            return None
        kind = ActionKind.ROLL_BACK if record.purpose is Purpose.FAULT else ActionKind.RELEASE
        action = self._announced(record, kind, tool.undo_operation, by)
        self._write_if_possible(record, action)
        # What could not be noted, nobody else may have taken up: it is sent however late.
        limit = None if claimed is sending else now + 1_000 * UNDO_WITHIN_SECONDS
        done = self._completed(action, tool.undo(record.broken, record.state_before, limit))
        self._write_if_possible(record, done)
        if done.outcome is Attempt.OK and record.fault not in VM_FAULTS:
            self._note_accepted(replace(claimed, accepted_at=done.answered_at))
        return done.outcome

    def _note_accepted(self, record: UndoRecord) -> None:
        try:
            self._its.store.save(record)
        except SwitchbackError:
            # Then it is sent again, which does no harm.
            log.exception("acceptance not noted drill_id=%s", record.drill_id)

    def _claim(self, sending: UndoRecord) -> UndoRecord | None:
        """Note that the undo is sent; None if another host is at it this very moment.

        A machine is never left stopped because its undo could not be noted: what cannot be written
        is sent all the same. A note of our own whose answer was lost is recognised.
        """
        try:
            return self._its.store.save(sending)
        except StaleRow:
            records = self._its.store.of_drill(sending.drill_id)
            mine = [r for r in records if _is_same_undo(r, sending)]
            return next((r for r in mine if r.last_sent_at == sending.last_sent_at), None)
        except SwitchbackError:
            log.exception("undo not noted drill_id=%s", sending.drill_id)
            return sending

    def _write_if_possible(self, record: UndoRecord, action: ActionRecord) -> None:
        """A machine is never left stopped because its undo could not be written down."""
        try:
            self._its.actions.write_action(record.drill_id, action)
        except SwitchbackError:
            log.exception("action not written drill_id=%s", record.drill_id)

    def _announced(
        self, record: UndoRecord, kind: ActionKind, operation: str, by: str
    ) -> ActionRecord:
        now = self._its.clock.now()
        log.info("sending operation=%s resource=%s by=%s", operation, record.resource, by)
        return ActionRecord(
            kind=kind, resource=record.resource, operation=operation, by=by, sent_at=now
        )

    def _completed(self, action: ActionRecord, answer: Answer) -> ActionRecord:
        log.info("sent operation=%s outcome=%s %s", action.operation, answer.outcome, answer.detail)
        return replace(
            action,
            answered_at=self._its.clock.ceil(),
            outcome=answer.outcome,
            detail=answer.detail,
        )


def _raise_if_there(gone: set[str], looked: Sequence[tuple[UndoRecord, Seen]]) -> None:
    states = {record.resource.lower(): seen.state for record, seen in looked}
    for name in sorted(gone):
        if name not in states:
            message = f"gone names {name!r}, which this drill has no record of."
            raise StillThere(message, target="gone")
        if states[name] != ABSENT:
            shown = states[name] or "unknown"
            message = (
                f"gone names {name!r}, which is {shown}: only what ARM answers 404 for is gone."
            )
            raise StillThere(message, target="gone")


def _as_if_noted(record: UndoRecord, seen: Seen, now: Instant) -> UndoRecord:
    if not seen.fault_in_place or record.effect_seen_at is not None:
        return record
    return replace(record, effect_seen_at=now)


def _is_same_undo(one: UndoRecord, other: UndoRecord) -> bool:
    is_same_thing = (one.resource, one.purpose) == (other.resource, other.purpose)
    return is_same_thing and one.is_open


def _each(records: Sequence[UndoRecord], step: Callable[[UndoRecord], None]) -> None:
    """Take a step for every record, side by side: one's trouble or delay is not the others'."""
    with ThreadPoolExecutor(SIDE_BY_SIDE_MAX) as pool:
        taken = [pool.submit(step, record) for record in records]
    for each in taken:
        each.result()
