"""The state machine, as a table of cases: (phase, what is seen, seconds in it) and what follows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.decide import (
    INJECT_WITHIN_SECONDS,
    RULES,
    SETTLE_SECONDS,
    Action,
    Moment,
    Observation,
    Rule,
    decide,
    restore_by,
    rule_for,
)
from shared.core.model import Drill, Ending, Phase
from tests.support import held_decisions
from tests.support.drills import a_drill, at
from tests.support.held_decisions import Case

INJECT, ROLL_BACK, NOTHING = (Action.INJECT,), (Action.ROLL_BACK,), ()
SETTLED = INJECT_WITHIN_SECONDS + SETTLE_SECONDS

STEADY, FAILOVER = a_drill(Phase.STEADY), a_drill(Phase.FAILOVER)
HOLD, FAILBACK = a_drill(Phase.HOLD), a_drill(Phase.FAILBACK)

IN_PLACE = Observation(effect_seen=True, fault_in_place=True, ledger_clear=False)
MENDED = Observation(
    effect_seen=True,
    fault_in_place=False,
    undone_by_others=True,
    ledger_clear=True,
    endpoint_online=True,
    dns_back=True,
    client_back_for_seconds=60,
)
BACK_A_MOMENT = replace(MENDED, client_back_for_seconds=59.9)
ELSEWHERE = replace(MENDED, dns_back=False)

CASES: dict[str, Case] = {
    "waits for the steady state": (
        (STEADY, Observation(), 100),
        (Phase.STEADY, None, NOTHING),
    ),
    "breaks the endpoint once the steady state has held": (
        (STEADY, Observation(steady_for_seconds=60), 60),
        (Phase.FAILOVER, None, INJECT),
    ),
    "does not break what preflight would refuse by now": (
        (STEADY, Observation(steady_for_seconds=60, blocked="TargetNotOptedIn"), 60),
        (Phase.CLOSED, Ending.CANCELLED, NOTHING),
    ),
    "gives up on a steady state that does not come": (
        (STEADY, Observation(), 300),
        (Phase.CLOSED, Ending.NO_STEADY_STATE, NOTHING),
    ),
    "is cancelled, not stopped, before anything was injected": (
        (replace(STEADY, stop_requested="OperatorStop"), Observation(steady_for_seconds=60), 90),
        (Phase.CLOSED, Ending.CANCELLED, NOTHING),
    ),
    "injects again after a tick that died before acting": (
        (FAILOVER, Observation(), 10),
        (Phase.FAILOVER, None, INJECT),
    ),
    "never injects what was once seen in place": (
        (FAILOVER, replace(IN_PLACE, fault_in_place=False), 10),
        (Phase.FAILOVER, None, NOTHING),
    ),
    "never injects in doubt": (
        (FAILOVER, Observation(fault_in_place=None), 10),
        (Phase.FAILOVER, None, NOTHING),
    ),
    "never injects late": (
        (FAILOVER, Observation(), INJECT_WITHIN_SECONDS + 0.001),
        (Phase.FAILOVER, None, NOTHING),
    ),
    "takes back a fault that never came": (
        (FAILOVER, Observation(ledger_clear=False), SETTLED),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "takes back a fault that nobody can see": (
        (FAILOVER, Observation(fault_in_place=None), SETTLED),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "waits for traffic to leave": (
        (FAILOVER, IN_PLACE, 200),
        (Phase.FAILOVER, None, NOTHING),
    ),
    "holds once a survivor has served the client": (
        (FAILOVER, replace(IN_PLACE, away_at=at(180)), 200),
        (Phase.HOLD, None, NOTHING),
    ),
    "stops waiting for a failover that does not come": (
        (FAILOVER, IN_PLACE, 900),
        (Phase.FAILBACK, Ending.TIMED_OUT, ROLL_BACK),
    ),
    "rolls back when told to while failing over": (
        (replace(FAILOVER, stop_requested="OperatorStop"), IN_PLACE, 5),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "rolls back on a stop condition": (
        (HOLD, replace(IN_PLACE, stop="SurvivorUnhealthy"), 5),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "does not put back a fault that others removed while failing over": (
        (FAILOVER, replace(IN_PLACE, undone_by_others=True), 100),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "does not put back a fault that others removed while holding": (
        (HOLD, replace(IN_PLACE, undone_by_others=True), 10),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "holds for as long as was asked": (
        (HOLD, IN_PLACE, 119),
        (Phase.HOLD, None, NOTHING),
    ),
    "fails back when it has held": (
        (HOLD, IN_PLACE, 120),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "rolls back before the watchdog has to": (
        (replace(HOLD, phase_since=at(1_205)), IN_PLACE, 1_230),
        (Phase.FAILBACK, Ending.TIMED_OUT, ROLL_BACK),
    ),
    "keeps rolling back until the fault is known to be gone": (
        (FAILBACK, replace(IN_PLACE, fault_in_place=None), 899),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "does not close over a fault however long it takes": (
        (FAILBACK, IN_PLACE, 9_999),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "waits for the client to stay": (
        (FAILBACK, BACK_A_MOMENT, 500),
        (Phase.FAILBACK, None, NOTHING),
    ),
    "closes when everything is back": (
        (FAILBACK, MENDED, 500),
        (Phase.CLOSED, Ending.FINISHED, NOTHING),
    ),
    "does not close while a late request could still arrive": (
        (FAILBACK, MENDED, SETTLED - 1),
        (Phase.FAILBACK, None, NOTHING),
    ),
    "closes late when traffic does not come back": (
        (FAILBACK, ELSEWHERE, 900),
        (Phase.CLOSED, Ending.TIMED_OUT, NOTHING),
    ),
    "ends a rollback that had failed as that, once it is verified": (
        (replace(FAILBACK, needs_attention=True), ELSEWHERE, 1_000),
        (Phase.CLOSED, Ending.ROLLBACK_FAILED, NOTHING),
    ),
    **held_decisions.CASES,
}


@pytest.mark.parametrize(("given_", "expected"), CASES.values(), ids=CASES.keys())
def test_decides(
    given_: tuple[Drill, Observation, float],
    expected: tuple[Phase, Ending | None, tuple[Action, ...]],
) -> None:
    """Each case is one sentence of the drill's contract."""
    drill, seen, seconds = given_

    decision = decide(drill, seen, at(seconds))

    assert (decision.drill.phase, decision.drill.ending, decision.actions) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.at}-{r.when.__name__}")
