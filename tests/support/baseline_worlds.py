"""Unplanned failovers whose truth is known, as a baseline's samples show them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.core.baseline import Configuration
from shared.core.samples import Outcome, Sample
from shared.core.unplanned import InForce
from tests.support.drills import LAB, START, at
from tests.support.worlds import SERIES, World, look

CONFIGURATION = Configuration(snapshot=replace(LAB, targets=()), routing_method="Priority")
IN_FORCE = (InForce(START, CONFIGURATION),)
INTERVAL_SECONDS = 60
NOT_ASKED, FRESH = ("power/", "client/"), "client/fresh"


def an_outage(**changed: float) -> World:
    """Return the lab's endpoint failing by itself for half an hour; instants in seconds."""
    times = {
        "fault_sent": 1_230.0,
        "fault_accepted": 1_230.0,
        "fault_answered": 1_230.0,
        "effective": 1_230.0,
        "degraded": 1_345.0,
        "authoritative_switched": 1_345.0,
        "resolver_switched": 1_420.0,
        "restore_sent": 3_000.0,
        "restore_accepted": 3_000.0,
        "restore_answered": 3_000.0,
        "running": 3_010.0,
        "serving": 3_020.0,
        "online": 3_050.0,
        "authoritative_back": 3_050.0,
        "resolver_back": 3_130.0,
        "end": 4_800.0,
    }
    return World(**(times | changed))


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """How a baseline looks at a world."""

    seed: int = 0
    turn_seconds: float = 10.0
    jitter_seconds: float = 0.3
    latency_seconds: float = 0.05
    timeout_seconds: float = 2.0
    gaps: tuple[tuple[float, float], ...] = ()

    def samples(self, world: World) -> list[Sample]:
        """Return what every series shows, in order of asking."""
        dice = random.Random(self.seed)  # noqa: S311 - a test's own dice
        found = [sample for series in _series() for sample in self._of(world, series, dice)]
        return sorted(found, key=lambda sample: sample.asked_at)

    def _of(self, world: World, series: str, dice: random.Random) -> Iterator[Sample]:
        for turn in range(int(world.end) // INTERVAL_SECONDS):
            asked = (
                turn * INTERVAL_SECONDS + self.turn_seconds + dice.random() * self.jitter_seconds
            )
            if any(start <= asked < stop for start, stop in self.gaps):
                continue
            latency = 0.001 + dice.random() * self.latency_seconds
            answer = look(world, series, asked + latency * dice.random())
            if answer is None:
                ended = at(asked + self.timeout_seconds) + 1
                yield Sample(series, at(asked - 0.0005), ended, Outcome.TIMEOUT)
            else:
                ended = at(asked + latency + 0.0006)
                yield Sample(series, at(asked - 0.0005), ended, Outcome.OK, answer, 0)


def _series() -> list[str]:
    return [name for name, _ in SERIES if not name.startswith(NOT_ASKED) or name == FRESH]
