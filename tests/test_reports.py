"""Reports are computed from what was recorded, and from the drill's own row where that is more."""

from shared.core.model import Ending, Phase
from shared.reports import Reports
from tests.support.drills import a_drill, at
from tests.support.memory import MemoryDrills, MemoryTimeline


def test_an_end_that_was_not_written_down_is_still_told() -> None:
    """The last tick may die between saving and writing; no tick follows it."""
    drills, timeline = MemoryDrills(), MemoryTimeline()
    drill = drills.create(a_drill())
    drills.save(drill.enter(Phase.CLOSED, at(70), Ending.CANCELLED, "OperatorStop"))

    account = Reports(drills, timeline).account("d1")

    (closing,) = account.timeline.transitions
    assert (closing.at, closing.phase, closing.reason) == (at(70), "closed", "OperatorStop")
