"""The drill service: looks, decides, saves, acts; over memory stores and a toy machine."""

from dataclasses import replace

import pytest

from shared.core.errors import (
    DrillExists,
    Fault,
    InvalidInput,
    NothingHeld,
    PreflightFailed,
    ProfileBusy,
    SafetyLeverEngaged,
)
from shared.core.model import Caution, Drill, Ending, Phase
from shared.core.plan import Failback
from shared.core.samples import Attempt, ClockStep
from tests.support.drills import LAB, START, a_drill, at, lab_samples
from tests.support.toys import PLAN, DrillBench, ToyPreflight


@pytest.fixture
def bench() -> DrillBench:
    """Return the service over toys, with a drill that has just started."""
    return DrillBench.started()


def assert_rolled_back(bench: DrillBench, drill: Drill, reason: str) -> None:
    """The drill was stopped for that reason, and the machine runs."""
    assert (drill.phase, drill.ending) == (Phase.FAILBACK, Ending.STOPPED)
    assert drill.reason == reason
    assert bench.machine.state == "running"


def test_a_drill_starts_steady(bench: DrillBench) -> None:
    """With the configuration that it will be judged by."""
    drill = bench.store.load("d1")

    assert (drill.phase, drill.phase_since, drill.snapshot) == (Phase.STEADY, START, LAB)
    assert [t.phase for t in bench.timeline.transitions] == ["steady"]


def test_starting_the_same_drill_again_starts_nothing(bench: DrillBench) -> None:
    """PUT is idempotent by name, also when another host starts it at this very moment."""
    again, is_new = bench.drills().start("d1", PLAN, "as sent", "a test")

    assert (again.id, is_new) == ("d1", False)


def test_another_plan_under_the_same_name_is_refused(bench: DrillBench) -> None:
    """A name is one drill for ever."""
    with pytest.raises(DrillExists):
        bench.drills().start("d1", PLAN, "otherwise", "a test")


def test_a_busy_profile_is_refused(bench: DrillBench) -> None:
    """One drill per profile."""
    with pytest.raises(ProfileBusy):
        bench.drills().start("d2", PLAN, "as sent", "a test")


def test_a_wrong_plan_is_refused_with_every_fault() -> None:
    """Before anything is asked of Azure."""
    plan = replace(PLAN, rto_seconds=0, stability_seconds=0)

    with pytest.raises(InvalidInput) as refused:
        DrillBench().drills().start("d1", plan, "as sent", "a test")

    assert [f.target for f in refused.value.faults] == ["rtoSeconds", "stabilitySeconds"]


def test_a_failed_preflight_starts_nothing() -> None:
    """Every failed check is told, and the profile stays free."""
    bench = DrillBench(preflight=ToyPreflight(faults=(Fault("NoSurvivor", "profile", "None."),)))

    with pytest.raises(PreflightFailed) as refused:
        bench.drills().start("d1", PLAN, "as sent", "a test")

    assert [f.code for f in refused.value.faults] == ["NoSurvivor"]
    assert bench.store.open_drills() == ()


def test_a_drill_keeps_the_cautions_that_it_was_started_with() -> None:
    """They forbid nothing, and its report will have to tell them."""
    caution = Caution(code="DynamicAddress", target="endpoint", message="It will change.")
    bench = DrillBench(preflight=ToyPreflight(cautions=(caution,)))

    bench.drills().start("d1", PLAN, "as sent", "a test")

    assert bench.store.load("d1").cautions == (caution,)


def test_an_engaged_lever_starts_nothing() -> None:
    """The safety lever forbids new drills."""
    bench = DrillBench()
    bench.store.set_lever(engaged=True, reason="", now=START)

    with pytest.raises(SafetyLeverEngaged):
        bench.drills().start("d1", PLAN, "as sent", "a test")


def test_the_fault_comes_after_the_steady_state(bench: DrillBench) -> None:
    """And not a tick before."""
    bench.timeline.samples = lab_samples(range(56))
    before = bench.tick(57)
    after = bench.fail_over()

    assert before.phase is Phase.STEADY
    assert after.phase is Phase.FAILOVER
    assert bench.machine.asked == ["powerOff"]


def test_what_no_longer_holds_cancels_the_drill(bench: DrillBench) -> None:
    """Preflight is asked again at the moment of injection."""
    bench.preflight.blocking = "TargetNotOptedIn"
    bench.timeline.samples = lab_samples(range(62))
    drill = bench.tick(62)

    assert (drill.ending, drill.reason) == (Ending.CANCELLED, "TargetNotOptedIn")
    assert bench.machine.asked == []


