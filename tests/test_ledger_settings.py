"""The ledger where a setting of the endpoint is changed: as a fault, and to hold a failback."""

from dataclasses import replace

import pytest

from shared.core.errors import StaleRow, StillThere, UpstreamUnavailable
from shared.core.model import Drill, Phase, Purpose, UndoRecord
from shared.core.plan import Failback, FaultKind, Plan
from shared.core.samples import ActionKind, Attempt
from tests.support.drills import VIRGINIA_VM, a_drill, an_undo_record, at
from tests.support.memory import MemoryUndos
from tests.support.toys import CHECK, LedgerBench

SWITCHOVER = Plan(profile="lab", rto_seconds=300, fault=FaultKind.ENDPOINT_DISABLE)
HOLDING = Plan(profile="lab", rto_seconds=300, failback=Failback.HOLD)


def kinds(bench: LedgerBench) -> list[ActionKind]:
    """What was asked for, in order."""
    return [action.kind for action in bench.timeline.actions.values()]


@pytest.fixture
def bench() -> LedgerBench:
    """Return a ledger over toys."""
    return LedgerBench()


def held(bench: LedgerBench) -> Drill:
    """Return a drill in failback whose machine is stopped and whose endpoint is kept disabled."""
    drill = bench.broken(HOLDING)
    drill = replace(drill, phase=Phase.FAILBACK, phase_since=at(200))
    bench.clock.at = at(200)
    bench.ledger().hold_back(drill, CHECK)
    bench.ledger().view(drill)
    return drill


def test_a_setting_is_recorded_as_it_was(bench: LedgerBench) -> None:
    """By the endpoint's own id, with the status to give back."""
    drill = bench.broken(SWITCHOVER)

    (record,) = bench.undos.open()
    assert record.resource == f"{drill.snapshot.profile_id}/azureEndpoints/virginia"
    assert (record.state_before, record.operation) == ("Enabled", "enable")


def test_a_disabled_endpoint_is_not_disabled(bench: LedgerBench) -> None:
    """What somebody else disabled is no drill's to enable."""
    bench.endpoint.state = "Disabled"
    bench.ledger().inject(a_drill(Phase.FAILOVER, plan=SWITCHOVER), CHECK)

    assert bench.endpoint.asked == []
    assert bench.undos.open() == ()


def test_an_old_copy_of_a_status_closes_nothing(bench: LedgerBench) -> None:
    """It reads Enabled while it is Disabled: the undo is sent all the same, until accepted."""
    drill = bench.broken(SWITCHOVER)
    bench.endpoint.stale = "Enabled"
    bench.endpoint.answer = Attempt.FAILED
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)
    open_while_refused = bench.undos.open()
    bench.endpoint.answer = Attempt.OK
    bench.clock.at = at(260)
    bench.ledger().roll_back(drill)
    bench.ledger().roll_back(drill)

    assert len(open_while_refused) == 1
    assert bench.endpoint.state == "Enabled"
    assert bench.undos.open() == ()


def test_what_was_accepted_and_could_not_be_noted_is_asked_for_again(bench: LedgerBench) -> None:
    """Which does no harm, and then closes."""

    class Refusing(MemoryUndos):
        refuses = False

        def save(self, record: UndoRecord) -> UndoRecord:
            if record.accepted_at is not None and self.refuses:
                raise UpstreamUnavailable("Tables do not answer.")
            return super().save(record)

    bench.undos = store = Refusing()
    drill = bench.broken(SWITCHOVER)
    bench.clock.at = at(200)
    store.refuses = True
    bench.ledger().roll_back(drill)
    store.refuses = False
    for seconds in (240, 245):
        bench.clock.at = at(seconds)
        bench.ledger().roll_back(drill)

    assert bench.endpoint.asked == ["disable", "enable", "enable"]
    assert store.open() == ()


def test_the_hold_has_a_record_of_its_own(bench: LedgerBench) -> None:
    """Due after the longest hold and five minutes, whatever the fault's own record says."""
    held(bench)

    (hold,) = [r for r in bench.undos.open() if r.purpose is Purpose.HOLD]
    assert hold.restore_by == at(200 + 3_600 + 300)
    assert hold.inject_not_after == at(230)
    assert kinds(bench) == [ActionKind.INJECT, ActionKind.HOLD_BACK]


