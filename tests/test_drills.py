"""The drill service: looks, decides, saves, acts; over memory stores and a toy machine."""

from dataclasses import dataclass, field, replace

import pytest

from shared.core.errors import (
    DrillExists,
    Fault,
    InvalidInput,
    NothingHeld,
    PreflightFailed,
    ProfileBusy,
    SafetyLeverEngaged,
    StaleRow,
    UpstreamUnavailable,
)
from shared.core.model import Caution, Drill, Ending, Phase
from shared.core.plan import Failback, FaultKind, Plan
from shared.core.samples import Attempt, ClockStep, Instant, Timeline
from shared.drill_ports import Dependencies
from shared.drills import Drills
from shared.ledger import Ledger
from shared.ledger_ports import Dependencies as LedgerDependencies
from shared.preflight import Inspection
from tests.core.test_observe import lab
from tests.support.drills import LAB, START, a_drill, an_undo_record, at
from tests.support.machines import ToyClock, ToyMachine
from tests.support.memory import MemoryDrills, MemoryTimeline, MemoryUndos

PLAN = Plan(profile="lab", rto_seconds=300)


@dataclass
class ToyPreflight:
    """A preflight that finds what a test says."""

    faults: tuple[Fault, ...] = ()
    cautions: tuple[Caution, ...] = ()
    blocking: str = ""

    def inspect(self, plan: Plan) -> Inspection:
        """Return the lab."""
        del plan
        return Inspection("virginia", LAB, self.faults, self.cautions)

    def blocked(self, drill: Drill) -> str:
        """Return what a test says."""
        del drill
        return self.blocking


@dataclass
class Bench:
    """The service over toys."""

    store: MemoryDrills = field(default_factory=MemoryDrills)
    undos: MemoryUndos = field(default_factory=MemoryUndos)
    timeline: MemoryTimeline = field(default_factory=MemoryTimeline)
    machine: ToyMachine = field(default_factory=ToyMachine)
    clock: ToyClock = field(default_factory=ToyClock)
    preflight: ToyPreflight = field(default_factory=ToyPreflight)

    def drills(self) -> Drills:
        """Return the service, as after a restart."""
        ledger = Ledger(
            LedgerDependencies(
                store=self.undos,
                tools={FaultKind.VM_POWER_OFF: self.machine},
                actions=self.timeline,
                answers=lambda check: self.machine.state == "running",
                is_lever_engaged=self.store.is_lever_engaged,
                clock=self.clock,
            )
        )
        return Drills(
            Dependencies(
                store=self.store,
                records=self.timeline,
                ledger=ledger,
                preflight=self.preflight,
                health_check=lambda drill: an_undo_record().health_check,
                now=self.clock.now,
            )
        )

    def tick(self, seconds: float) -> Drill:
        """Tick at that second and return the drill."""
        self.clock.at = at(seconds)
        self.drills().advance()
        return self.store.load("d1")


@pytest.fixture
def bench() -> Bench:
    """Return the service over toys, with a drill that has just started."""
    made = Bench()
    made.drills().start("d1", PLAN, "as sent", "a test")
    return made


def failed_over(bench: Bench) -> Drill:
    """Bring the drill to where its fault is in place."""
    bench.timeline.samples = lab(range(62))
    bench.tick(62)
    return bench.tick(67)


def test_a_drill_starts_steady(bench: Bench) -> None:
    """With the configuration that it will be judged by."""
    drill = bench.store.load("d1")

    assert (drill.phase, drill.phase_since, drill.snapshot) == (Phase.STEADY, START, LAB)
    assert [t.phase for t in bench.timeline.transitions] == ["steady"]


def test_starting_the_same_drill_again_starts_nothing(bench: Bench) -> None:
    """PUT is idempotent by name, also when another host starts it at this very moment."""
    again, is_new = bench.drills().start("d1", PLAN, "as sent", "a test")

    assert (again.id, is_new) == ("d1", False)


def test_a_request_that_lost_the_race_for_its_own_drill_is_answered_with_it(bench: Bench) -> None:
    """It looked before the other was there; the profile is busy with the very drill it asks for."""

    class Late(MemoryDrills):
        def find(self, drill_id: str) -> None:
            del drill_id

    late = Late()
    late.__dict__.update(bench.store.__dict__)
    bench.store = late
    again, is_new = bench.drills().start("d1", PLAN, "as sent", "a test")

    assert (again.id, is_new) == ("d1", False)


def test_a_host_that_would_break_something_must_hold_the_newest_drill(bench: Bench) -> None:
    """One that was read before others saved it breaks nothing, even if it is due to."""
    bench.timeline.samples = lab(range(62))
    bench.machine.obeys = False
    read = bench.tick(62)
    bench.store.save(read)
    with pytest.raises(StaleRow):
        bench.drills().tick(read)

    assert bench.machine.asked == ["powerOff"]