def test_a_whole_drill(bench: DrillBench) -> None:
    """Steady, failover, hold, failback, closed; the machine runs, the profile is free."""
    bench.fail_over()
    bench.timeline.samples += lab_samples(range(180, 320), at_virginia=False)
    held = bench.tick(190)
    back = bench.tick(301)
    bench.tick(306)
    bench.timeline.samples += lab_samples(range(330, 400))
    closed = bench.tick(402)

    assert [held.phase, back.phase] == [Phase.HOLD, Phase.FAILBACK]
    assert (closed.phase, closed.ending) == (Phase.CLOSED, Ending.FINISHED)
    assert bench.machine.asked == ["powerOff", "start"]
    assert bench.store.holder("lab") is None
    assert [t.phase for t in bench.timeline.transitions] == [str(phase) for phase in Phase]


def test_the_operators_stop_rolls_back(bench: DrillBench) -> None:
    """At the next tick; stopping twice changes nothing."""
    bench.fail_over()
    bench.drills().stop("d1")
    bench.drills().stop("d1")
    drill = bench.tick(72)

    assert_rolled_back(bench, drill, "OperatorStop")


def test_the_lever_stops_a_running_drill(bench: DrillBench) -> None:
    """Engaged mid-drill: rolled back at the next tick."""
    bench.fail_over()
    bench.store.set_lever(engaged=True, reason="", now=START)
    drill = bench.tick(72)

    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "SafetyLeverEngaged")


def test_a_clock_that_is_set_too_far_stops_a_running_drill(bench: DrillBench) -> None:
    """Its deadlines are counted on that clock: the fault must not outlast them by an hour."""
    bench.fail_over()
    bench.timeline.steps.append(ClockStep(at(71), at(71), at(71) - 3_600_000, -3_601_000))
    drill = bench.tick(72)

    assert_rolled_back(bench, drill, "ClockSet")


def test_a_person_who_starts_the_machine_is_not_undone(bench: DrillBench) -> None:
    """The drill goes to failback and says so."""
    bench.fail_over()
    bench.machine.state = "running"
    drill = bench.tick(72)

    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "FaultRemovedByOthers")
    assert bench.machine.asked == ["powerOff"]


def test_a_held_failback_is_released_once(bench: DrillBench) -> None:
    """Not before there is one, and twice is no harm."""
    plan = replace(PLAN, failback=Failback.HOLD)
    drill = bench.store.create(a_drill(Phase.HOLD, id="d2", plan=replace(plan, profile="other")))
    with pytest.raises(NothingHeld, match="hold"):
        bench.drills().release("d2")
    bench.store.save(replace(drill, phase=Phase.FAILBACK))

    first, second = bench.drills().release("d2"), bench.drills().release("d2")

    assert first.release_requested == "OperatorRelease"
    assert second == first


def test_what_is_not_held_is_not_released(bench: DrillBench) -> None:
    """Its plan says automatic: the caller is told, and nothing changes."""
    bench.fail_over()

    with pytest.raises(NothingHeld, match="automatic"):
        bench.drills().release("d1")


def test_restoring_stops_a_drill_on_its_way(bench: DrillBench) -> None:
    """What was broken is undone at once, and nothing is broken anew."""
    bench.fail_over()

    (restored,) = bench.drills().restore("d1", by="ada")
    drill = bench.tick(72)

    assert (restored.state, restored.sent) == ("stopped", Attempt.OK)
    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "OperatorRestore")
    assert bench.machine.asked == ["powerOff", "start"]


def test_there_is_nothing_to_restore_in_a_steady_drill(bench: DrillBench) -> None:
    """It has broken nothing, and goes on."""
    assert bench.drills().restore("d1", by="ada") == ()
    assert bench.drills().state("d1").stop_requested == ""


def test_what_a_running_drill_waits_for_is_told(bench: DrillBench) -> None:
    """In a sentence, with a limit, and with what was seen last."""
    bench.timeline.samples = lab_samples(range(10))
    bench.clock.at = at(12)
    view = bench.drills().get("d1")

    assert view.waits_for == "virginia to be Online, named by DNS and serving for 60 s"
    assert view.until == at(300)
    assert view.last_seen["monitor/virginia"] == "Online"
