"""Attempts of a sampler in virtual time: how they fare on their way, and what they truly met."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from shared.core.grid import SECOND_MS
from shared.core.samples import Outcome, Sample
from tests.support.sim_resolver import Lead, Told
from tests.support.simulation import Rounding

LATENCY_SECONDS = (0.001, 0.4)


class Network(NamedTuple):
    """How samples fare on their way."""

    dice: random.Random
    loss: float
    refuses: bool
    """A stopped machine refuses connections; else it drops packets."""

    def is_lost(self) -> bool:
        """Whether this one is."""
        return self.dice.random() < self.loss

    def latency(self) -> float:
        """Return how long an answer takes: mostly little, sometimes much."""
        low, high = LATENCY_SECONDS
        return low * math.exp(math.log(high / low) * self.dice.random())


@dataclass(slots=True)
class Asked:
    """One attempt: what it truly met, in the simulation's own time, and the sample it became."""

    series: str
    asked: float
    read: float | None = None
    """When what it met was so; of a client, when it was told whom to visit."""
    state: str = ""
    """What it met: an endpoint that answered, ARM's word, or "" for nobody."""
    is_lost: bool = False
    ended: float = 0.0
    sample: Sample | None = None
    """What was recorded of it; None of what a restart lost."""


class Memory:
    """What a client that keeps its resolver's answers has kept, and whom it was led to since."""

    def __init__(self) -> None:
        self.endpoint, self.until = "", 0.0
        self.leads: list[Lead] = []

    def keep(self, told: Told) -> None:
        """Keep an answer for its TTL, if it may be kept."""
        self.until = told.at + told.ttl_seconds if told.endpoint else 0.0
        self.endpoint = told.endpoint
        self.leads.append(Lead(told.at, told.endpoint))


@dataclass(slots=True)
class Attempt:
    """An attempt under way; what ends it first counts."""

    asked: Asked
    stamp: int
    timeout: float
    clock: Rounding
    done: Callable[[Asked], None]

    def end(self, outcome: Outcome, answer: str = "", *, code: int | None = None) -> None:
        """End it as this."""
        self.finish(Sample(self.asked.series, 0, 0, outcome, answer, code))

    def finish(self, sample: Sample) -> None:
        """End it as this sample, which lacks its stamps."""
        if self.asked.sample is None:
            answered = self.clock.ceil()
            if sample.outcome is Outcome.TIMEOUT:
                answered = max(answered, self.stamp + round(self.timeout * SECOND_MS))
            self.asked.ended = self.clock.readings()[1] / SECOND_MS
            self.asked.sample = sample._replace(asked_at=self.stamp, answered_at=answered)
            self.done(self.asked)