def test_another_plan_under_the_same_name_is_refused(bench: Bench) -> None:
    """A name is one drill for ever."""
    with pytest.raises(DrillExists):
        bench.drills().start("d1", PLAN, "otherwise", "a test")


def test_a_busy_profile_is_refused(bench: Bench) -> None:
    """One drill per profile."""
    with pytest.raises(ProfileBusy):
        bench.drills().start("d2", PLAN, "as sent", "a test")


def test_a_wrong_plan_is_refused_with_every_fault() -> None:
    """Before anything is asked of Azure."""
    plan = replace(PLAN, rto_seconds=0, stability_seconds=0)

    with pytest.raises(InvalidInput) as refused:
        Bench().drills().start("d1", plan, "as sent", "a test")

    assert [f.target for f in refused.value.faults] == ["rtoSeconds", "stabilitySeconds"]


def test_a_failed_preflight_starts_nothing() -> None:
    """Every failed check is told, and the profile stays free."""
    bench = Bench(preflight=ToyPreflight(faults=(Fault("NoSurvivor", "profile", "None."),)))

    with pytest.raises(PreflightFailed) as refused:
        bench.drills().start("d1", PLAN, "as sent", "a test")

    assert [f.code for f in refused.value.faults] == ["NoSurvivor"]
    assert bench.store.open_drills() == ()


def test_a_drill_keeps_the_cautions_that_it_was_started_with() -> None:
    """They forbid nothing, and its report will have to tell them."""
    caution = Caution(code="DynamicAddress", target="endpoint", message="It will change.")
    bench = Bench(preflight=ToyPreflight(cautions=(caution,)))

    bench.drills().start("d1", PLAN, "as sent", "a test")

    assert bench.store.load("d1").cautions == (caution,)


def test_an_engaged_lever_starts_nothing() -> None:
    """The safety lever forbids new drills."""
    bench = Bench()
    bench.store.set_lever(engaged=True, reason="", now=START)

    with pytest.raises(SafetyLeverEngaged):
        bench.drills().start("d1", PLAN, "as sent", "a test")


def test_the_fault_comes_after_the_steady_state(bench: Bench) -> None:
    """And not a tick before."""
    bench.timeline.samples = lab(range(56))
    before = bench.tick(57)
    after = failed_over(bench)

    assert before.phase is Phase.STEADY
    assert after.phase is Phase.FAILOVER
    assert bench.machine.asked == ["powerOff"]


def test_what_no_longer_holds_cancels_the_drill(bench: Bench) -> None:
    """Preflight is asked again at the moment of injection."""
    bench.preflight.blocking = "TargetNotOptedIn"
    bench.timeline.samples = lab(range(62))
    drill = bench.tick(62)

    assert (drill.ending, drill.reason) == (Ending.CANCELLED, "TargetNotOptedIn")
    assert bench.machine.asked == []


def test_a_whole_drill(bench: Bench) -> None:
    """Steady, failover, hold, failback, closed; the machine runs, the profile is free."""
    failed_over(bench)
    bench.timeline.samples += lab(range(180, 320), at_virginia=False)
    held = bench.tick(190)
    back = bench.tick(301)
    bench.tick(306)
    bench.timeline.samples += lab(range(330, 400))
    closed = bench.tick(402)

    assert [held.phase, back.phase] == [Phase.HOLD, Phase.FAILBACK]
    assert (closed.phase, closed.ending) == (Phase.CLOSED, Ending.FINISHED)
    assert bench.machine.asked == ["powerOff", "start"]
    assert bench.store.holder("lab") is None
    assert [t.phase for t in bench.timeline.transitions] == [str(phase) for phase in Phase]


def test_the_operators_stop_rolls_back(bench: Bench) -> None:
    """At the next tick; stopping twice changes nothing."""
    failed_over(bench)
    bench.drills().stop("d1")
    bench.drills().stop("d1")
    drill = bench.tick(72)

    assert (drill.phase, drill.ending, drill.reason) == (
        Phase.FAILBACK,
        Ending.STOPPED,
        "OperatorStop",
    )
    assert bench.machine.state == "running"


def test_the_lever_stops_a_running_drill(bench: Bench) -> None:
    """Engaged mid-drill: rolled back at the next tick."""
    failed_over(bench)
    bench.store.set_lever(engaged=True, reason="", now=START)
    drill = bench.tick(72)

    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "SafetyLeverEngaged")


def test_a_clock_that_is_set_too_far_stops_a_running_drill(bench: Bench) -> None:
    """Its deadlines are counted on that clock: the fault must not outlast them by an hour."""
    failed_over(bench)
    bench.timeline.steps.append(ClockStep(at(71), at(71), at(71) - 3_600_000, -3_601_000))
    drill = bench.tick(72)

    assert (drill.phase, drill.ending, drill.reason) == (
        Phase.FAILBACK,
        Ending.STOPPED,
        "ClockSet",
    )
    assert bench.machine.state == "running"


