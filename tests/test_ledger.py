"""The ledger: a record before every fault, an undo for every record, verified before it closes."""

from dataclasses import replace

import pytest

from shared.core.errors import StaleRow, UpstreamUnavailable
from shared.core.model import Broken, Drill, Phase, TargetMachine, UndoRecord
from shared.core.samples import ActionKind, ActionRecord, Attempt, Instant
from shared.core.undo import Seen
from tests.support.drills import VIRGINIA_VM, a_drill, at
from tests.support.machines import DyingMachine, Told, ToyMachine
from tests.support.memory import MemoryTimeline, MemoryUndos, in_place_of
from tests.support.toys import CHECK, LedgerBench


@pytest.fixture
def bench() -> LedgerBench:
    """Return a ledger over toys."""
    return LedgerBench()


class RefusingTimeline(MemoryTimeline):
    """Actions cannot be written."""

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Refuse."""
        raise UpstreamUnavailable("Tables do not answer.")


def test_the_record_is_committed_before_the_fault(bench: LedgerBench) -> None:
    """With the state seen before, the last moment of injection and the deadline of the undo."""
    bench.broken()

    (record,) = bench.undos.open()
    assert bench.machine.asked == ["powerOff"]
    assert (record.resource, record.state_before) == (VIRGINIA_VM, "running")
    assert record.inject_not_after == at(30)
    assert record.restore_by == at(30 + 900 + 120 + 300)


def test_the_action_is_written_before_it_is_sent_and_completed_after(bench: LedgerBench) -> None:
    """A crash in between leaves an action whose outcome is unknown."""
    bench.machine = DyingMachine()
    with pytest.raises(KeyboardInterrupt):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    (unknown,) = bench.timeline.actions.values()
    bench.machine = ToyMachine()
    bench.clock.at += 5_000
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    *_, completed = bench.timeline.actions.values()
    assert (unknown.kind, unknown.outcome) == (ActionKind.INJECT, Attempt.UNKNOWN)
    assert completed.outcome is Attempt.OK
    assert completed.answered_at is not None


def test_nothing_is_sent_when_the_action_cannot_be_written(bench: LedgerBench) -> None:
    """No fault without its trace."""
    bench.timeline = RefusingTimeline()
    with pytest.raises(UpstreamUnavailable):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.machine.asked == []


def test_an_undo_is_sent_even_when_it_cannot_be_written(bench: LedgerBench) -> None:
    """A machine is never left stopped for want of a row."""
    drill = bench.broken()
    bench.timeline = RefusingTimeline()
    bench.ledger().roll_back(drill)

    assert bench.machine.state == "running"


@pytest.mark.parametrize("state", ["stopped", "starting", None])
def test_only_a_running_machine_is_broken(bench: LedgerBench, state: str | None) -> None:
    """In doubt nothing is injected, and nothing recorded that would start a stopped machine."""
    bench.machine.state = state
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.machine.asked == []
    assert bench.undos.open() == ()


def test_nothing_is_injected_late(bench: LedgerBench) -> None:
    """A process that froze and woke finds its time over."""
    bench.clock.at = at(30.001)
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.machine.asked == []
    assert bench.undos.open() == ()


def test_the_lever_is_read_immediately_before(bench: LedgerBench) -> None:
    """Engaged a moment ago: the request is not sent, and the timeline says why."""
    bench.is_engaged = True
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    (action,) = bench.timeline.actions.values()
    assert bench.machine.asked == []
    assert (action.outcome, action.detail) == (Attempt.FAILED, "The safety lever is engaged.")


def test_a_fault_seen_in_place_is_never_injected_again(bench: LedgerBench) -> None:
    """Even if a person removed it within the time to inject."""
    drill = bench.broken()
    bench.machine.state = "running"
    bench.ledger().inject(drill, CHECK)

    assert bench.machine.asked == ["powerOff"]
    assert bench.ledger().view(drill).undone_by_others


def test_a_fault_not_seen_yet_is_asked_for_again(bench: LedgerBench) -> None:
    """The first request may have been lost."""
    bench.machine.obeys = False
    drill = a_drill(Phase.FAILOVER)
    bench.ledger().inject(drill, CHECK)
    bench.machine.obeys = True
    bench.ledger().inject(drill, CHECK)

    view = bench.ledger().view(drill)
    assert bench.machine.asked == ["powerOff", "powerOff"]
    assert (view.effect_seen, view.fault_in_place, view.ledger_clear) == (True, True, False)


def test_who_only_shows_a_drill_notes_nothing(bench: LedgerBench) -> None:
    """Looking tells the same and writes nothing, so that a reader never gets in a tick's way."""
    drill = a_drill(Phase.FAILOVER)
    bench.ledger().inject(drill, CHECK)
    before = bench.undos.open()

    assert bench.ledger().view(drill, is_noted=False).effect_seen
    assert bench.undos.open() == before
    assert bench.ledger().view(drill).effect_seen
    assert bench.undos.open() != before


