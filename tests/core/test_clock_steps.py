"""A clock that is set in the middle of a drill: noticed, and taken back from every stamp."""

import pytest

from shared.core.clock_steps import StepWatch, on_one_clock, stamps, stop_of
from shared.core.samples import (
    ActionKind,
    ActionRecord,
    ClockStep,
    Omitted,
    Outcome,
    Sample,
    Timeline,
    Transition,
)

FORWARD = ClockStep(before=100_000, latest=100_000, after=131_000, by_ms=30_000)
BACK = ClockStep(before=100_000, latest=100_000, after=71_000, by_ms=-30_000)
SLIGHTLY_BACK = ClockStep(before=100_000, latest=100_000, after=98_000, by_ms=-3_000)


def sampled(asked: int, answered: int) -> Sample:
    """Return a sample."""
    return Sample("client/fresh", asked, answered, Outcome.OK, "x")


def bounds(step: ClockStep, asked: int, answered: int) -> tuple[int, int]:
    """Return when a sample was asked and answered, on the clock as it ran before the step."""
    (moved,) = on_one_clock(Timeline((sampled(asked, answered),), steps=(step,))).samples
    return moved.asked_at, moved.answered_at


def acted(step: ClockStep, sent: int, answered: int) -> tuple[int, int | None]:
    """Return the same of an action."""
    action = ActionRecord(
        kind=ActionKind.INJECT,
        resource="vm",
        operation="powerOff",
        by="drill",
        sent_at=sent,
        answered_at=answered,
    )
    (moved,) = on_one_clock(Timeline(actions=(action,), steps=(step,))).actions
    return moved.sent_at, moved.answered_at


@pytest.mark.parametrize(("by_ms"), [-3_600_000, -10, 10, 300, 3_600_000])
def test_a_clock_that_is_set_is_noticed(by_ms: int) -> None:
    """Between two readings, with how far it was set."""
    watch = StepWatch()

    assert watch.see(5_000, 100) is None
    assert watch.see(6_000, 1_100) is None
    assert watch.see(7_000 + by_ms, 2_100) == ClockStep(6_000, 6_000, 7_000 + by_ms, by_ms)
    assert watch.see(8_000 + by_ms, 3_100) is None


def test_a_clock_that_is_slewed_was_not_set() -> None:
    """However long it is: half a millisecond a second is the most."""
    watch = StepWatch()

    assert not any(watch.see(1_000.5 * second, 1_000 * second) for second in range(10_000))


def test_a_machine_that_slept_was_not_set() -> None:
    """Time went on, and both clocks tell so."""
    watch = StepWatch()
    watch.see(5_000, 100)

    assert watch.see(5_000 + 7_200_000, 100 + 7_200_000) is None


def test_a_clock_that_is_set_twice_still_has_its_latest_reading() -> None:
    """What was asked before it was first set back is older than the second step, too."""
    watch = StepWatch()
    watch.see(100_000, 0)
    watch.see(71_000, 1_000)

    assert watch.see(92_000, 2_000) == ClockStep(71_000, 100_000, 92_000, 20_000)


@pytest.mark.parametrize(
    ("step", "stamped", "expected"),
    [
        (FORWARD, (99_000, 99_010), (99_000, 99_010)),
        (FORWARD, (100_005, 100_900), (100_005, 100_900)),
        (FORWARD, (100_005, 131_500), (100_005, 101_501)),
        (FORWARD, (132_000, 132_010), (101_999, 102_011)),
        (BACK, (60_000, 60_010), (60_000, 60_010)),
        (BACK, (100_005, 100_010), (100_005, 100_010)),
        (BACK, (100_005, 70_800), (100_005, 100_801)),
        (BACK, (101_000, 101_010), (130_999, 131_011)),
        # So soon before so small a step, its answer may have been stamped by either clock.
        (SLIGHTLY_BACK, (99_000, 99_010), (99_000, 102_011)),
        (SLIGHTLY_BACK, (80_000, 80_010), (80_000, 80_010)),
    ],
)
def test_samples_are_put_onto_one_clock(
    step: ClockStep, stamped: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Asked before the clock was set, under way meanwhile, asked after it."""
    assert bounds(step, *stamped) == expected


@pytest.mark.parametrize(
    ("step", "stamped", "expected"),
    [
        (FORWARD, (99_000, 100_500), (99_000, 100_500)),
        (FORWARD, (131_500, 132_000), (101_499, 102_001)),
        (BACK, (60_000, 61_000), (60_000, 61_000)),
        (BACK, (102_000, 103_000), (131_999, 133_001)),
        # The clock showed this time twice, and nobody knows which of the two is meant.
        (BACK, (90_000, 91_000), (90_000, 121_001)),
    ],
)
def test_actions_are_put_onto_one_clock(
    step: ClockStep, stamped: tuple[int, int], expected: tuple[int, int]
) -> None:
    """They are stamped by whoever acts, at any time."""
    assert acted(step, *stamped) == expected


def test_steps_are_taken_back_one_by_one() -> None:
    """The last one first: it was set while the others had already been."""
    recorded = Timeline(
        samples=(sampled(50_000, 50_010), sampled(132_000, 132_010), sampled(180_000, 180_010)),
        transitions=(Transition(at=180_000, phase="failback"),),
        omitted=(Omitted("client/fresh", 132_000, 180_000, 3),),
        steps=(FORWARD, ClockStep(150_000, 150_000, 141_000, -10_000)),
    )
    told = on_one_clock(recorded)

    assert [s.asked_at for s in told.samples] == [50_000, 101_999, 159_998]
    assert [t.at for t in told.transitions] == [159_998]
    assert told.omitted == (Omitted("client/fresh", 101_999, 159_998, 3),)


@pytest.mark.parametrize("by_ms", [43_000, -10_000])
def test_an_answer_stamped_by_a_clock_set_back_belongs_to_that_step(by_ms: int) -> None:
    """Another step, much later, has nothing to do with it."""
    later = ClockStep(170_000, 170_000, 171_000 + by_ms, by_ms)
    recorded = Timeline(samples=(sampled(100_005, 70_800),), steps=(BACK, later))

    (moved,) = on_one_clock(recorded).samples

    assert (moved.asked_at, moved.answered_at) == (100_005, 100_801)


@pytest.mark.parametrize("asked", [50_000, 100_005, 132_000, 149_999, 151_000, 180_000])
def test_what_a_sample_was_stamped_is_known_again(asked: int) -> None:
    """By its stamp it has its slot, wherever the slots lie on the other clock."""
    steps = (FORWARD, ClockStep(150_000, 150_000, 140_300, -10_700))
    recorded = Timeline(samples=(sampled(asked, asked + 10),), steps=steps)

    (moved,) = on_one_clock(recorded).samples

    assert stamps(steps)(moved.asked_at) == asked
    assert stamps(())(asked) == asked


def test_a_timeline_without_a_step_stays_as_it_is() -> None:
    """Whoever has no step pays nothing."""
    recorded = Timeline((sampled(1, 2),))

    assert on_one_clock(recorded) is recorded


def test_a_clock_that_is_set_too_far_stops_the_drill() -> None:
    """Up to a minute is within every deadline's margin; beyond it nobody waits."""
    assert stop_of(()) == ""
    assert stop_of((FORWARD, BACK)) == ""
    assert stop_of((FORWARD, replace_by(BACK, -60_001))) == "ClockSet"
    assert stop_of((replace_by(FORWARD, 60_001),)) == "ClockSet"


def replace_by(step: ClockStep, by_ms: int) -> ClockStep:
    """Return a step of another size."""
    return step._replace(by_ms=by_ms)
