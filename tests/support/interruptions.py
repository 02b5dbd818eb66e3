"""Moments at which the function host is killed or frozen, spread over a drill by a seed."""

import random
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tests.support.lab import Lab

FREEZE_SECONDS = 90.0
"""Virtual; longer than an injection may take, so that a thawed host finds its decision stale."""


class Kind(StrEnum):
    """What befalls the host."""

    KILL = "kill"
    FREEZE = "freeze"


@dataclass(frozen=True)
class Interruption:
    """One moment, in virtual seconds after the drill's start."""

    kind: Kind
    after_seconds: float

    def __str__(self) -> str:
        return f"{self.kind}-at-{self.after_seconds:.1f}"


@dataclass(frozen=True)
class Absence:
    """From when until when the host did nothing."""

    since: datetime
    until: datetime


def spread(count: int, seed: int, drill_seconds: float) -> list[Interruption]:
    """Return so many interruptions, one drawn from each of as many equal parts of a drill."""
    drawn = random.Random(seed)  # noqa: S311  reproducible on purpose
    part = drill_seconds / count
    kinds = [list(Kind)[index % len(Kind)] for index in range(count)]
    drawn.shuffle(kinds)
    return [
        Interruption(kind, round((index + drawn.random()) * part, 1))
        for index, kind in enumerate(kinds)
    ]


def interrupt(lab: Lab, kind: Kind) -> Absence:
    """Kill the host and start it again, or freeze and thaw it."""
    since = lab.now()
    if kind is Kind.KILL:
        lab.kill_host()
        lab.start_host()
    else:
        lab.freeze(lab.host, FREEZE_SECONDS)
    return Absence(since, lab.now())
