"""Starts, moves on, stops and lists drills: looks, decides, saves, acts, records."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from shared.core.clock_steps import stop_of
from shared.core.decide import Action, Decision, Observation, decide
from shared.core.errors import (
    DrillExists,
    InvalidInput,
    NothingHeld,
    PreflightFailed,
    ProfileBusy,
    SafetyLeverEngaged,
    StaleRow,
    SwitchbackError,
)
from shared.core.model import Drill, Phase
from shared.core.observe import last_seen, observe
from shared.core.plan import Failback, Plan
from shared.core.samples import Instant, Timeline, Transition
from shared.core.waiting import until, waits_for
from shared.drill_ports import Dependencies, Found, Restored

log = logging.getLogger(__name__)

LOOK_BACK_SECONDS = 120
"""How much more of the timeline a tick reads than its plan's longest stretch."""
SAVE_ATTEMPTS = 5
BREAKING = frozenset({Action.INJECT, Action.HOLD_BACK})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """A drill as its users see it."""

    drill: Drill
    waits_for: str
    until: Instant | None
    last_seen: dict[str, str]


class Drills:
    """The drills of all profiles."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._its = dependencies

    def rehearse(self, plan: Plan) -> Found:
        """Return what preflight finds for a plan, all its faults included; start nothing."""
        _raise_if_wrong(plan)
        return self._its.preflight.inspect(plan)

    def start(self, drill_id: str, plan: Plan, plan_as_sent: str, by: str) -> tuple[Drill, bool]:
        """Start a drill, or return the one that was started by this very request before."""
        existing = self._its.store.find(drill_id)
        if existing is not None:
            return self._same(existing, plan_as_sent), False
        _raise_if_wrong(plan)
        if self._its.store.is_lever_engaged():
            raise SafetyLeverEngaged("The safety lever is engaged: no drill may start.")
        holder = self._its.store.holder(plan.profile)
        if holder == drill_id:
            # Another request of the same name was a moment faster.
            return self._same(self._its.store.load(drill_id), plan_as_sent), False
        if holder:
            raise ProfileBusy(f"Profile {plan.profile!r} has a drill running: {holder!r}.")
        inspection = self._its.preflight.inspect(plan)
        if inspection.faults:
            told = " ".join(fault.message for fault in inspection.faults)
            raise PreflightFailed(f"The drill must not start. {told}", inspection.faults)
        return self._commit(drill_id, plan, plan_as_sent, by, inspection)

    def _commit(
        self, drill_id: str, plan: Plan, plan_as_sent: str, by: str, found: Found
    ) -> tuple[Drill, bool]:
        now = self._its.now()
        drill = Drill(
            id=drill_id,
            plan=plan,
            plan_as_sent=plan_as_sent,
            endpoint=found.endpoint,
            snapshot=found.snapshot,
            phase=Phase.STEADY,
            phase_since=now,
            started_at=now,
            started_by=by,
            cautions=found.cautions,
        )
        try:
            created = self._its.store.create(drill)
        except DrillExists:
            # Another request of the same name was a moment faster.
            return self._same(self._its.store.load(drill_id), plan_as_sent), False
        self._record_phase(created)
        log.info("drill started drill_id=%s profile=%s by=%s", drill_id, plan.profile, by)
        return created, True

    def get(self, drill_id: str) -> View:
        """Return one drill with what it waits for and what was seen last."""
        drill = self._its.store.load(drill_id)
        if drill.phase is Phase.CLOSED:
            return View(drill, "", None, {})
        timeline = self._recent(drill)
        seen = self._seen(drill, timeline, is_noted=False)
        return View(drill, waits_for(drill, seen), until(drill), last_seen(timeline.samples))

    def state(self, drill_id: str) -> Drill:
        """Return one drill as it is stored, asking nothing else."""
        return self._its.store.load(drill_id)

    def open(self) -> tuple[Drill, ...]:
        """Return the open drills."""
        return self._its.store.open_drills()

    def closed(self, profile: str, top: int, after: str = "") -> list[dict[str, Any]]:
        """Return summaries of a profile's closed drills, newest first."""
        return self._its.store.closed(profile, top, after)

    def holder(self, profile: str) -> str | None:
        """Return the id of the drill that is running on a profile."""
        return self._its.store.holder(profile)

    def stop(self, drill_id: str, reason: str = "OperatorStop") -> Drill:
        """Have a drill roll back now; stopping twice, or a closed drill, changes nothing."""

        def attempt() -> Drill:
            drill = self._its.store.load(drill_id)
            if drill.phase is Phase.CLOSED or drill.stop_requested:
                return drill
            return self._its.store.save(replace(drill, stop_requested=reason))

        return _repeated(drill_id, attempt)

    def release(self, drill_id: str, reason: str = "OperatorRelease") -> Drill:
        """Let traffic return to a drill whose failback is held; twice, or too late, is no harm."""

        def attempt() -> Drill:
            drill = self._its.store.load(drill_id)
            if drill.plan.failback is not Failback.HOLD:
                message = f"Drill {drill_id!r} does not hold its failback: its plan says automatic."
                raise NothingHeld(message, target="failback")
            if drill.phase is Phase.CLOSED or drill.release_requested:
                return drill
            if drill.phase is not Phase.FAILBACK:
                message = f"Drill {drill_id!r} is in {drill.phase}: no failback is held yet."
                raise NothingHeld(message, target="phase")
            return self._its.store.save(replace(drill, release_requested=reason))

        return _repeated(drill_id, attempt)

    def restore(self, drill_id: str, by: str, gone: tuple[str, ...] = ()) -> tuple[Restored, ...]:
        """Undo again whatever the drill has broken, whatever became of it; it does no harm twice.

        A drill that is on its way is told to stop first, so that nothing is broken anew.
        """
        drill = self._its.store.load(drill_id)
        if drill.phase not in (Phase.STEADY, Phase.CLOSED):
            self.stop(drill_id, "OperatorRestore")
        return _repeated(drill_id, lambda: self._its.ledger.restore_again(drill_id, by, gone))

    def advance(self) -> None:
        """Move every open drill on by one tick; one drill's trouble does not keep the others."""
        # Those that must roll back first: a preflight that waits for ARM must not hold them up.
        order = list(reversed(Phase))
        for drill in sorted(self._its.store.open_drills(), key=lambda d: order.index(d.phase)):
            try:
                self.tick(drill)
            except StaleRow:
                log.info("tick lost to another drill_id=%s", drill.id)
            except Exception:  # whatever it is, it must not keep others from rolling back
                log.exception("tick failed drill_id=%s", drill.id)

    def tick(self, drill: Drill) -> Drill:
        """Move one drill on: look, decide, save, act."""
        timeline = self._recent(drill)
        if str(drill.phase) not in {each.phase for each in timeline.transitions}:
            self._record_phase(drill)  # a tick that died between saving and writing it down
        seen = self._with_recheck(drill, self._seen(drill, timeline))
        decision = decide(drill, seen, self._its.now())
        # Whoever breaks something holds the newest drill: one that was read before others moved
        # it on, or ended it, cannot be saved.
        is_claimed = decision.drill != drill or BREAKING.intersection(decision.actions)
        moved = self._its.store.save(decision.drill) if is_claimed else drill
        if moved.phase is not drill.phase:
            self._record_phase(moved)
        if moved.needs_attention:
            log.error("rollback unverified drill_id=%s: look at its machines", moved.id)
        self._act(Decision(moved, decision.actions))
        return moved

    def _act(self, decision: Decision) -> None:
        drill, ledger = decision.drill, self._its.ledger
        for action in decision.actions:
            if action is Action.INJECT:
                ledger.inject(drill, self._its.health_check(drill))
            elif action is Action.HOLD_BACK:
                ledger.hold_back(drill, self._its.health_check(drill))
            else:
                ledger.roll_back(drill, keep_hold=action is Action.ROLL_BACK_FAULT)

    def _recent(self, drill: Drill) -> Timeline:
        plan = drill.plan
        budget = plan.stop_conditions.client_outage_seconds_max or 0
        unhealthy = plan.stop_conditions.survivor_unhealthy_samples * plan.sample_interval_seconds
        longest = max(plan.steady_seconds, plan.stability_seconds, budget, unhealthy)
        since = self._its.now() - 1_000 * (longest + LOOK_BACK_SECONDS)
        try:
            return self._its.records.read(drill.id, since)
        except SwitchbackError:
            if drill.phase is Phase.STEADY:
                raise
            # No rollback waits for samples: without them everything is unknown, which is safe.
            log.exception("timeline not read drill_id=%s", drill.id)
            return Timeline()

    def _seen(self, drill: Drill, timeline: Timeline, *, is_noted: bool = True) -> Observation:
        seen = observe(drill, timeline.samples, self._its.now())
        is_engaged = self._its.store.is_lever_engaged()
        stop = "SafetyLeverEngaged" if is_engaged else seen.stop or stop_of(timeline.steps)
        if drill.phase is Phase.STEADY:
            return replace(seen, stop=stop)
        view = self._its.ledger.view(drill, is_noted=is_noted)
        return replace(seen, stop=stop, **view._asdict())

    def _with_recheck(self, drill: Drill, seen: Observation) -> Observation:
        """Ask preflight once more when the first request to inject is due.

        Once a record is committed it is not: what it would see is the drill's own doing.
        """
        would = decide(drill, seen, self._its.now())
        if Action.INJECT not in would.actions or seen.has_records:
            return seen
        blocked = self._its.preflight.blocked(drill)
        if blocked:
            log.warning("not injected drill_id=%s because=%s", drill.id, blocked)
        if drill.phase is Phase.STEADY:
            return replace(seen, blocked=blocked)
        return replace(seen, stop=seen.stop or blocked)

    def _record_phase(self, drill: Drill) -> None:
        log.info("phase entered drill_id=%s phase=%s", drill.id, drill.phase)
        at = drill.closed_at or drill.phase_since
        transition = Transition(at=at, phase=str(drill.phase), reason=drill.reason)
        try:
            self._its.records.write_transition(drill.id, transition)
        except SwitchbackError:
            # The drill's own row has it; the timeline's copy must not hold up a rollback.
            log.exception("transition not written drill_id=%s", drill.id)

    def _same(self, existing: Drill, plan_as_sent: str) -> Drill:
        if existing.plan_as_sent != plan_as_sent:
            raise DrillExists(f"Drill {existing.id!r} exists already, with another plan.")
        return existing


def _repeated(drill_id: str, attempt: Callable[[], T]) -> T:
    """Try again whatever others were faster with, each time with what they left."""
    for _ in range(SAVE_ATTEMPTS):
        try:
            return attempt()
        except StaleRow:
            continue
    raise StaleRow(f"Drill {drill_id!r} is being moved on; ask again.")


def _raise_if_wrong(plan: Plan) -> None:
    if faults := plan.faults():
        raise InvalidInput(" ".join(fault.message for fault in faults), faults)
