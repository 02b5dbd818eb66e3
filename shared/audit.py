"""The audit: who did what when, from where, and what came of it; appended, never changed.

What is asked of Azure, and what people ask of us, is written down before it is done, its outcome
not known yet, and again when it is: whoever dies in between leaves the truth. Nothing is broken
without its entry; nothing is kept from being mended by the want of one.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from shared.core.audit import following
from shared.core.errors import StaleRow, SwitchbackError, UpstreamUnavailable
from shared.core.model import Drill, Phase
from shared.core.plan import Plan
from shared.core.samples import Act, ActionKind, ActionRecord, Attempt, Entry, Instant
from shared.drill_ports import DrillStore, Found, Restored
from shared.ledger_ports import ActionLog

log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 50
"""Of one append. Each lost one means that another writer's entry was taken; of a drill there are
as many writers as machines are asked side by side, on two hosts perhaps."""
TEXT_CHARACTERS_MAX = 2_000
"""Of each member: what others say (Azure's words, a client's header) must fit into a row."""
VERBS = {
    ActionKind.INJECT: "inject",
    ActionKind.ROLL_BACK: "rollBack",
    ActionKind.HOLD_BACK: "holdBack",
    ActionKind.RELEASE: "release",
}
TICK = "timer advance_drills"
OURS = {"drill": TICK, "watchdog": "timer restore_overdue"}
"""Who it is that the ledger's short names mean; all else is a person's name."""


class Chains(Protocol):
    """Where entries are kept."""

    def newest(self, chain: str) -> Entry | None:
        """Return a chain's newest entry, or None."""

    def create(self, chain: str, entry: Entry) -> None:
        """Write an entry, or raise StaleRow if there is one of its number."""

    def read(self, chain: str, since: int = 1) -> tuple[Entry, ...]:
        """Return a chain's entries from that number on, the oldest first."""


class Audit:
    """Appends to chains, on behalf of one process."""

    def __init__(self, chains: Chains, now: Callable[[], Instant], where: str) -> None:
        self._chains, self._now, self.where = chains, now, where

    def append(self, chain: str, act: Act) -> Entry:
        """Write an act down as a chain's newest entry, or raise UpstreamUnavailable."""
        plain = _in_bounds(act)
        before = self._chains.newest(chain)
        for _ in range(ATTEMPTS):
            entry = following(chain, before, plain)
            try:
                self._chains.create(chain, entry)
            except (StaleRow, UpstreamUnavailable):
                # Another writer was first, or the answer was lost: what is there tells which.
                there = self._chains.read(chain, since=entry.sequence)
                if not there:
                    raise
                if there[0].hash == entry.hash:
                    return entry
                before = there[-1]
            else:
                return entry
        message = f"The audit of {chain!r} is written by too many at once; ask again."
        raise UpstreamUnavailable(message)

    def note(self, chain: str, act: Act) -> Entry | None:
        """Write an act down if that can be done; what is done must not depend on it."""
        try:
            return self.append(chain, act)
        except SwitchbackError:
            log.exception("audit not written chain=%s act=%s", chain, act)
            return None

    def act(self, what: str, subject: str, who: str, where: str = "") -> Act:
        """Return an act of this moment whose outcome is not known; without `where`, our own."""
        return Act(at=self._now(), who=who, where=where or self.where, what=what, subject=subject)

    def outcome(self, chain: str, act: Act, do: Callable[[], T]) -> T:
        """Do it, and write down what came of it."""
        try:
            done = do()
        except UpstreamUnavailable as error:
            self._note_end(chain, act, Attempt.UNKNOWN, str(error))
            raise
        except SwitchbackError as error:
            self._note_end(chain, act, Attempt.FAILED, f"{error.code}: {error}")
            raise
        self._note_end(chain, act, Attempt.OK, act.detail)
        return done

    def _note_end(self, chain: str, act: Act, outcome: Attempt, detail: str) -> None:
        self.note(chain, replace(act, at=self._now(), outcome=outcome, detail=detail))