def test_the_fault_is_undone_behind_the_hold(bench: LedgerBench) -> None:
    """The machine runs again; the endpoint stays disabled until everything is rolled back."""
    drill = held(bench)
    bench.ledger().roll_back(drill, keep_hold=True)
    bench.ledger().roll_back(drill, keep_hold=True)
    behind = bench.ledger().view(drill)
    status_behind = bench.endpoint.state
    bench.clock.at = at(900)
    bench.ledger().roll_back(drill)
    bench.ledger().roll_back(drill)

    assert (behind.fault_clear, behind.ledger_clear, behind.hold_in_place) == (True, False, True)
    assert status_behind == "Disabled"
    assert bench.endpoint.state == "Enabled"
    assert bench.ledger().view(drill).ledger_clear
    assert kinds(bench)[-2:] == [ActionKind.ROLL_BACK, ActionKind.RELEASE]


def test_nothing_is_disabled_late(bench: LedgerBench) -> None:
    """A hold that cannot be had in time is not had at all."""
    drill = replace(a_drill(Phase.FAILBACK, plan=HOLDING), phase_since=at(200))
    bench.clock.at = at(230.001)
    bench.ledger().hold_back(drill, CHECK)

    assert bench.endpoint.asked == []
    assert bench.undos.open() == ()


def test_the_watchdog_ends_a_hold_that_is_overdue(bench: LedgerBench) -> None:
    """Whatever became of its drill."""
    held(bench)
    bench.clock.at = at(200 + 3_600 + 301)
    bench.ledger().restore_overdue()

    assert (bench.machine.state, bench.endpoint.state) == ("running", "Enabled")


def test_restoring_again_reopens_what_is_not_as_it_was(bench: LedgerBench) -> None:
    """A machine that was stopped again after its drill: started, and watched until it serves."""
    drill = bench.broken()
    bench.clock.at = at(200)
    bench.ledger().roll_back(drill)
    bench.ledger().roll_back(drill)
    nothing = bench.ledger().restore_again(drill.id, by="ada")
    bench.machine.state, bench.machine.obeys = "stopped", False
    bench.clock.at = at(5_000)
    asked = bench.ledger().restore_again(drill.id, by="ada")
    bench.machine.obeys = True
    bench.clock.at = at(5_060)
    bench.ledger().restore_overdue()
    bench.ledger().restore_overdue()

    assert nothing == ((VIRGINIA_VM, "running", None),)
    assert asked == ((VIRGINIA_VM, "stopped", Attempt.OK),)
    assert bench.machine.state == "running"
    (record,) = bench.undos.of_drill(drill.id)
    assert record.closed_by == "watchdog"


def test_restoring_again_is_one_hosts_work(bench: LedgerBench) -> None:
    """A record that moved on meanwhile is read again by whoever asks."""

    class Overtaken(MemoryUndos):
        def reopen(self, record: UndoRecord) -> UndoRecord:
            raise StaleRow(record.resource)

    bench.undos = Overtaken()
    bench.undos.create(an_undo_record(closed_at=at(300), closed_by="drill"))
    bench.machine.state = "stopped"

    with pytest.raises(StaleRow):
        bench.ledger().restore_again("d1", by="ada")
    assert bench.machine.asked == []


def test_what_is_gone_for_good_is_given_up_on_somebodys_word(bench: LedgerBench) -> None:
    """Deleted: nothing can ever be read back, so a person vouches for it, by name."""
    drill = bench.broken()
    with pytest.raises(StillThere, match="stopped"):
        bench.ledger().restore_again(drill.id, "ada", gone=(VIRGINIA_VM,))
    bench.machine.state = "absent"
    with pytest.raises(StillThere, match="no record"):
        bench.ledger().restore_again(drill.id, "ada", gone=(VIRGINIA_VM + "-2",))
    untouched = bench.undos.open()
    bench.ledger().restore_again(drill.id, "ada", gone=(VIRGINIA_VM.upper(),))

    (record,) = bench.undos.of_drill(drill.id)
    assert len(untouched) == 1
    assert record.closed_by == "gone, says ada"
    assert bench.machine.asked == ["powerOff"]
    assert bench.ledger().view(drill).ledger_clear