def test_a_person_who_starts_the_machine_is_not_undone(bench: Bench) -> None:
    """The drill goes to failback and says so."""
    failed_over(bench)
    bench.machine.state = "running"
    drill = bench.tick(72)

    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "FaultRemovedByOthers")
    assert bench.machine.asked == ["powerOff"]


def test_a_held_failback_is_released_once(bench: Bench) -> None:
    """Not before there is one, and twice is no harm."""
    plan = replace(PLAN, failback=Failback.HOLD)
    drill = bench.store.create(a_drill(Phase.HOLD, id="d2", plan=replace(plan, profile="other")))
    with pytest.raises(NothingHeld, match="hold"):
        bench.drills().release("d2")
    bench.store.save(replace(drill, phase=Phase.FAILBACK))

    first, second = bench.drills().release("d2"), bench.drills().release("d2")

    assert first.release_requested == "OperatorRelease"
    assert second == first


def test_what_is_not_held_is_not_released(bench: Bench) -> None:
    """Its plan says automatic: the caller is told, and nothing changes."""
    failed_over(bench)

    with pytest.raises(NothingHeld, match="automatic"):
        bench.drills().release("d1")


def test_restoring_stops_a_drill_on_its_way(bench: Bench) -> None:
    """What was broken is undone at once, and nothing is broken anew."""
    failed_over(bench)

    (restored,) = bench.drills().restore("d1", by="ada")
    drill = bench.tick(72)

    assert (restored.state, restored.sent) == ("stopped", Attempt.OK)
    assert (drill.phase, drill.reason) == (Phase.FAILBACK, "OperatorRestore")
    assert bench.machine.asked == ["powerOff", "start"]


def test_there_is_nothing_to_restore_in_a_steady_drill(bench: Bench) -> None:
    """It has broken nothing, and goes on."""
    assert bench.drills().restore("d1", by="ada") == ()
    assert bench.drills().state("d1").stop_requested == ""


def test_a_tick_that_lost_the_race_does_nothing(bench: Bench) -> None:
    """Two hosts tick at once: whoever saved first acts."""
    bench.timeline.samples = lab(range(62))
    bench.clock.at = at(62)
    read = bench.store.load("d1")
    bench.drills().tick(read)

    class Overtaken(MemoryDrills):
        def open_drills(self) -> tuple[Drill, ...]:
            return (read,)

    overtaken = Overtaken()
    overtaken.__dict__.update(bench.store.__dict__)
    bench.store = overtaken
    bench.drills().advance()

    assert bench.machine.asked == ["powerOff"]


def test_one_drills_trouble_does_not_keep_another_from_rolling_back(bench: Bench) -> None:
    """Whatever it is, even what nobody has thought of."""
    failed_over(bench)
    bench.drills().stop("d1")
    bench.drills().start("d2", replace(PLAN, profile="other"), "as sent", "a test")

    class Odd(MemoryTimeline):
        def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
            if drill_id == "d2":
                raise OverflowError("since is before the calendar")
            return super().read(drill_id, since)

    odd = Odd(bench.timeline.samples)
    bench.timeline = odd
    bench.tick(72)

    assert bench.machine.state == "running"


def test_a_phase_that_was_saved_and_not_written_down_is_written_at_the_next_tick(
    bench: Bench,
) -> None:
    """A tick may die between the two."""
    failed_over(bench)
    del bench.timeline.transitions[-1]
    bench.tick(72)

    assert [t.phase for t in bench.timeline.transitions] == ["steady", "failover"]


def test_no_rollback_waits_for_samples(bench: Bench) -> None:
    """A timeline that cannot be read makes everything unknown, and a stop is still a stop."""
    failed_over(bench)
    bench.drills().stop("d1")

    class Unreadable(MemoryTimeline):
        def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
            raise UpstreamUnavailable("Tables do not answer.")

    bench.timeline = Unreadable()
    drill = bench.tick(72)

    assert drill.phase is Phase.FAILBACK
    assert bench.machine.state == "running"


@pytest.mark.parametrize("seconds", [70, 200, 1_000])
def test_a_drill_survives_a_restart_at_any_time(bench: Bench, seconds: float) -> None:
    """Every tick starts from the tables alone."""
    failed_over(bench)
    drill = bench.tick(seconds)

    assert drill.phase in (Phase.FAILOVER, Phase.FAILBACK)
    assert bench.machine.asked.count("powerOff") == 1


def test_what_a_running_drill_waits_for_is_told(bench: Bench) -> None:
    """In a sentence, with a limit, and with what was seen last."""
    bench.timeline.samples = lab(range(10))
    bench.clock.at = at(12)
    view = bench.drills().get("d1")

    assert view.waits_for == "virginia to be Online, named by DNS and serving for 60 s"
    assert view.until == at(300)
    assert view.last_seen["monitor/virginia"] == "Online"
