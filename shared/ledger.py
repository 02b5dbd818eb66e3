"""Undo records: committed before anything is broken, closed only when all is read back.

Whatever happens to a drill, its records stay, and the watchdog (`restore_overdue`), which knows
nothing of drills, sends the undo of every overdue one until it is verified.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from shared.core.decide import restore_by
from shared.core.errors import StaleRow, SwitchbackError
from shared.core.model import Drill, HealthCheck, UndoRecord
from shared.core.plan import FaultKind
from shared.core.samples import ActionKind, ActionRecord, Attempt, Instant
from shared.core.undo import Seen, UndoStep, undo_step

log = logging.getLogger(__name__)


class Answer(Protocol):
    """What came of a request: accepted, refused, or unknown; and in whose words."""

    @property
    def outcome(self) -> Attempt:
        """What is known of it."""

    @property
    def detail(self) -> str:
        """The service's words."""


class FaultTool(Protocol):
    """Injects, undoes and looks for one kind of fault. Never raises for the service's sake."""

    operation: str
    undo_operation: str

    def inject(self, resource: str, not_after: Instant) -> Answer:
        """Ask for the fault, once."""

    def undo(self, resource: str) -> Answer:
        """Ask for the undo; asking again does no harm."""

    def look(self, resource: str) -> Seen:
        """Return what is seen of the resource."""


class UndoStore(Protocol):
    """Where undo records are kept."""

    def of_drill(self, drill_id: str) -> tuple[UndoRecord, ...]:
        """Return a drill's records, closed ones too."""

    def open(self) -> tuple[UndoRecord, ...]:
        """Return every open record."""

    def create(self, record: UndoRecord) -> UndoRecord:
        """Commit a new record, or raise StaleRow if there is one."""

    def save(self, record: UndoRecord) -> UndoRecord:
        """Replace the version that was read, or raise StaleRow; a closed record moves away."""


class ActionLog(Protocol):
    """Where actions are written before they are sent, and completed after."""

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Write or complete an action."""


class Ticking(Protocol):
    """The one clock."""

    def now(self) -> Instant:
        """Return the time, rounded down."""

    def ceil(self) -> Instant:
        """Return the time, rounded up."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the ledger is made of."""

    store: UndoStore
    tools: Mapping[FaultKind, FaultTool]
    actions: ActionLog
    answers: Callable[[HealthCheck], bool]
    is_lever_engaged: Callable[[], bool]
    clock: Ticking


class LedgerView(NamedTuple):
    """What the ledger tells of a drill's fault."""

    has_records: bool = False
    effect_seen: bool = False
    fault_in_place: bool | None = False
    undone_by_others: bool = False
    is_clear: bool = True


class Ledger:
    """Injects and undoes faults, each under its record."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._its = dependencies

    def view(self, drill: Drill, *, is_noted: bool = True) -> LedgerView:
        """Look at everything the drill may have broken, and note a fault first seen in place.

        Who only shows a drill notes nothing, and so never gets in a tick's way.
        """
        records = self._its.store.of_drill(drill.id)
        if not records:
            return LedgerView()
        now = self._its.clock.now()
        seen = [(record, self._look(record)) for record in records if record.is_open]
        note = self._noted if is_noted else _as_if_noted
        records_now = [note(record, look, now) for record, look in seen]
        looks = [look.fault_in_place for _, look in seen]
        is_whole = len(seen) == len(drill.snapshot.targets)
        return LedgerView(
            has_records=True,
            effect_seen=is_whole
            and all(record.effect_seen_at is not None for record in records_now),
            fault_in_place=None if None in looks else is_whole and all(looks),
            undone_by_others=len(seen) < len(records)
            or any(record.is_overdue(now) for record in records_now)
            or any(
                record.effect_seen_at is not None and look is False
                for record, look in zip(records_now, looks, strict=True)
            ),
            is_clear=not seen,
        )

    def inject(self, drill: Drill, check: HealthCheck | None) -> None:
        """Break every target that was never seen broken: record first, then one request each."""
        tool = self._its.tools[drill.plan.fault]
        known = {record.resource: record for record in self._its.store.of_drill(drill.id)}
        for target in drill.snapshot.targets:
            record = known.get(target.id) or self._commit(drill, target.id, tool, check)
            if record and record.is_open and record.effect_seen_at is None:
                self._inject_one(record, tool)

    def roll_back(self, drill: Drill) -> None:
        """Take the next step towards undoing everything the drill broke."""
        for record in self._its.store.of_drill(drill.id):
            if record.is_open:
                self._restore(record, by="drill")

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

    def _look(self, record: UndoRecord) -> Seen:
        return self._its.tools[record.fault].look(record.resource)

    def _noted(self, record: UndoRecord, seen: Seen, now: Instant) -> UndoRecord:
        noted = _as_if_noted(record, seen, now)
        return record if noted is record else self._its.store.save(noted)

    def _commit(
        self, drill: Drill, resource: str, tool: FaultTool, check: HealthCheck | None
    ) -> UndoRecord | None:
        """Commit the record for one target; None if its fault may not be injected any more."""
        seen = tool.look(resource)
        limit = drill.inject_not_after
        if limit is None or self._its.clock.now() > limit or seen.fault_in_place is not False:
            return None
        record = UndoRecord(
            drill_id=drill.id,
            resource=resource,
            fault=drill.plan.fault,
            state_before=seen.state or "",
            operation=tool.undo_operation,
            inject_not_after=limit,
            restore_by=restore_by(drill),
            health_check=check,
            answered_before=check is not None,
        )
        created = self._its.store.create(record)
        if self._its.clock.now() <= limit:
            return created
        # Frozen while committing: nothing was sent under it, and nothing will be.
        now = self._its.clock.now()
        self._its.store.save(replace(created, closed_at=now, closed_by="late"))
        return None

    def _inject_one(self, record: UndoRecord, tool: FaultTool) -> None:
        action = self._announced(record, ActionKind.INJECT, tool.operation, "drill")
        self._its.actions.write_action(record.drill_id, action)
        if self._its.is_lever_engaged():
            done = replace(action, outcome=Attempt.FAILED, detail="The safety lever is engaged.")
        else:
            done = self._completed(action, tool.inject(record.resource, record.inject_not_after))
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

    def _undo(self, record: UndoRecord, now: Instant, by: str) -> None:
        tool = self._its.tools[record.fault]
        if not self._claim(replace(record, last_sent_at=now, sent_count=record.sent_count + 1)):
            return
        action = self._announced(record, ActionKind.ROLL_BACK, tool.undo_operation, by)
        self._write_if_possible(record, action)
        self._write_if_possible(record, self._completed(action, tool.undo(record.resource)))

    def _claim(self, sending: UndoRecord) -> bool:
        """Note that the undo is sent; False if another host is at it this very moment.

        A machine is never left stopped because its undo could not be noted: what cannot be written
        is sent all the same. A note of our own whose answer was lost is recognised.
        """
        try:
            self._its.store.save(sending)
        except StaleRow:
            records = self._its.store.of_drill(sending.drill_id)
            mine = [r for r in records if r.resource == sending.resource]
            return any(r.is_open and r.last_sent_at == sending.last_sent_at for r in mine)
        except SwitchbackError:
            log.exception("undo not noted drill_id=%s", sending.drill_id)
        return True

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


def _as_if_noted(record: UndoRecord, seen: Seen, now: Instant) -> UndoRecord:
    if not seen.fault_in_place or record.effect_seen_at is not None:
        return record
    return replace(record, effect_seen_at=now)
