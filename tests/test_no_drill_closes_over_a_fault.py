"""No order of events closes a drill over a fault, or breaks anything without a committed record.

Looks that tell nothing or an old state, requests that fail or are done untold, hosts that die at
any call, ticks with a drill that was read long ago, and a clock that steps both ways.
"""

from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.core.errors import SwitchbackError
from shared.core.model import Drill, Phase
from shared.core.plan import Failback, FaultKind
from shared.core.samples import Attempt
from shared.drills import Drills
from shared.ledger import Ledger
from tests.support.adversary import SCENES, Adversary, plan_of
from tests.support.crash_points import Died

SECONDS = st.sampled_from([1, 5, 5, 5, 31, 61, 100, 700])
STEPS = st.sampled_from([-1_000, -100, -31, 31, 100, 1_000])
CALLS_MAX = 26
LIFE_SECONDS = 20
"""Of a request that breaks or mends."""
TICKS_TO_END = 1_000
"""Twenty seconds each: the clock may have been set back by as much as it likes before."""


class Luck(NamedTuple):
    """How the outside treats one run of a host."""

    calls: int | None = None
    """After so many the host dies; None: it lives."""
    is_last_done: bool = True
    """The call at which it died was done."""
    looks: str = "true"
    """What is looked at shows itself; or nothing; or whole, as it was once; or broken."""
    answer: Attempt = Attempt.OK
    is_done: bool = True
    """What was asked for without an answer."""


GOOD = Luck()
LUCK = st.builds(
    Luck,
    calls=st.one_of(st.none(), st.none(), st.integers(0, CALLS_MAX - 1)),
    is_last_done=st.booleans(),
    looks=st.sampled_from(["true", "true", "nothing", "whole", "whole", "broken"]),
    answer=st.sampled_from([Attempt.OK, Attempt.OK, Attempt.UNKNOWN, Attempt.FAILED]),
    is_done=st.booleans(),
)
COURSE = (
    # Steady, injected, seen in place, away, held, undone, verified, at home again.
    *[(5, "at home")] * 4,
    *[(31, "away")] * 4,
    *[(31, "at home")] * 2,
)


