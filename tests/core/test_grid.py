"""Slots: counted alike by everybody, taken once, never made up for."""

from shared.core.grid import Grid, next_second, window_start


def test_a_timer_that_fires_a_little_early_means_the_next_window() -> None:
    """Otherwise that window would be sampled by nobody: the early run is over before it begins."""
    assert window_start(19_899, 10_000) == 10_000
    assert window_start(19_900, 10_000) == 20_000
    assert window_start(20_000, 10_000) == 20_000


def test_the_next_second_is_never_this_one() -> None:
    """Or a loop would spin on it."""
    assert [next_second(at) for at in (0, 1, 999, 1_000)] == [1_000, 1_000, 1_000, 2_000]


def test_a_slot_is_taken_once() -> None:
    """Also if the loop wakes a second time within it, or the clock is set back."""
    grid = Grid()
    taken = [at for at in (0, 400, 999, 1_000, 1_999, 900, 2_000) if grid.is_due("d", at, 1_000)]

    assert taken == [0, 1_000, 2_000]


def test_what_was_slept_through_is_not_made_up_for() -> None:
    """A sample asked late says nothing of the second it was meant for."""
    grid = Grid()
    taken = [at for at in (0, 7_300, 7_900, 8_000) if grid.is_due("d", at, 1_000)]

    assert taken == [0, 7_300, 8_000]


def test_keys_that_are_gone_are_forgotten() -> None:
    """A process lives for months."""
    grid = Grid()
    grid.is_due("old", 0, 1_000)
    grid.is_due("open", 0, 1_000)
    grid.keep(["open", "new"])

    assert grid.is_due("old", 0, 1_000)
    assert not grid.is_due("open", 0, 1_000)
