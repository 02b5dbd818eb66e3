"""Samples in slots, gaps, and the stretch that proves a recovery."""

import pytest

from shared.core.grid import interval_ms
from shared.core.samples import Outcome, Sample
from shared.core.slots import (
    Gap,
    Recovery,
    Served,
    Slot,
    Steadiness,
    failed_in_a_row,
    find_recovery,
    gaps,
    to_slots,
)

EVERY_MS = 1_000
KINDS = {
    "s": Served.WANTED,
    "p": Served.UNWANTED,
    "f": Served.FAILED,
    "o": Served.OTHER,
}


def a_sample(asked_at: int, outcome: Outcome = Outcome.OK, writer: str = "one") -> Sample:
    """Return a client's sample."""
    return Sample("client/fresh", asked_at, asked_at + 10, outcome, writer=writer)


def look(pattern: str) -> tuple[list[Slot], list[Served]]:
    """Return a slot for every letter of the pattern, one a second; a dot is a missing one."""
    slots, served = [], []
    for second, letter in enumerate(pattern):
        if letter != ".":
            outcome = Outcome.TIMEOUT if letter == "f" else Outcome.OK
            slots += to_slots([a_sample(1_000 * second, outcome)], EVERY_MS)
            served.append(KINDS[letter])
    return slots, served


def recovery(pattern: str, seconds: int = 5, since: int = 0) -> tuple[int | None, int | None, bool]:
    """Return the seconds at which the stretch begins, at the earliest and the latest."""
    slots, served = look(pattern)
    found: Recovery = find_recovery(slots, served, Steadiness(since, 1_000 * seconds, EVERY_MS))
    earliest, latest = (
        None if at is None else slots[at].asked_at // 1_000 for at in (found.earliest, found.latest)
    )
    return earliest, latest, found.whole


def test_slots_are_counted_by_the_clock_that_stamped_them() -> None:
    """One that was set by half a slot since: two seconds' samples do not become one slot's."""
    seconds = [a_sample(at) for at in (4_100, 5_050, 5_900, 7_000)]

    assert [len(slot.samples) for slot in to_slots(seconds, EVERY_MS)] == [1, 2, 1]
    moved = to_slots(seconds, EVERY_MS, lambda at: at + 500)
    assert [len(slot.samples) for slot in moved] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("series", "asked", "expected"),
    [
        ("health/virginia", 1, 1_000),
        ("client/fresh", 5, 5_000),
        ("monitor/virginia", 1, 2_000),
        ("monitor", 1, 2_000),
        ("power/virginia-vm", 5, 5_000),
    ],
)
def test_arm_is_asked_every_other_second(series: str, asked: int, expected: int) -> None:
    """ARM counts reads; no series is asked more often than the plan says."""
    assert interval_ms(series, asked) == expected


def test_a_slot_holds_what_every_writer_asked_in_its_second() -> None:
    """Slots are counted once, whoever wrote them."""
    samples = [a_sample(1_000), a_sample(1_300, writer="two"), a_sample(2_100)]

    slots = to_slots(samples, EVERY_MS)

    assert [len(slot.samples) for slot in slots] == [2, 1]
    assert (slots[0].asked_at, slots[0].last_asked_at) == (1_000, 1_300)


def test_a_slot_has_failed_when_all_its_samples_failed() -> None:
    """One writer's lost packet is not the client's failure."""
    healed = [a_sample(1_000, Outcome.TIMEOUT), a_sample(1_300, writer="two")]
    failed = [a_sample(1_000, Outcome.TIMEOUT), a_sample(1_300, Outcome.FAILED, "two")]

    assert [slot.failed for slot in to_slots(healed, EVERY_MS)] == [False]
    assert [slot.failed for slot in to_slots(failed, EVERY_MS)] == [True]


def test_more_than_three_intervals_between_attempts_are_a_gap() -> None:
    """Three intervals are not."""
    assert gaps("client/fresh", [0, 3_000, 6_001], EVERY_MS) == [Gap("client/fresh", 3_000, 6_001)]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("", 0), ("sfs", 0), ("sff", 2), ("fff", 3), ("ff.f", 3), ("ff....f", 1)],
)
def test_failures_in_a_row_are_counted_from_the_newest(pattern: str, count: int) -> None:
    """A second lost to jitter does not make two failures strangers; a gap does."""
    slots, _ = look(pattern)

    assert failed_in_a_row(slots, EVERY_MS) == count


RECOVERIES = {
    "begins with the first wanted answer": ("ppffsssss", (4, 4, True)),
    "goes on over one failure: a blip": ("pssfss", (1, 1, True)),
    "may end in a blip": ("pssssf", (1, 1, True)),
    "restarts after two failures in a row": ("pssffsssss", (5, 5, True)),
    "takes failures beside a lost second as in a row": ("psf.fsssss", (5, 5, True)),
    "restarts after an answer of the endpoint under test": ("psspsssss", (4, 4, True)),
    "does not begin with a failure": ("pfsssss", (2, 2, True)),
    "does not begin with somebody unknown, and does not break at one": ("pososss", (2, 2, True)),
    "is not whole before its time": ("psss", (1, 1, False)),
    "is not there where nothing wanted answers": ("pfff", (None, None, False)),
    "is not there where all broke again": ("psssff", (None, None, False)),
    "counts a gap as good for the lower bound, as a restart for the upper": (
        "pss....sssss",
        (1, 7, True),
    ),
    "may be whole for the lower bound alone": ("pss....ss", (1, 7, False)),
    "takes failures on both sides of a gap as strangers": ("pssf....fsssss", (1, 9, True)),
    "is voided for both by an answer after the gap": ("pss....psssss", (8, 8, True)),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), RECOVERIES.values(), ids=RECOVERIES.keys())
def test_a_recovery(pattern: str, expected: tuple[int | None, int | None, bool]) -> None:
    """s: wanted, p: endpoint under test, f: failed, o: somebody else, dot: not attempted."""
    assert recovery(pattern) == expected


def test_a_recovery_is_sought_from_an_instant_on() -> None:
    """Before the fault everybody was well served."""
    assert recovery("sssssssss", since=3_000) == (3, 3, True)