def test_a_record_closes_when_read_back_and_serving(bench: LedgerBench) -> None:
    """The machine runs, the endpoint answers, no late request can arrive."""
    drill = bench.broken()
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)
    bench.serves = False
    bench.ledger().roll_back(drill)
    still_open = bench.undos.open()
    bench.serves = True
    bench.ledger().roll_back(drill)

    assert len(still_open) == 1
    assert bench.undos.open() == ()
    assert bench.ledger().view(drill).ledger_clear
    assert bench.machine.asked == ["powerOff", "start"]


def test_an_undo_that_was_noted_is_sent_soon_or_by_somebody_else(bench: LedgerBench) -> None:
    """A host that was frozen before it could send it may thaw long after the drill has closed."""
    drill = bench.broken()
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)

    assert bench.machine.undone_within == [at(200 + 120)]


def test_an_undo_is_sent_even_when_it_cannot_be_noted(bench: LedgerBench) -> None:
    """Tables that can be read and not written must not leave a machine stopped."""
    drill = bench.broken()

    class ReadOnly(MemoryUndos):
        def save(self, record: UndoRecord) -> UndoRecord:
            raise UpstreamUnavailable("Tables may only be read.")

    bench.undos = in_place_of(bench.undos, ReadOnly())
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)

    assert bench.machine.state == "running"
    assert bench.machine.undone_within == [None]


def test_a_note_whose_answer_was_lost_is_recognised(bench: LedgerBench) -> None:
    """The retry of our own write meets its own result; the undo is sent all the same."""
    drill = bench.broken()

    class Lossy(MemoryUndos):
        def save(self, record: UndoRecord) -> UndoRecord:
            super().save(record)
            raise StaleRow("The first attempt had worked.")

    bench.undos = in_place_of(bench.undos, Lossy())
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)

    assert bench.machine.state == "running"


def test_a_record_committed_too_late_is_closed_at_once(bench: LedgerBench) -> None:
    """A process that froze while committing leaves nothing for the watchdog to act on."""

    class Slow(MemoryUndos):
        def create(self, record: UndoRecord) -> UndoRecord:
            bench.clock.at = at(120)
            return super().create(record)

    bench.undos = Slow()
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.machine.asked == []
    assert bench.undos.open() == ()


def test_several_machines_are_broken_one_by_one(bench: LedgerBench) -> None:
    """One that cannot be seen yet is broken when it can; the effect is seen when all are."""
    other = VIRGINIA_VM + "-2"
    targets = (*a_drill().snapshot.targets, TargetMachine(id=other, name="virginia-vm-2"))
    drill = a_drill(Phase.FAILOVER)
    drill = replace(drill, snapshot=replace(drill.snapshot, targets=targets))

    class Two(ToyMachine):
        hidden = True
        states: dict[str, str] = {}  # noqa: RUF012 - a test's own

        def look(self, broken: Broken) -> Seen:
            if broken.resource == other and self.hidden:
                return Seen(state=None, fault_in_place=None)
            state = self.states.get(broken.resource, "running")
            return Seen(state=state, fault_in_place=state == "stopped")

        def inject(self, broken: Broken, not_after: Instant) -> Told:
            self.states[broken.resource] = "stopped"
            return super().inject(broken, not_after)

    bench.machine = machine = Two()
    bench.ledger().inject(drill, CHECK)
    first = bench.ledger().view(drill)
    machine.hidden = False
    bench.ledger().inject(drill, CHECK)
    second = bench.ledger().view(drill)

    assert (first.effect_seen, first.fault_in_place) == (False, False)
    assert (second.effect_seen, second.fault_in_place) == (True, True)
    assert machine.asked == ["powerOff", "powerOff"]


def overtaken(bench: LedgerBench) -> Drill:
    """Return a drill whose record another host writes at the moment in which it was read."""
    drill = bench.broken()
    bench.clock.at = at(200)
    (read,) = bench.undos.open()

    class Overtaken(MemoryUndos):
        def of_drill(self, drill_id: str) -> tuple[UndoRecord, ...]:
            return (replace(read, version="older"),)

    bench.undos = Overtaken()
    bench.undos.create(read)
    return drill


def test_an_undo_that_another_host_sends_is_not_sent_twice(bench: LedgerBench) -> None:
    """The record's version decides who sends."""
    drill = overtaken(bench)
    bench.ledger().roll_back(drill)

    assert bench.machine.asked == ["powerOff"]


def test_restoring_against_another_host_says_so(bench: LedgerBench) -> None:
    """Whoever asked asks again, and is told what came of it: not that nothing was to be done."""
    drill = overtaken(bench)

    with pytest.raises(StaleRow, match="Another host is restoring"):
        bench.ledger().restore_again(drill.id, by="ada")