def test_every_rule_is_shown_by_a_case(rule: Rule) -> None:
    """A row that no case needs is a row that nobody understands."""
    fired = [rule_for(Moment(drill, seen, at(s))) for (drill, seen, s), _ in CASES.values()]

    assert rule in fired


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.at}-{r.when.__name__}")
def test_deleting_a_rule_is_noticed(rule: Rule, request: pytest.FixtureRequest) -> None:
    """Without the row, at least one case comes out differently."""
    import shared.core.decide as module

    kept = module.RULES
    request.addfinalizer(lambda: setattr(module, "RULES", kept))
    module.RULES = tuple(each for each in kept if each is not rule)

    outcomes = [decide(drill, seen, at(s)) for (drill, seen, s), _ in CASES.values()]

    told = [(d.drill.phase, d.drill.ending, d.actions) for d in outcomes]
    assert told != [expected for _, expected in CASES.values()]


def test_the_hold_began_when_the_survivor_first_served() -> None:
    """A tick sees it some seconds later; the wait is counted from the sample."""
    moved = decide(FAILOVER, replace(IN_PLACE, away_at=at(180)), at(192)).drill

    assert moved.phase_since == at(180)


def test_the_first_reason_stays() -> None:
    """What happens while rolling back does not rewrite why."""
    stopped = decide(replace(FAILOVER, stop_requested="OperatorStop"), IN_PLACE, at(5)).drill

    closed = decide(stopped, MENDED, at(500)).drill

    assert (closed.ending, closed.reason) == (Ending.STOPPED, "OperatorStop")


def test_an_unverified_rollback_needs_attention() -> None:
    """The lock is held and the alarm is on until the undo has been read back."""
    moved = decide(FAILBACK, IN_PLACE, at(900)).drill

    assert moved.needs_attention


def test_a_release_begins_the_failback_anew() -> None:
    """Its time is counted from there, and a second release changes nothing."""
    released = decide(held_decisions.ASKED, held_decisions.MENDED, at(300)).drill

    again = decide(released, held_decisions.MENDED, at(500)).drill

    assert (released.released_at, released.phase_since) == (at(300), at(300))
    assert again == released


