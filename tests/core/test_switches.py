"""Finding when a state switched for good."""

import pytest

from shared.core.evidence import Reading
from shared.core.intervals import Interval
from shared.core.samples import Outcome, Sample
from shared.core.switches import (
    Search,
    States,
    Window,
    bounds,
    find_switch,
    is_proved_by_timeout,
)

STATES = States(frozenset({"old"}), frozenset({"new"}))
LETTERS = {"o": "old", "n": "new", "x": ""}


def a_sample(second: float, took: float = 0.1, outcome: Outcome = Outcome.OK) -> Sample:
    """Return a sample asked at that second."""
    return Sample("dns", round(1_000 * second), round(1_000 * (second + took)), outcome)


def search(pattern: str, since: float = 0, until: float | None = None) -> Search:
    """Search a pattern with a letter each second (o: old, n: new, x: no proof, dot: no sample)."""
    readings = [
        Reading(a_sample(second), LETTERS[letter])
        for second, letter in enumerate(pattern)
        if letter != "."
    ]
    end = None if until is None else round(1_000 * until)
    return find_switch(readings, STATES, Window(round(1_000 * since), end, 5_000, 1_000))


def second(sample: Sample | None) -> int | None:
    """Return when a sample was asked."""
    return None if sample is None else sample.asked_at // 1_000


SWITCHES = {
    "lies between the last old and the first new": ("ooonnn", (2, 3, 0)),
    "is not hidden by samples that prove nothing": ("ooxxnn", (1, 4, 0)),
    "is not the single odd answer before it": ("onooonnn", (4, 5, 1)),
    "comes after several answers that did not last": ("onnoonno", (None, None, 2)),
    "stays where it was when reversed after the stability time": ("onnnnno", (0, 1, 1)),
    "is the first that held, whatever held later": ("onnnnnoonnnnn", (0, 1, 1)),
    "is not made stable by silence": ("on........onn", (10, 11, 1)),
    "is not there where nothing new was seen": ("oooo", (None, None, 0)),
    "needs no old proof": ("nnn", (None, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), SWITCHES.values(), ids=SWITCHES.keys())
def test_a_switch(pattern: str, expected: tuple[int | None, int | None, int]) -> None:
    """Old and new are the seconds of the two proofs; reversals are counted."""
    found = search(pattern)

    assert (second(found.old), second(found.new), len(found.reversals)) == expected


def test_a_switch_is_sought_in_its_window() -> None:
    """What was new before the request is not its effect; what comes after the end is another's."""
    assert second(search("onnoonnn", since=4).new) == 5
    assert second(search("oooonnn", until=4).new) is None


def test_what_was_new_before_its_cause_and_only_goes_on_is_no_switch() -> None:
    """Nobody saw the old state: an old answer from before, say, that happens to be the new one."""
    found = search("nnnnnnn", since=3)

    assert (found.new, found.was_there) == (None, True)
    assert second(search("nnnnonnn", since=3).new) == 5
    assert second(search("onnnxnnn", since=3).new) is None
    assert not search("nnooonn", since=3).was_there


def test_what_was_under_way_when_the_window_began_may_show_its_effect() -> None:
    """Asked before the request and answered after it: it proves nothing of the time before."""
    readings = [Reading(a_sample(2.95), "new"), Reading(a_sample(4), "new")]

    found = find_switch(readings, STATES, Window(3_000, None, 5_000, 1_000))

    assert second(found.new) == 4


def test_an_answer_under_way_at_the_windows_end_reverses_nothing() -> None:
    """Asked before the request to restore and answered after it, it may show its effect."""
    assert not search("onnno", until=4.05).reversals
    assert len(search("onnno", until=4.2).reversals) == 1


def test_answers_that_overlap_may_come_in_either_order() -> None:
    """A slow new answer asked before a quick old one is no reversal, nor the switch."""
    readings = [
        Reading(a_sample(0), "old"),
        Reading(a_sample(1, took=1.5), "new"),
        Reading(a_sample(2, took=0.1), "old"),
        Reading(a_sample(3), "new"),
    ]

    found = find_switch(readings, STATES, Window(0, None, 5_000, 1_000))

    assert (second(found.old), second(found.new), found.reversals) == (2, 3, [])


def test_the_first_new_answer_is_the_first_to_arrive() -> None:
    """One that is slow does not widen what a quicker one knew before."""
    readings = [
        Reading(a_sample(0), "old"),
        Reading(a_sample(1, took=3), "new"),
        Reading(a_sample(2, took=0.1), "new"),
        Reading(a_sample(3, took=0.1), "new"),
    ]

    found = find_switch(readings, STATES, Window(0, None, 5_000, 1_000))

    assert second(found.new) == 2


def test_no_effect_precedes_its_cause() -> None:
    """A last old proof from before the request bounds nothing; the request does."""
    assert bounds(a_sample(1), a_sample(5), 3_000) == Interval(3_000, 5_100)
    assert bounds(a_sample(4), a_sample(5), 3_000) == Interval(4_000, 5_100)
    assert bounds(None, a_sample(5), 3_000) == Interval(3_000, 5_100)


def test_a_time_out_widens_what_it_proves() -> None:
    """So the report says which intervals it proved."""
    late = a_sample(1, took=2, outcome=Outcome.TIMEOUT)

    assert is_proved_by_timeout(a_sample(0), late)
    assert not is_proved_by_timeout(None, a_sample(1))


def test_a_reversal_is_an_interval_too() -> None:
    """Between the last new proof and the first old one after it."""
    (reversal,) = search("onno").reversals

    assert reversal.interval == Interval(2_000, 3_100)
