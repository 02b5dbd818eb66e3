"""Instants known by sampling, the time between them, and what may be said of a promise."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.intervals import (
    ANYTHING,
    Comparison,
    Elapsed,
    Interval,
    Verdict,
    at_least,
    between,
    bounds_in_words,
    compare,
    in_words,
    judge,
    lies_within,
    meets,
    total,
)

instants = st.integers(0, 10_000_000)
intervals = st.tuples(instants, instants).map(lambda pair: Interval(min(pair), max(pair)))


def test_the_time_between_two_intervals_has_two_bounds() -> None:
    """The shortest runs from the latest start to the earliest end, the longest the other way."""
    assert between(Interval(1_000, 2_000), Interval(5_000, 5_500)) == Elapsed(3.0, 4.5)


def test_a_time_may_be_negative() -> None:
    """Enabling an endpoint may be seen in DNS before ARM says so."""
    assert between(Interval(1_000, 2_000), Interval(1_200, 1_300)) == Elapsed(-0.8, 0.3)


@given(intervals, intervals, st.data())
def test_the_bounds_hold_every_pair_of_instants(
    start: Interval, end: Interval, data: st.DataObject
) -> None:
    """Whatever the truth is within the intervals, the time between is within the bounds."""
    began = data.draw(st.integers(*start))
    ended = data.draw(st.integers(*end))

    assert (ended - began) / 1_000 in between(start, end)


def test_an_end_that_was_not_seen_leaves_the_time_unbounded() -> None:
    """What has not happened by some instant took at least until then."""
    assert at_least(Interval(1_000, 2_000), 9_000) == Elapsed(7.0, None)


def test_times_add_up_to_the_millisecond() -> None:
    """Binary fractions leave no trace in a sum."""
    assert total([Elapsed(0.1, 0.1), Elapsed(0.2, 0.2)]) == Elapsed(0.3, 0.3)


def test_a_sum_with_an_unbounded_part_is_unbounded() -> None:
    """Nobody knows how long a machine boots."""
    assert Elapsed(1.0, None) + Elapsed(2.0, 3.0) == Elapsed(3.0, None)
    assert Elapsed(1.0, 2.0) + Elapsed(2.0, None) == Elapsed(3.0, None)


def test_the_width_is_the_sampling_error() -> None:
    """How sure a report is can be read off."""
    assert Interval(1_000, 2_500).width_seconds == 1.5
    assert Elapsed(0.1, 0.3).width_seconds == 0.2
    assert Elapsed(0.1, None).width_seconds is None


@pytest.mark.parametrize(
    ("elapsed", "verdict"),
    [
        (Elapsed(290.0, 300.0), Verdict.MET),
        (Elapsed(299.0, 300.001), Verdict.INCONCLUSIVE),
        (Elapsed(300.0, 301.0), Verdict.INCONCLUSIVE),
        (Elapsed(300.001, 301.0), Verdict.MISSED),
        (Elapsed(100.0, None), Verdict.INCONCLUSIVE),
        (Elapsed(300.5, None), Verdict.MISSED),
    ],
)
def test_a_promise_is_judged_by_the_bounds(elapsed: Elapsed, verdict: Verdict) -> None:
    """Met by the upper bound alone, missed by the lower alone, else sampling cannot tell."""
    assert judge(elapsed, 300) is verdict


@pytest.mark.parametrize(
    ("observed", "comparison"),
    [
        (Elapsed(130.5, 131.0), Comparison.SLOWER),
        (Elapsed(129.0, 131.0), Comparison.WITHIN),
        (Elapsed(98.0, 101.0), Comparison.WITHIN),
        (Elapsed(98.0, 99.5), Comparison.FASTER),
        (Elapsed(131.0, None), Comparison.SLOWER),
        (Elapsed(0.0, None), Comparison.WITHIN),
    ],
)
def test_an_observed_time_is_compared_with_the_promised(
    observed: Elapsed, comparison: Comparison
) -> None:
    """Beyond a bound only where the whole observed interval is."""
    assert compare(observed, Elapsed(100.0, 130.0)) is comparison
    assert meets(observed, Elapsed(100.0, 130.0)) is (comparison is Comparison.WITHIN)


def test_nothing_is_slower_than_an_unbounded_promise() -> None:
    """A boot can only be measured."""
    assert compare(Elapsed(9_999.0, 9_999.5), Elapsed(0.0, None)) is Comparison.WITHIN


def test_seconds_are_told_without_rounding() -> None:
    """A sentence must not round a bound to the wrong side."""
    assert in_words(1234.567) == "1234.567"
    assert in_words(-0.8) == "-0.8"
    assert in_words(300.0) == "300"
    assert in_words(None) == "unbounded"


bounds = st.integers(-50, 50)
elapsed_times = st.builds(
    lambda least, length: Elapsed(float(least), None if length is None else float(least + length)),
    bounds,
    st.one_of(st.none(), st.integers(0, 50)),
)


@given(elapsed_times, elapsed_times, st.integers(-60, 160))
def test_what_lies_within_does_so_whatever_it_truly_is(
    one: Elapsed, other: Elapsed, truth: int
) -> None:
    """And what does not has a truth outside."""
    if lies_within(one, other):
        assert truth not in one or truth in other
        assert meets(one, other)
    else:
        ends = (one.seconds_min, one.seconds_max)
        assert any(end is None or end not in other for end in ends)


def test_a_promise_may_have_no_lower_bound() -> None:
    """Then nothing is too early for it; it adds up to none, and leaves as none."""
    assert compare(Elapsed(-9_999.0, -9_998.0), ANYTHING) is Comparison.WITHIN
    assert compare(Elapsed(-9_999.0, -9_998.0), Elapsed(-inf, 3.0)) is Comparison.WITHIN
    assert compare(Elapsed(3.1, 4.0), Elapsed(-inf, 3.0)) is Comparison.SLOWER
    assert (ANYTHING + Elapsed(1.0, 2.0)).seconds_least is None
    assert Elapsed(1.0, 2.0).seconds_least == 1.0


def test_bounds_are_told_in_words() -> None:
    """What is unbounded has no word."""
    assert bounds_in_words(Elapsed(1.5, 2.0)) == "1.5 to 2 s"
    assert bounds_in_words(Elapsed(1.5, None)) == "at least 1.5 s"
    assert bounds_in_words(Elapsed(-inf, 3.0)) == "at most 3 s"
    assert bounds_in_words(ANYTHING) == "nothing"