def test_a_hold_is_no_failed_rollback() -> None:
    """What is disabled on purpose raises no alarm; a machine that does not come back does."""
    long_plan = replace(held_decisions.PLAN, failback_hold_seconds_max=3_600)
    held = replace(held_decisions.HELD, plan=long_plan)

    assert not decide(held, held_decisions.MENDED, at(2_000)).drill.needs_attention
    assert decide(held, held_decisions.KEPT, at(2_000)).drill.needs_attention


def test_a_disabled_endpoint_is_due_only_after_the_longest_hold() -> None:
    """Its record is the only one, so the watchdog leaves it for as long as it may be held."""
    held, plain = held_decisions.DISABLED, a_drill(Phase.FAILBACK)

    assert restore_by(held) - restore_by(plain) == 600_000


def test_the_drill_rolls_back_well_before_the_watchdog() -> None:
    """The longest way through a drill ends 120 s or more before `restoreBy`."""
    plan = FAILOVER.plan

    own_way_seconds = plan.switch_seconds_max + plan.held_seconds

    assert restore_by(FAILOVER) - at(own_way_seconds) >= 120_000


maybe = st.sampled_from([True, False, None])
instants = st.one_of(st.none(), st.integers(0, 10_000).map(at))
stretches = st.one_of(st.none(), st.floats(0, 10_000))
observations = st.builds(
    Observation,
    steady_for_seconds=stretches,
    blocked=st.sampled_from(["", "NoSurvivor"]),
    away_at=instants,
    stop=st.sampled_from(["", "SafetyLeverEngaged"]),
    effect_seen=st.booleans(),
    fault_in_place=maybe,
    undone_by_others=st.booleans(),
    ledger_clear=maybe,
    fault_clear=maybe,
    hold_in_place=maybe,
    hold_seen=st.booleans(),
    endpoint_online=maybe,
    dns_back=maybe,
    client_back_for_seconds=stretches,
)
drills = st.builds(
    lambda phase, since, attention, stop, plan: replace(
        a_drill(phase, plan=plan),
        phase_since=at(since),
        needs_attention=attention,
        stop_requested=stop,
    ),
    st.sampled_from(Phase),
    st.integers(0, 5_000),
    st.booleans(),
    st.sampled_from(["", "OperatorStop"]),
    st.sampled_from([FAILOVER.plan, held_decisions.PLAN, held_decisions.SWITCHED]),
)


@given(drills, observations, st.integers(0, 20_000))
def test_no_drill_closes_over_a_fault(drill: Drill, seen: Observation, seconds: int) -> None:
    """Once a fault may be in place, closing takes a clear ledger and no late request."""
    moved = decide(drill, seen, at(seconds)).drill

    if drill.phase in (Phase.FAILOVER, Phase.HOLD, Phase.FAILBACK) and (
        moved.phase is Phase.CLOSED
    ):
        assert seen.ledger_clear is True
        assert at(seconds) >= at(SETTLED)


@given(drills, observations, st.integers(0, 20_000))
def test_nothing_is_injected_late_twice_or_in_doubt(
    drill: Drill, seen: Observation, seconds: int
) -> None:
    """Whatever is seen, an injection means: absent, never seen in place, and in time."""
    decision = decide(drill, seen, at(seconds))

    if Action.INJECT in decision.actions:
        assert seen.fault_in_place is False
        assert not seen.effect_seen
        assert decision.drill.inject_not_after is not None
        assert at(seconds) <= decision.drill.inject_not_after
        assert not seen.stop


@given(drills, observations, st.integers(0, 20_000))
def test_traffic_is_kept_away_only_on_purpose(
    drill: Drill, seen: Observation, seconds: int
) -> None:
    """An endpoint is disabled only by a drill in failback that holds, was not stopped, in time."""
    decision = decide(drill, seen, at(seconds))

    if Action.HOLD_BACK in decision.actions:
        moved = decision.drill
        assert (moved.phase, moved.ending, moved.released_at) == (Phase.FAILBACK, None, None)
        assert at(seconds) - moved.phase_since < 1_000 * INJECT_WITHIN_SECONDS


@given(drills, observations, st.integers(0, 20_000))
def test_a_drill_never_goes_backwards(drill: Drill, seen: Observation, seconds: int) -> None:
    """Steady, failover, hold, failback, closed: never the other way."""
    order = list(Phase)

    moved = decide(drill, seen, at(seconds)).drill

    assert order.index(moved.phase) >= order.index(drill.phase)
