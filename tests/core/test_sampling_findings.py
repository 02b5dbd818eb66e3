"""A drill that was not observed as closely as it was to be says so, series by series."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.coverage import SPACINGS_MIN, cover
from shared.core.evidence import Evidence
from shared.core.findings import Finding
from shared.core.intervals import Elapsed
from shared.core.report import build_report
from shared.core.samples import Outcome, Sample
from tests.support.drills import START, a_drill, at
from tests.support.reports import LAB_TIMELINE, LAB_WORLD
from tests.support.worlds import Sampler, a_finished_drill, timeline

HEALTH = "health/amsterdam"


def findings(code: str, keeps: Callable[[Sample], bool] = lambda _: True) -> list[Finding]:
    """Return the findings of a kind, of the lab's drill with the samples that are kept."""
    samples = tuple(s for s in LAB_TIMELINE.samples if keeps(s))
    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))
    return [finding for finding in report.findings if finding.code == code]


def in_slots_of(seconds: int, series: str = HEALTH) -> Callable[[Sample], bool]:
    """Return what keeps of a series only one sample in so many seconds."""
    return lambda s: s.series != series or (s.asked_at - START) // 1_000 % seconds == 0


def test_a_series_asked_every_other_second_is_named() -> None:
    """With what was reached, and what was planned."""
    (slow,) = findings("SlowSampling", in_slots_of(2))

    assert (slow.subject, slow.elapsed) == (HEALTH, Elapsed(2.0, 2.0))
    assert slow.message == f"{HEALTH} was asked every 2 s (the median), not every 1 s as planned."


def test_one_that_is_asked_so_seldom_that_all_is_gaps_is_named_too() -> None:
    """Each gap alone would not say that there is nothing else."""
    (slow,) = findings("SlowSampling", in_slots_of(5))

    assert slow.elapsed == Elapsed(5.0, 5.0)


def test_arm_that_is_read_less_often_after_a_429_is_named() -> None:
    """It is to be read every other second."""
    (slow,) = findings("SlowSampling", in_slots_of(4, "monitor/virginia"))

    assert slow.message.startswith("monitor/virginia was asked every 4 s (the median), not every 2")


def test_every_slow_series_is_named() -> None:
    """A busy host slows them all down."""
    slow = findings("SlowSampling", lambda s: (s.asked_at - START) // 1_000 % 4 == 0)

    assert len(slow) == len({s.series for s in LAB_TIMELINE.samples})


def test_jitter_and_single_losses_are_no_slowness() -> None:
    """Nor is a long gap, which is told as one."""
    sampler = Sampler(seed=3, jitter_seconds=0.9, gaps=((300.0, 340.0), (400.0, 401.0)))

    report = build_report(a_finished_drill(), timeline(LAB_WORLD, sampler))

    assert "SlowSampling" not in {finding.code for finding in report.findings}


def test_a_few_attempts_say_nothing_of_their_pace() -> None:
    """Two samples are one spacing."""
    series = "client/ttl"
    few = [Sample(series, at(s), at(s) + 9, Outcome.OK) for s in range(0, 4 * SPACINGS_MIN, 4)]

    (pace,) = cover(Evidence(a_drill(), few), []).paces

    assert (pace.median_seconds, pace.is_slow) == (None, False)


@given(st.lists(st.integers(1, 6), min_size=SPACINGS_MIN, max_size=60), st.data())
def test_slow_is_what_came_late_more_often_than_not(
    spacings: list[int], data: st.DataObject
) -> None:
    """However the attempts lie within their slots."""
    slots = [sum(spacings[:count]) for count in range(len(spacings) + 1)]
    asked = [at(slot) + data.draw(st.integers(0, 999)) for slot in slots]
    samples = [Sample("client/fresh", when, when + 5, Outcome.OK) for when in asked]

    (pace,) = cover(Evidence(a_drill(), samples), []).paces

    late = sum(spacing > 1 for spacing in spacings)
    assert pace.is_slow is (2 * late >= len(spacings))
    assert pace.attempted == len(slots)


def two_of_three(sample: Sample) -> bool:
    """Keep of one series two samples in three seconds."""
    return sample.series != HEALTH or (sample.asked_at - START) // 1_000 % 3 < 2


def test_thin_sampling_names_who_was_asked_least_often() -> None:
    """And how often, whatever the pattern: two of three slots have no slow median."""
    (thin,) = findings("ThinSampling", two_of_three)

    assert "what follows is less sure. Least often: health/amsterdam, every 1.498 s" in thin.message
    assert thin.message.endswith(" s on average (planned: 1 s).")
    assert findings("SlowSampling", two_of_three) == []


def test_thin_sampling_names_a_series_that_was_never_asked() -> None:
    """A required one without a sample."""
    (thin,) = findings("ThinSampling", lambda s: s.series != "health/virginia")

    assert thin.message.endswith("Least often: health/virginia, never (planned: 1 s).")


def test_the_least_asked_come_first_and_are_few() -> None:
    """Of five that were asked too seldom three are named, the worst one first."""
    seldom = {
        HEALTH: 4,
        "health/virginia": 2,
        "client/fresh": 3,
        "monitor/virginia": 12,
        "monitor/amsterdam": 4,
    }
    keep = [in_slots_of(seconds, series) for series, seconds in seldom.items()]

    (thin,) = findings("ThinSampling", lambda s: all(kept(s) for kept in keep))

    named = thin.message.partition("Least often: ")[2]
    assert [each.partition(",")[0] for each in named.split("; ")] == [
        "monitor/virginia",
        HEALTH,
        "client/fresh",
    ]


@pytest.mark.parametrize("code", ["SlowSampling", "ThinSampling"])
def test_a_drill_sampled_as_planned_has_neither(code: str) -> None:
    """The lab's."""
    assert findings(code) == []
