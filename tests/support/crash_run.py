"""Runs whole drills, each of which something befalls at one of its calls, and judges them."""

import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest

from shared import ledger
from shared.adapters import codec, drill_table, undo_table
from tests.support.crash_points import Fate, Point, points_of
from tests.support.crash_truth import Surprises, Witness, wrongs
from tests.support.crash_world import TICK_SECONDS, CrashWorld
from tests.support.sim_stage import Case


@cache
def calls_of(case: Case) -> tuple[str, ...]:
    """Return everything that a drill asks of the outside, when nothing befalls it."""
    with alone():
        world = CrashWorld(case)
        while not world.is_over:
            world.let_pass(TICK_SECONDS)
    return tuple(world.first.gate.calls)


def every_point(case: Case) -> list[Point]:
    """Return everything that may befall a drill."""
    return [p for call, name in enumerate(calls_of(case)) for p in points_of(call, name)]


def some_points(case: Case, count: int, seed: object) -> list[Point]:
    """Return so many of them, drawn by a seed; all if there are fewer."""
    points = every_point(case)
    drawn = random.Random(f"{case} {seed}")  # noqa: S311  reproducible on purpose
    return drawn.sample(points, min(count, len(points)))


FINISHED = frozenset({"finished"})
"""Somebody else went on, or nobody was away for as long as it takes to notice."""
NOT_INJECTED = FINISHED | {"stopped FaultNotInjected"}
"""Nobody was there while the fault could be injected."""
ANY = NOT_INJECTED | {
    "no-steady-state",
    "stopped FaultRemovedByOthers",  # the watchdog was due, and may have been faster
    "timed-out NoFailoverInTime",
    "timed-out DeadlinePassed",
    "timed-out NoFailbackInTime",
    "rollback-failed RollbackUnverified",  # it took longer to verify than the drill waits
}
"""Nobody was there for longer than a drill waits for anything."""
INJECT_SECONDS, PATIENT_SECONDS = 30, 300
_ALONE = (Fate.SLEEP_BEFORE, Fate.SLEEP_AFTER, Fate.OUTAGE)


def fitting(point: Point) -> frozenset[str]:
    """Return the endings that fit what befell a drill."""
    if point.fate not in _ALONE or point.seconds < INJECT_SECONDS:
        return FINISHED
    return NOT_INJECTED if point.seconds < PATIENT_SECONDS else ANY


@dataclass
class Matrix:
    """What came of many drills."""

    runs: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, case: Case, points: Iterable[Point]) -> None:
        """Run a drill for each point."""
        with alone() as surprises:
            for point in points:
                self.runs += 1
                self.wrong += [f"{case}, {point}: {each}" for each in self._one(case, point)]
                self.wrong += [f"{case}, {point}: {each}" for each in surprises.found]
                surprises.found.clear()

    def _one(self, case: Case, point: Point) -> Iterator[str]:
        world = CrashWorld(case, point)
        witness = Witness(world)
        world.run()
        if not world.first.gate.has_struck:
            yield "it was never reached"
        drill = world.drill
        told = f"{drill.ending} {drill.reason}".rstrip() if drill else "none"
        self.endings[told] += 1
        if told not in fitting(point):
            yield f"it ended {told}"
        yield from wrongs(world, witness)


@contextmanager
def alone() -> Iterator[Surprises]:
    """Have every step of a run in its turn, so that the same point is the same twice.

    What the product logs of its own mistakes is kept, everything else is not written at all.
    """
    log, surprises = logging.getLogger("shared"), Surprises()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ledger, "SIDE_BY_SIDE_MAX", 1)
        for table in (drill_table, undo_table):
            # What is read is never changed: the same text may as well be the same value.
            patched.setattr(table, "from_json", cache(codec.from_json))
        patched.setattr(log, "propagate", False)
        patched.setattr(log, "handlers", [surprises])
        patched.setattr(log, "disabled", False)
        level = log.level
        log.setLevel(logging.ERROR)
        yield surprises
        log.setLevel(level)
