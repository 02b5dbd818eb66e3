"""The whole state machine of a drill, as one table of rules. No time, no I/O, no mutation.

1. A drill goes steady, failover, hold, failback, closed. Earlier rules win.
2. The phase is the intent, for undoing: in FAILBACK the fault is rolled back until its undo
   records are closed, whoever breaks or mends in between.
3. A fault is injected only in FAILOVER, only before `inject_not_after`, and never again once it
   was seen in place. In doubt nothing is injected.
4. Every stop after the injection goes through FAILBACK. In doubt, roll back.
   Where the failback is held, the endpoint is disabled first, the fault undone behind it, and
   the endpoint enabled again when somebody releases it, or by itself in the end.
5. No drill closes over a fault that may be in place: it stays in FAILBACK, needing attention.
6. How a drill ended is said here; whether the RTO was met is the report's business.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Failback, FaultKind
from shared.core.samples import Instant

INJECT_WITHIN_SECONDS = 30
"""A fault's request may be sent this long after the decision, and no later."""
SETTLE_SECONDS = 60
"""How long after `inject_not_after` a late request could still show; nothing closes before."""
UNDO_MARGIN_SECONDS = 300
"""The watchdog waits this much longer than the drill's longest way."""
OWN_DEADLINE_EARLIER_SECONDS = 120
"""A drill rolls back by itself this long before the watchdog would."""
STEADY_WAIT_FACTOR = 3
STEADY_WAIT_SECONDS_MIN = 300


class Action(StrEnum):
    """What the driver must do to the system under test."""

    INJECT = "inject"
    ROLL_BACK = "roll back"
    """Undo everything."""
    HOLD_BACK = "hold back"
    """Disable the endpoint, so that traffic stays away when the fault is undone."""
    ROLL_BACK_FAULT = "roll back the fault"
    """Undo the fault, and leave the endpoint disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a tick knows. None means: we do not know.

    How long something has held (`*_for_seconds`) is as long as samples show it, not until now:
    what was not seen yet proves nothing.
    """

    steady_for_seconds: float | None = None
    blocked: str = ""
    away_at: Instant | None = None
    stop: str = ""
    has_records: bool = False
    effect_seen: bool = False
    fault_in_place: bool | None = False
    undone_by_others: bool = False
    ledger_clear: bool | None = None
    fault_clear: bool | None = None
    hold_in_place: bool | None = False
    hold_seen: bool = False
    endpoint_online: bool | None = None
    dns_back: bool | None = None
    client_back_for_seconds: float | None = None


def restore_by(drill: Drill) -> Instant:
    """Return when the watchdog takes over; fixed with the injection, never extended."""
    injected = drill.inject_not_after or drill.phase_since
    plan = drill.plan
    # An endpoint that is disabled as the fault stays so while its failback is held.
    is_held = plan.failback is Failback.HOLD and plan.fault is FaultKind.ENDPOINT_DISABLE
    kept = plan.failback_hold_seconds_max if is_held else 0
    longest = plan.switch_seconds_max + plan.held_seconds + kept
    return injected + 1_000 * (longest + UNDO_MARGIN_SECONDS)


def is_holding_back(drill: Drill) -> bool:
    """Traffic must not return yet: the failback is held, and nobody has released it."""
    is_asked = drill.plan.failback is Failback.HOLD and drill.phase is Phase.FAILBACK
    return is_asked and drill.released_at is None and drill.ending is None


def hold_back_until(drill: Drill, now: Instant) -> Instant:
    """Return when the watchdog ends a hold that begins now."""
    return now + 1_000 * (drill.plan.failback_hold_seconds_max + UNDO_MARGIN_SECONDS)