class AnyOrder(RuleBasedStateMachine):
    """One drill, and everything that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Adversary(plan_of(FaultKind.VM_POWER_OFF, Failback.AUTOMATIC))
        self.read: list[Drill] = []
        self.is_honest = True
        """Nobody was ever shown an old state, and nobody mended anything by hand."""

    @initialize(
        kind=st.sampled_from(FaultKind),
        failback=st.sampled_from(Failback),
        steps=st.integers(1, len(COURSE)),
        luck=LUCK,
    )
    def begin(self, kind: FaultKind, failback: Failback, steps: int, luck: Luck) -> None:
        """A drill of any kind has gone so far, undisturbed but for its last tick."""
        self.world = Adversary(plan_of(kind, failback))
        self.read = [self.world.drill]
        for seconds, scene in COURSE[: steps - 1]:
            self.tick(seconds, scene, GOOD)
        self.tick(*COURSE[steps - 1], luck)

    @rule(seconds=SECONDS, scene=st.sampled_from(sorted(SCENES)), luck=LUCK)
    def tick(self, seconds: int, scene: str, luck: Luck) -> None:
        """A host ticks, and may die of it."""
        self.pass_time(seconds)
        self.world.show(scene)
        drills, _ = self._host(luck)
        with suppress(Died):
            drills.advance()
        self.read.append(self.world.drill)

    @rule(which=st.integers(0, 8), luck=LUCK)
    def tick_again(self, which: int, luck: Luck) -> None:
        """A host ticks with a drill that it had read before others moved it on."""
        drills, _ = self._host(luck)
        with suppress(SwitchbackError, Died):
            drills.tick(self.read[-1 - which % len(self.read)])

    @rule(luck=LUCK)
    def watch(self, luck: Luck) -> None:
        """The watchdog looks."""
        _, ledger = self._host(luck)
        with suppress(Died):
            ledger.restore_overdue()

    def pass_time(self, seconds: int) -> None:
        """Let time pass."""
        self.world.clock.at += 1_000 * seconds

    def _host(self, luck: Luck) -> tuple[Drills, Ledger]:
        shown = {"nothing": None, "whole": False, "broken": True}
        told = {Attempt.OK: True, Attempt.FAILED: False, Attempt.UNKNOWN: luck.is_done}
        self.is_honest = self.is_honest and luck.looks != "whole"
        for each in (self.world.resource, self.world.hold):
            each.is_masked = luck.looks != "true"
            each.shown = shown.get(luck.looks)
            each.outcome, each.is_done = luck.answer, told[luck.answer]
        return self.world.host(luck.calls, is_done=luck.is_last_done)

    @rule(seconds=STEPS)
    def step_the_clock(self, seconds: int) -> None:
        """Somebody sets the clock."""
        self.world.clock.at += 1_000 * seconds

    @rule(reason=st.sampled_from(["", "NoSurvivor"]))
    def block(self, reason: str) -> None:
        """Preflight would refuse by now, or not."""
        self.world.blocking = reason

    @rule(is_engaged=st.booleans())
    def pull_the_lever(self, is_engaged: bool) -> None:
        """Somebody engages or releases the safety lever."""
        self.world.store.set_lever(engaged=is_engaged, reason="", now=self.world.clock.now())

    @rule()
    def stop(self) -> None:
        """Somebody stops the drill."""
        self._host(GOOD)[0].stop("d1")

    @rule()
    def release(self) -> None:
        """Somebody releases the failback, if there is one to release."""
        with suppress(SwitchbackError):
            self._host(GOOD)[0].release("d1")

    @rule(luck=LUCK)
    def restore(self, luck: Luck) -> None:
        """Somebody asks for the undo."""
        with suppress(SwitchbackError, Died):
            self._host(luck)[0].restore("d1", "a person")

    @precondition(lambda self: self.world.resource.is_broken)
    @rule()
    def mend(self) -> None:
        """Somebody mends it by hand."""
        self.world.resource.is_broken = False
        self.is_honest = False

    @invariant()
    def nothing_stays_broken(self) -> None:
        """A closed drill has left nothing broken, and nothing was broken without its record."""
        assert self.world.wrongs == []
        if self.world.drill.phase is Phase.CLOSED:
            assert not self.world.resource.is_broken
            assert not self.world.hold.is_broken
        if self.is_honest:
            assert self.world.resource.times_broken <= 1
            assert self.world.hold.times_broken <= 1

    def teardown(self) -> None:
        """Left in peace, every drill comes to its end."""
        self.stop()
        for _ in range(TICKS_TO_END):
            if self.world.drill.phase is Phase.CLOSED:
                break
            self.tick(20, "at home", GOOD)
        assert self.world.drill.phase is Phase.CLOSED
        self.pass_time(LIFE_SECONDS + 1)
        self.nothing_stays_broken()


@pytest.mark.parametrize("calls", range(CALLS_MAX))
def test_a_drill_that_has_ended_breaks_nothing_whatever_the_clock_says(calls: int) -> None:
    """A host holds a drill that is due to inject; others end it; the clock is set back."""
    world = Adversary(plan_of(FaultKind.VM_POWER_OFF, Failback.AUTOMATIC))
    machine = AnyOrder()
    machine.world = world
    machine.tick(5, "at home", Luck(calls))
    old = world.drill
    for _ in range(8):
        machine.tick(31, "at home", GOOD)
    was_broken = world.resource.times_broken
    world.clock.at = old.phase_since + 1_000
    world.show("at home")
    with suppress(SwitchbackError):
        world.host()[0].tick(old)

    assert world.wrongs == []
    assert world.resource.times_broken == was_broken or world.drill.phase is not Phase.CLOSED


class SlowRequests(AnyOrder):
    """Requests whose answer was lost may be on their way, for as long as one lives.

    A clock that jumps ahead would make them older than they are: here it is only ever set back.
    """

    waited_seconds = 0

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and what is on its way arrive while it lives."""
        self.waited_seconds += seconds
        for each in (self.world.resource, self.world.hold):
            each.is_slow = True
            if self.waited_seconds > LIFE_SECONDS:
                each.arrive()
        if self.waited_seconds > LIFE_SECONDS:
            self.waited_seconds = 0
        super().pass_time(seconds)

    @rule(seconds=st.sampled_from([-1_000, -100, -31]))
    def step_the_clock(self, seconds: int) -> None:
        """Somebody sets the clock back."""
        super().step_the_clock(seconds)


@pytest.mark.parametrize("machine", [AnyOrder, SlowRequests])
def test_no_order_of_events_closes_a_drill_over_a_fault(
    machine: type[RuleBasedStateMachine],
) -> None:
    """Hypothesis looks for one."""
    run_state_machine_as_test(machine, settings=thorough(40))


@pytest.mark.long
@pytest.mark.parametrize("machine", [AnyOrder, SlowRequests])
def test_no_order_of_many_does(machine: type[RuleBasedStateMachine]) -> None:
    """For longer."""
    run_state_machine_as_test(machine, settings=thorough(120))


@pytest.mark.soak
@pytest.mark.parametrize("machine", [AnyOrder, SlowRequests])
def test_no_order_of_very_many_does(machine: type[RuleBasedStateMachine]) -> None:
    """For as long as it is worth it."""
    run_state_machine_as_test(machine, settings=thorough(2_000))


def thorough(examples: int) -> settings:
    """Return how many drills are tried, of thirty events each."""
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
