"""Samples held until they are written: none lost, none written over, not for ever."""

from shared.core.samples import Instant, Outcome, Sample
from shared.core.windows import HELD_MS_MAX, MINUTE_MS, Window, Windows

MINUTES_HELD_MAX = HELD_MS_MAX // MINUTE_MS


def sample(at: Instant) -> Sample:
    """Return a sample asked then."""
    return Sample("client/fresh", at, at + 1, Outcome.OK)


def test_a_minute_grows_until_it_is_over() -> None:
    """Each write holds all of it, and nothing is written that has not changed."""
    windows = Windows("w")
    windows.add("d", sample(0))
    (first,) = windows.changed()
    windows.written(first)
    assert windows.changed() == []

    windows.add("d", sample(1))

    assert windows.changed() == [Window("d", 0, "w", (sample(0), sample(1)))]


def test_what_came_while_it_was_written_is_written_next() -> None:
    """A write takes a while, and sampling does not wait for it."""
    windows = Windows("w")
    windows.add("d", sample(0))
    (being_written,) = windows.changed()
    windows.add("d", sample(1))
    windows.written(being_written)

    assert windows.changed() == [Window("d", 0, "w", (sample(0), sample(1)))]


def test_drills_and_minutes_are_rows_of_their_own() -> None:
    """Oldest first, so that a table that recovers is filled in order."""
    windows = Windows("w")
    for drill, at in (("d", MINUTE_MS), ("e", 0), ("d", 5)):
        windows.add(drill, sample(at))

    assert [(w.owner, w.start) for w in windows.changed()] == [
        ("d", 0),
        ("e", 0),
        ("d", MINUTE_MS),
    ]


def test_only_what_is_written_and_over_is_let_go() -> None:
    """A sample may still be open in the process whose minute is long past."""
    windows = Windows("w")
    windows.add("d", sample(0))
    windows.seal(before=10 * MINUTE_MS)
    assert windows.changed(), "unwritten"

    windows.written(windows.changed()[0])
    windows.seal(before=MINUTE_MS - 1)
    windows.add("d", sample(1))

    assert [len(window.samples) for window in windows.changed()] == [2], "still open"


def test_a_minute_that_was_let_go_is_never_written_over() -> None:
    """If the wall clock is set back, the new goes to a row of its own beside the old."""
    windows = Windows("w")
    windows.add("d", sample(0))
    windows.written(windows.changed()[0])
    windows.seal(before=MINUTE_MS)
    windows.add("d", sample(5))

    (reopened,) = windows.changed()
    assert reopened == Window("d", 0, "w.1", (sample(5),))


def test_half_an_hour_is_held_and_the_oldest_given_up_and_counted() -> None:
    """Storage that never comes back must not eat the host's memory."""
    windows = Windows("w")
    for minute in range(MINUTES_HELD_MAX + 2):
        windows.add("d", sample(minute * MINUTE_MS))
        windows.add("d", sample(minute * MINUTE_MS + 1))

    held = windows.changed()
    assert len(held) == MINUTES_HELD_MAX
    assert held[0].start == 2 * MINUTE_MS
    assert windows.take_lost() == 4
    assert windows.take_lost() == 0


def test_no_more_is_held_than_there_is_memory_for() -> None:
    """Of many drills at once the half hour would be too much: the oldest window of all goes."""
    windows = Windows("w", samples_held_max=4)
    for minute in range(3):
        for drill in ("d", "e"):
            windows.add(drill, sample(minute * MINUTE_MS))

    held = [(w.owner, w.start // MINUTE_MS) for w in windows.changed()]
    assert held == [("d", 1), ("e", 1), ("d", 2), ("e", 2)]
    assert windows.take_lost() == 2


def test_what_is_written_is_not_lost_when_it_is_given_up() -> None:
    """Only samples that no row holds are."""
    windows = Windows("w", samples_held_max=2)
    windows.add("d", sample(0))
    windows.written(windows.changed()[0])
    windows.add("d", sample(1))
    windows.add("d", sample(MINUTE_MS))

    assert windows.take_lost() == 1


def test_windows_may_be_longer() -> None:
    """A baseline has a sample a minute: a row holds ten of them, half an hour is three rows."""
    windows = Windows("w", window_ms=10 * MINUTE_MS)
    for minute in range(40):
        windows.add("p", sample(minute * MINUTE_MS))

    assert [(w.start // MINUTE_MS, len(w.samples)) for w in windows.changed()] == [
        (10, 10),
        (20, 10),
        (30, 10),
    ]
    assert windows.take_lost() == 10
