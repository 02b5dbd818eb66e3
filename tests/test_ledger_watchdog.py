"""The watchdog: what the ledger does about undos that are overdue, whatever became of a drill."""

import pytest

from shared.core.model import Broken
from shared.core.undo import Seen
from tests.support.drills import an_undo_record, at
from tests.support.machines import ToyMachine
from tests.support.toys import LedgerBench


@pytest.fixture
def bench() -> LedgerBench:
    """Return a ledger over toys."""
    return LedgerBench()


def test_the_watchdog_leaves_what_is_not_overdue(bench: LedgerBench) -> None:
    """Until then the drill itself rolls back."""
    bench.broken()
    bench.clock.at = at(1_350)

    assert bench.ledger().restore_overdue() == 0
    assert bench.machine.state == "stopped"


def test_the_watchdog_restores_what_is_overdue(bench: LedgerBench) -> None:
    """Whatever became of the drill, and repeats it until it is read back."""
    drill = bench.broken()
    bench.clock.at = at(1_351)
    bench.machine.obeys = False
    bench.ledger().restore_overdue()
    bench.clock.at = at(1_411)
    bench.machine.obeys = True
    bench.ledger().restore_overdue()
    bench.clock.at = at(1_471)
    bench.ledger().restore_overdue()

    (record,) = bench.undos.of_drill(drill.id)
    assert bench.machine.asked == ["powerOff", "start", "start"]
    assert (record.closed_by, record.sent_count) == ("watchdog", 2)
    assert bench.ledger().view(drill).undone_by_others


def test_one_overdue_record_does_not_keep_the_next_from_being_restored(bench: LedgerBench) -> None:
    """Each is tried, whatever the other's trouble, even one that nobody has thought of."""

    class Odd(ToyMachine):
        def look(self, broken: Broken) -> Seen:
            if broken.resource == "odd":
                raise AttributeError("ARM answered with something that is no machine.")
            return super().look(broken)

    bench.machine = Odd(state="stopped")
    bench.undos.create(an_undo_record(resource="odd"))
    bench.undos.create(an_undo_record())
    bench.clock.at = at(2_000)

    assert bench.ledger().restore_overdue() == 2
    assert bench.machine.asked == ["start"]
