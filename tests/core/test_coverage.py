"""How well a drill was observed."""

from shared.core.clock_steps import on_one_clock
from shared.core.coverage import cover
from shared.core.evidence import Evidence
from shared.core.samples import ClockStep, Outcome, Sample, Timeline
from shared.core.slots import Gap
from tests.support.drills import a_drill, at

ONE, OTHER, ARM = "client/fresh", "health/virginia", "monitor"


def asked(series: str, seconds: "range | list[int]", writer: str = "one") -> list[Sample]:
    """Return good samples at those seconds."""
    return [Sample(series, at(s), at(s) + 10, Outcome.OK, writer=writer) for s in seconds]


def test_every_slot_attempted() -> None:
    """ARM's series have half as many."""
    samples = [*asked(ONE, range(100)), *asked(ARM, range(0, 100, 2))]

    coverage = cover(Evidence(a_drill(), samples), [ONE])

    assert (coverage.attempted, coverage.expected, coverage.attempted_share) == (150, 150, 1.0)
    assert (coverage.count, coverage.failed, coverage.gaps) == (150, 0, ())
    assert not coverage.is_thin


def test_slots_are_counted_by_the_clock_that_stamped_them() -> None:
    """Taken back, stamps lie to and fro beside the ends of whole seconds: none was left out."""
    late = [Sample(ONE, at(s) + 50 * (s % 2), at(s + 1), Outcome.OK) for s in range(12, 22)]
    step = ClockStep(at(9), at(9), at(11.02), 1_020)
    told = on_one_clock(Timeline((*asked(ONE, range(10)), *late), steps=(step,)))

    known, unknown = (
        cover(Evidence(a_drill(), told.samples, steps=steps), []) for steps in (told.steps, ())
    )

    assert (known.attempted, unknown.attempted) == (20, 16)


def test_failed_samples_are_attempts() -> None:
    """A failed sample is data."""
    samples = [*asked(ONE, [0, 1]), Sample(ONE, at(2), at(4), Outcome.TIMEOUT)]

    coverage = cover(Evidence(a_drill(), samples), [])

    assert (coverage.count, coverage.failed, coverage.attempted_share) == (3, 1, 1.0)


def test_a_slot_counts_once_whoever_wrote_it() -> None:
    """Two hosts that sample the same second have not sampled two."""
    samples = [*asked(ONE, range(10)), *asked(ONE, range(10), writer="two")]

    coverage = cover(Evidence(a_drill(), samples), [])

    assert (coverage.count, coverage.attempted, coverage.expected) == (20, 10, 10)


def test_a_gap_is_named_and_its_slots_are_missed() -> None:
    """From the last attempt before it to the first after it."""
    coverage = cover(Evidence(a_drill(), asked(ONE, [*range(50), *range(60, 100)])), [])

    assert coverage.gaps == (Gap(ONE, at(49), at(60)),)
    assert coverage.attempted_share == 0.9
    assert coverage.is_thin


def test_a_series_that_begins_late_or_ends_early_has_a_gap_there() -> None:
    """Observation is from the first attempt of any series to the last."""
    samples = [*asked(ONE, range(100)), *asked(OTHER, range(20, 70))]

    coverage = cover(Evidence(a_drill(), samples), [])

    assert coverage.gaps == (Gap(OTHER, at(0), at(20)), Gap(OTHER, at(69), at(99)))
    assert (coverage.attempted, coverage.expected) == (150, 200)


def test_a_required_series_without_a_sample_is_one_gap() -> None:
    """Not asking at all is not perfect coverage."""
    coverage = cover(Evidence(a_drill(), asked(ONE, range(10))), [ONE, OTHER])

    assert coverage.gaps == (Gap(OTHER, at(0), at(9)),)
    assert (coverage.attempted, coverage.expected) == (10, 20)


def test_a_drill_without_samples_is_not_thin_but_empty() -> None:
    """There is nothing to take a share of."""
    coverage = cover(Evidence(a_drill(), []), [ONE])

    assert (coverage.count, coverage.gaps, coverage.attempted_share) == (0, (), 1.0)


def test_the_share_is_rounded_down() -> None:
    """Ninety-nine point nine nine nine percent are not all."""
    coverage = cover(Evidence(a_drill(), asked(ONE, [s for s in range(30_000) if s != 7])), [])

    assert coverage.attempted_share == 0.9999