@dataclass(frozen=True, slots=True)
class Moment:
    """A drill, what is seen of the system, and the time: what the rules' conditions ask."""

    drill: Drill
    seen: Observation
    now: Instant

    def is_told_to_stop(self) -> bool:
        """The operator, the safety lever or a stop condition says so."""
        return bool(self.stop_reason())

    def stop_reason(self) -> str:
        """Why to stop; empty when nothing says so."""
        return self.drill.stop_requested or self.seen.stop

    def is_blocked(self) -> bool:
        """What preflight demanded no longer holds."""
        return self.has_been_steady() and bool(self.seen.blocked)

    def has_been_steady(self) -> bool:
        """Online, named by DNS and answering us for long enough."""
        return _at_least(self.seen.steady_for_seconds, self.drill.plan.steady_seconds)

    def is_out_of_steady_time(self) -> bool:
        """The steady state did not come."""
        allowed = max(STEADY_WAIT_FACTOR * self.drill.plan.steady_seconds, STEADY_WAIT_SECONDS_MIN)
        return self._phase_lasted(allowed)

    def is_undone_by_others(self) -> bool:
        """A person or the watchdog removed the fault, or the watchdog is due to."""
        return self.seen.undone_by_others

    def has_no_fault(self) -> bool:
        """The time to inject is over, and the fault is known to be absent."""
        return self._never_seen() and self.seen.fault_in_place is False

    def is_fault_in_doubt(self) -> bool:
        """The time to inject is over, and nobody can say whether the fault is there."""
        return self._never_seen() and self.seen.fault_in_place is None

    def is_away(self) -> bool:
        """The fault was seen in place, and a survivor has served the objective client."""
        return self.seen.effect_seen and self.seen.away_at is not None

    def is_out_of_time(self) -> bool:
        """The failover took longer than the drill waits."""
        return self._phase_lasted(self.drill.plan.switch_seconds_max)

    def has_held(self) -> bool:
        """Traffic stayed away for as long as was asked."""
        return self._phase_lasted(self.drill.plan.held_seconds)

    def is_past_own_deadline(self) -> bool:
        """The watchdog's time comes near."""
        return self.now >= restore_by(self.drill) - 1_000 * OWN_DEADLINE_EARLIER_SECONDS

    def is_clear_at_last(self) -> bool:
        """A rollback that had failed has been verified."""
        return self.drill.needs_attention and self._may_close()

    def is_restored(self) -> bool:
        """Everything is back: ledger, endpoint, DNS, and the objective client for long enough."""
        stable = self.drill.plan.stability_seconds
        return (
            self._may_close()
            and self.seen.endpoint_online is True
            and self.seen.dns_back is True
            and _at_least(self.seen.client_back_for_seconds, stable)
        )

    def is_lost(self) -> bool:
        """The fault is gone, yet traffic did not come back in time."""
        return self._may_close() and self.is_out_of_time()

    def is_unverified(self) -> bool:
        """The rollback should have been verified by now, and is not."""
        in_failback = self.drill.phase is Phase.FAILBACK
        is_clear = self.seen.ledger_clear
        if self.is_holding_back():
            # What is disabled on purpose is not late; a fault behind it that is not undone is.
            is_clear = self.seen.fault_clear or self._is_kept_disabled()
        return in_failback and is_clear is not True and self.is_out_of_time()

    def is_holding_back(self) -> bool:
        """Traffic must not return yet, though the hold is over."""
        return is_holding_back(self.drill)

    def is_stopped_while_holding_back(self) -> bool:
        """Told to stop, and so to let traffic return at once."""
        return self.is_holding_back() and self.is_told_to_stop()

    def is_released(self) -> bool:
        """Somebody lets traffic return, or the longest hold is over, or there is none."""
        if not self.is_holding_back():
            return False
        is_over = self._phase_lasted(self.drill.plan.failback_hold_seconds_max)
        return bool(self.drill.release_requested) or is_over or self._is_hold_lost()

    def may_hold_back(self) -> bool:
        """In time to disable the endpoint, which was never seen so; only as the hold begins."""
        is_early = not self._phase_lasted(INJECT_WITHIN_SECONDS)
        return is_early and not self.seen.hold_seen and not self._is_kept_disabled()

    def _is_kept_disabled(self) -> bool:
        """The fault itself keeps traffic away."""
        return self.drill.plan.fault is FaultKind.ENDPOINT_DISABLE

    def _is_hold_lost(self) -> bool:
        """Somebody enabled the endpoint, or it could not be disabled in time."""
        if self._is_kept_disabled():
            return self.seen.fault_clear is True or self.seen.undone_by_others
        if self.seen.hold_seen:
            return self.seen.hold_in_place is False
        return self._phase_lasted(INJECT_WITHIN_SECONDS)

    def is_settled(self) -> bool:
        """No request to inject can still arrive."""
        limit = self.drill.inject_not_after
        return limit is None or self.now >= limit + 1_000 * SETTLE_SECONDS

    def may_inject(self) -> bool:
        """In time, never seen in place, and known to be absent."""
        limit = self.drill.inject_not_after
        in_time = limit is not None and self.now <= limit
        return in_time and not self.seen.effect_seen and self.seen.fault_in_place is False

    def _may_close(self) -> bool:
        return self.seen.ledger_clear is True and self.is_settled()

    def _never_seen(self) -> bool:
        return not self.seen.effect_seen and self.is_settled()

    def _phase_lasted(self, seconds: int) -> bool:
        return self.now - self.drill.phase_since >= 1_000 * seconds


def _at_least(held_seconds: float | None, seconds: int) -> bool:
    return held_seconds is not None and held_seconds >= seconds


Condition = Callable[[Moment], bool]


class Rule(NamedTuple):
    """In phase `at`, when `when` holds, enter `to`; `reason` is the drill's, once for all."""

    at: Phase
    when: Condition
    to: Phase
    ending: Ending | None = None
    reason: str = ""


