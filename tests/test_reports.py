"""Reports are computed from what was recorded, and from the drill's own row where that is more."""

from shared.core.model import Ending, Phase
from shared.core.samples import ClockStep, Outcome, Sample
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


def test_what_is_drawn_is_on_the_report_s_clock() -> None:
    """Lanes beside milestones: a clock that was set moves neither against the other."""
    drills, timeline = MemoryDrills(), MemoryTimeline()
    drills.create(a_drill())
    timeline.steps.append(ClockStep(at(5), at(5), at(36), 30_000))
    timeline.samples.append(Sample("client/fresh", at(40), at(41), Outcome.OK, "127.1.0.4"))

    account = Reports(drills, timeline).account("d1")

    (sample,) = account.timeline.samples
    assert at(10) - 1 <= sample.asked_at <= at(10)
    assert "ClockSet" in {finding.code for finding in account.report.findings}
