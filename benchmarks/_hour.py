"""An hour of a drill as its rows lie in the table: the lab's world, asked by eight series a second.

Four name servers, two resolvers, the endpoint under test and a client every second; what ARM says
of the endpoint and its machine every other second. Latencies and what is left of a TTL vary as they
do; the failover is held until the hour is nearly over.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from shared.adapters.timeline_table import (
    MINUTE_MS,
    to_action_row,
    to_transition_row,
    to_window_row,
)
from shared.core.model import Drill
from shared.core.samples import Outcome, Sample, Transition
from tests.support.drills import LAB, START, at
from tests.support.worlds import World, a_finished_drill, actions, look

HOUR_SECONDS = 3_600
SERVERS = tuple(f"127.1.1.{number}:53" for number in range(1, 5))
RESOLVERS = ("127.1.2.1:53", "127.1.2.2:53")
EVERY_SECOND = (
    *(f"dns/authoritative/{server}" for server in SERVERS),
    *(f"dns/recursive/{resolver}" for resolver in RESOLVERS),
    "health/virginia",
    "client/fresh",
)
EVERY_OTHER = ("monitor/virginia", "power/virginia-vm")
TTL_SECONDS, TIMEOUT_MS = 100, 2_000
Row = dict[str, Any]


def world() -> World:
    """Return the lab's drill with a failover that is held until the hour is nearly over."""
    lab = World()
    later = HOUR_SECONDS - lab.end
    back = ("restore_sent", "restore_accepted", "restore_answered", "running", "serving")
    names = (*back, "online", "authoritative_back", "resolver_back", "end")
    return replace(lab, **{name: getattr(lab, name) + later for name in names})


def drill(drill_id: str) -> Drill:
    """Return the drill, closed."""
    vantages = replace(
        LAB.vantages,
        authoritative=SERVERS,
        resolvers=RESOLVERS,
        client_resolver=RESOLVERS[0],
    )
    snapshot = replace(LAB, vantages=vantages)
    return replace(a_finished_drill(), id=drill_id, snapshot=snapshot, closed_at=at(HOUR_SECONDS))


def samples(seed: int, seconds: int = HOUR_SECONDS) -> list[Sample]:
    """Return what is sampled, in the order in which answers come."""
    dice, lab = random.Random(seed), world()  # noqa: S311 - jitter, not a secret
    taken: list[Sample] = []
    for second in range(seconds):
        series = (*EVERY_SECOND, *EVERY_OTHER) if second % 2 == 0 else EVERY_SECOND
        taken += _second(lab, second, dice, series)
    return sorted(taken, key=lambda sample: sample.answered_at)


def _second(
    lab: World, second: int, dice: random.Random, series: tuple[str, ...]
) -> Iterator[Sample]:
    for name in series:
        asked = second + dice.uniform(0.0005, 0.015)
        took = dice.lognormvariate(math.log(0.02), 0.4)
        answer = look(lab, name, asked + took / 2)
        if answer is None:
            ended = at(asked) + TIMEOUT_MS + 1
            yield Sample(name, at(asked), ended, Outcome.TIMEOUT, writer="w")
            continue
        has_ttl = name.startswith(("dns/recursive", "client"))
        left = TTL_SECONDS - second % TTL_SECONDS if has_ttl else None
        code = None if name.startswith(("monitor", "power")) else 200
        asked_at, tenths = at(asked - 0.0005), round(took * 10_000)
        yield Sample(
            name,
            asked_at,
            asked_at + math.ceil(tenths / 10) + 1,
            Outcome.OK,
            answer,
            0 if name.startswith("dns") else code,
            TTL_SECONDS if name.startswith("dns/authoritative") else left,
            "w",
            "",
            tenths,
        )


def minutes(taken: list[Sample]) -> list[tuple[int, tuple[Sample, ...]]]:
    """Return the samples by the minute in which they were asked."""

    def minute(sample: Sample) -> int:
        return sample.asked_at // MINUTE_MS * MINUTE_MS

    return [(start, tuple(of_it)) for start, of_it in groupby(sorted(taken, key=minute), minute)]


def rows(drill_id: str, taken: list[Sample]) -> list[Row]:
    """Return all that is recorded of the drill as rows."""
    found = [to_window_row(drill_id, start, "w", of_it) for start, of_it in minutes(taken)]
    found += [to_action_row(drill_id, action) for action in actions(world())]
    phases = (("steady", START), ("failover", at(90)), ("hold", at(290)), ("failback", at(3_391)))
    found += [to_transition_row(drill_id, Transition(at=when, phase=p)) for p, when in phases]
    return found