RULES: tuple[Rule, ...] = (
    Rule(Phase.STEADY, Moment.is_told_to_stop, Phase.CLOSED, Ending.CANCELLED),
    Rule(Phase.STEADY, Moment.is_blocked, Phase.CLOSED, Ending.CANCELLED),
    Rule(Phase.STEADY, Moment.has_been_steady, Phase.FAILOVER),
    Rule(Phase.STEADY, Moment.is_out_of_steady_time, Phase.CLOSED, Ending.NO_STEADY_STATE),
    Rule(Phase.FAILOVER, Moment.is_told_to_stop, Phase.FAILBACK, Ending.STOPPED),
    Rule(
        Phase.FAILOVER,
        Moment.is_undone_by_others,
        Phase.FAILBACK,
        Ending.STOPPED,
        "FaultRemovedByOthers",
    ),
    Rule(Phase.FAILOVER, Moment.has_no_fault, Phase.FAILBACK, Ending.STOPPED, "FaultNotInjected"),
    Rule(Phase.FAILOVER, Moment.is_fault_in_doubt, Phase.FAILBACK, Ending.STOPPED, "FaultInDoubt"),
    Rule(Phase.FAILOVER, Moment.is_away, Phase.HOLD),
    Rule(
        Phase.FAILOVER, Moment.is_out_of_time, Phase.FAILBACK, Ending.TIMED_OUT, "NoFailoverInTime"
    ),
    Rule(Phase.HOLD, Moment.is_told_to_stop, Phase.FAILBACK, Ending.STOPPED),
    Rule(
        Phase.HOLD,
        Moment.is_undone_by_others,
        Phase.FAILBACK,
        Ending.STOPPED,
        "FaultRemovedByOthers",
    ),
    Rule(Phase.HOLD, Moment.has_held, Phase.FAILBACK),
    Rule(
        Phase.HOLD, Moment.is_past_own_deadline, Phase.FAILBACK, Ending.TIMED_OUT, "DeadlinePassed"
    ),
    Rule(Phase.FAILBACK, Moment.is_stopped_while_holding_back, Phase.FAILBACK, Ending.STOPPED),
    Rule(Phase.FAILBACK, Moment.is_released, Phase.FAILBACK),
    Rule(
        Phase.FAILBACK,
        Moment.is_clear_at_last,
        Phase.CLOSED,
        Ending.ROLLBACK_FAILED,
        "RollbackUnverified",
    ),
    Rule(Phase.FAILBACK, Moment.is_restored, Phase.CLOSED, Ending.FINISHED),
    Rule(Phase.FAILBACK, Moment.is_lost, Phase.CLOSED, Ending.TIMED_OUT, "NoFailbackInTime"),
)


class Decision(NamedTuple):
    """Where the drill stands now, and what must be done to the system."""

    drill: Drill
    actions: tuple[Action, ...]


def rule_for(moment: Moment) -> Rule | None:
    """Return the first rule that fires, or None: the drill stays where it is."""
    for rule in RULES:
        if rule.at is moment.drill.phase and rule.when(moment):
            return rule
    return None


def decide(drill: Drill, seen: Observation, now: Instant) -> Decision:
    """Say where the drill goes next and what must be done to the system."""
    moment = Moment(drill, seen, now)
    rule = rule_for(moment)
    moved = _enter(moment, rule) if rule else drill
    if moment.is_unverified():
        moved = replace(moved, needs_attention=True)
    return Decision(moved, _actions(Moment(moved, seen, now)))


def _enter(moment: Moment, rule: Rule) -> Drill:
    drill = moment.drill
    if rule.ending is Ending.ROLLBACK_FAILED:
        drill = replace(drill, ending=None, reason="")
    moved = drill.enter(rule.to, _since(moment, rule), rule.ending, _reason(moment, rule))
    if rule.to is Phase.FAILOVER:
        return replace(moved, inject_not_after=moment.now + 1_000 * INJECT_WITHIN_SECONDS)
    if drill.phase is rule.to:
        return replace(moved, released_at=moment.now)
    if rule.to is Phase.CLOSED:
        return replace(moved, closed_at=moment.now)
    return moved


def _since(moment: Moment, rule: Rule) -> Instant:
    """A hold began when a survivor first served the client, which a tick sees later."""
    if rule.to is Phase.HOLD and moment.seen.away_at is not None:
        return moment.seen.away_at
    return moment.now


def _reason(moment: Moment, rule: Rule) -> str:
    if rule.when in (Moment.is_told_to_stop, Moment.is_stopped_while_holding_back):
        return moment.stop_reason()
    if rule.when is Moment.is_blocked:
        return moment.seen.blocked
    return rule.reason


def _actions(moment: Moment) -> tuple[Action, ...]:
    """In doubt, roll back. Never inject in doubt, and never again once seen."""
    if moment.drill.phase is Phase.FAILOVER and moment.may_inject():
        return (Action.INJECT,)
    if moment.is_holding_back():
        return _actions_behind(moment)
    if moment.drill.phase is Phase.FAILBACK and moment.seen.ledger_clear is not True:
        # An endpoint that is enabled is answered with at once: its machines must serve by then.
        is_early = moment.seen.hold_in_place is True and moment.seen.fault_clear is False
        return (Action.ROLL_BACK_FAULT if is_early else Action.ROLL_BACK,)
    return ()


def _actions_behind(moment: Moment) -> tuple[Action, ...]:
    """First keep traffic away, then undo the fault behind it."""
    if moment.may_hold_back():
        return (Action.HOLD_BACK,)
    if moment.seen.hold_seen and moment.seen.fault_clear is not True:
        return (Action.ROLL_BACK_FAULT,)
    return ()