class AuditedActions:
    """A log of actions that writes each into its drill's chain too."""

    def __init__(self, actions: ActionLog, audit: Audit) -> None:
        self._actions, self._audit = actions, audit

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Write or complete an action; raises if either place could not be written."""
        self._actions.write_action(drill_id, action)
        act = Act(
            at=action.sent_at if action.answered_at is None else action.answered_at,
            who=OURS.get(action.by, action.by),
            where=self._audit.where,
            what=VERBS[action.kind],
            subject=action.resource,
            outcome=action.outcome,
            detail=f"{action.operation} {action.detail}".strip(),
        )
        self._audit.append(drill_id, act)


class AuditedStore:
    """A store of drills in which no drill closes unnoticed, and a closed one names its last entry.

    So entries that are cut off the end of its chain are missed.
    """

    def __init__(self, store: DrillStore, audit: Audit) -> None:
        self._store, self._audit = store, audit
        # All but saving is the store's own business.
        self.find, self.load = store.find, store.load
        self.open_drills, self.closed = store.open_drills, store.closed
        self.holder, self.create = store.holder, store.create
        self.is_lever_engaged = store.is_lever_engaged

    def save(self, drill: Drill) -> Drill:
        """Replace the version that was read, or raise StaleRow."""
        if drill.phase is not Phase.CLOSED:
            return self._store.save(drill)
        detail = f"{drill.ending} {drill.reason}".strip()
        act = replace(self._audit.act("closeDrill", drill.id, TICK), detail=detail)
        announced = self._audit.note(drill.id, act)
        sealed = replace(drill, audit_head=announced.hash) if announced else drill
        return self._audit.outcome(drill.id, act, lambda: self._store.save(sealed))


class Acting(Protocol):
    """The drills, as people and schedules act on them."""

    def rehearse(self, plan: Plan) -> Found:
        """Return what preflight finds for a plan."""

    def get(self, drill_id: str) -> Any:  # noqa: ANN401 - a View, which lives beside us
        """Return a drill, or raise DrillNotFound."""

    def state(self, drill_id: str) -> Drill:
        """Return a drill as it is stored, or raise DrillNotFound."""

    def start(self, drill_id: str, plan: Plan, plan_as_sent: str, by: str) -> tuple[Drill, bool]:
        """Start a drill, or return the one that was started by this very request before."""

    def stop(self, drill_id: str) -> Drill:
        """Have a drill roll back now."""

    def release(self, drill_id: str) -> Drill:
        """Let traffic return to a drill whose failback is held."""

    def restore(self, drill_id: str, by: str, gone: tuple[str, ...] = ()) -> tuple[Restored, ...]:
        """Undo again whatever the drill has broken, and give up what is gone for good."""


class AuditedDrills:
    """The drills, with an entry for everything that is asked of them.

    What is asked of a drill that does not exist, a refused start above all, is only logged: there
    is no chain for it, and nothing was done.
    """

    def __init__(self, drills: Acting, audit: Audit) -> None:
        self._drills, self._audit = drills, audit
        self.rehearse, self.get, self.state = drills.rehearse, drills.get, drills.state

    def start(
        self, drill_id: str, plan: Plan, plan_as_sent: str, by: str, where: str = ""
    ) -> tuple[Drill, bool]:
        """Start a drill; should we die before its entry is there, its row names who started it."""
        act = self._audit.act("startDrill", drill_id, by, where)
        try:
            drill, is_new = self._drills.start(drill_id, plan, plan_as_sent, by)
        except SwitchbackError as error:
            log.warning("refused code=%s act=%s", error.code, act)
            raise
        if is_new:
            detail = f"profile {plan.profile}, endpoint {drill.endpoint}, fault {plan.fault}"
            self._audit.note(drill_id, replace(act, outcome=Attempt.OK, detail=detail))
        return drill, is_new

    def stop(self, drill_id: str, by: str, where: str) -> Drill:
        """Have a drill roll back now."""
        act = self._audit.act("stopDrill", drill_id, by, where)
        return self._asked(act, lambda: self._drills.stop(drill_id))

    def release(self, drill_id: str, by: str, where: str) -> Drill:
        """Let traffic return to a drill whose failback is held."""
        act = self._audit.act("releaseFailback", drill_id, by, where)
        return self._asked(act, lambda: self._drills.release(drill_id))

    def restore(
        self, drill_id: str, by: str, where: str, gone: tuple[str, ...] = ()
    ) -> tuple[Restored, ...]:
        """Undo again whatever the drill has broken, and give up what is gone for good."""
        act = self._audit.act("restoreDrill", drill_id, by, where)
        if gone:
            act = replace(act, detail=f"gone: {', '.join(gone)}")
        return self._asked(act, lambda: self._drills.restore(drill_id, by, gone))

    def _asked(self, act: Act, do: Callable[[], T]) -> T:
        try:
            self._drills.state(act.subject)
        except SwitchbackError as error:
            log.warning("refused code=%s act=%s", error.code, act)
            raise
        self._audit.note(act.subject, act)
        return self._audit.outcome(act.subject, act, do)


def _in_bounds(act: Act) -> Act:
    """Return the act as a row can hold it and give it back letter by letter."""
    texts = ("who", "where", "what", "subject", "detail")
    return replace(act, **{name: _plain(getattr(act, name)) for name in texts})  # type: ignore[arg-type]


def _plain(text: str) -> str:
    return text[:TEXT_CHARACTERS_MAX].encode(errors="replace").decode()
