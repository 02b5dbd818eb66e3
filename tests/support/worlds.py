"""Whole drills whose truth is known: when each effect took place, and samples taken of it.

Instants are seconds after `START`. A sampler sees a world through jitter, latency, loss and gaps;
a report made of what it saw must hold the truth.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Plan
from shared.core.samples import (
    ActionKind,
    ActionRecord,
    Attempt,
    Outcome,
    Sample,
    Timeline,
    Transition,
)
from tests.support.drills import (
    AMSTERDAM,
    AMSTERDAM_NAME,
    RESOLVER,
    SERVER,
    VIRGINIA,
    VIRGINIA_NAME,
    VIRGINIA_VM,
    a_drill,
    at,
)

NAMES = {"virginia": VIRGINIA_NAME, "amsterdam": AMSTERDAM_NAME}
ADDRESSES = {"virginia": VIRGINIA, "amsterdam": AMSTERDAM}


@dataclass(frozen=True, kw_only=True)
class World:
    """When what happened; the defaults are the lab's drill: 30/10/3, TTL 100."""

    fault_sent: float = 90.0
    fault_accepted: float = 90.1
    fault_answered: float = 90.2
    effective: float = 101.95
    degraded: float = 215.3
    authoritative_switched: float = 215.3
    resolver_switched: float = 288.4
    restore_sent: float = 412.0
    restore_accepted: float = 412.1
    restore_answered: float = 412.2
    running: float = 433.8
    serving: float = 443.85
    online: float = 460.6
    authoritative_back: float = 460.6
    resolver_back: float = 530.7
    end: float = 620.0

    def power(self, now: float) -> str:
        """Return the machine's power state."""
        changes = (
            (self.running, "running"),
            (self.restore_accepted, "starting"),
            (self.effective, "stopped"),
            (self.fault_accepted, "stopping"),
        )
        return next((state for since, state in changes if now >= since), "running")

    def serves(self, now: float) -> bool:
        """The endpoint under test answers."""
        return not self.effective <= now < self.serving

    def monitor(self, now: float) -> str:
        """Return what ARM says of the endpoint."""
        return "Degraded" if self.degraded <= now < self.online else "Online"

    def named_by_server(self, now: float) -> str:
        """Return the endpoint that the name server answers with."""
        away = self.authoritative_switched <= now < self.authoritative_back
        return "amsterdam" if away else "virginia"

    def named_by_resolver(self, now: float) -> str:
        """Return the endpoint that the resolver answers with."""
        return "amsterdam" if self.resolver_switched <= now < self.resolver_back else "virginia"

    def requests(self) -> tuple[ActionRecord, ...]:
        """Return what the drill asked for."""
        return (
            an_action(ActionKind.INJECT, self.fault_sent, self.fault_answered),
            an_action(ActionKind.ROLL_BACK, self.restore_sent, self.restore_answered),
        )


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """How a world is looked at."""

    seed: int = 0
    jitter_seconds: float = 0.0
    latency_seconds: float = 0.01
    loss: float = 0.0
    timeout_seconds: float = 2.0
    gaps: tuple[tuple[float, float], ...] = ()
    writers: tuple[str, ...] = ("one",)
    _dice: random.Random = field(default_factory=random.Random)

    def samples(self, world: World) -> list[Sample]:
        """Return what every series shows of the world, in order of asking."""
        self._dice.seed(self.seed)
        everything = [
            sample
            for series, every in SERIES
            for writer in self.writers
            for sample in self._series(world, series, every, writer)
        ]
        return sorted(everything, key=lambda sample: sample.asked_at)

    def _series(self, world: World, series: str, every: float, writer: str) -> Iterator[Sample]:
        second, was_lost = 0.0, False
        while second < world.end:
            asked = second + self._dice.uniform(0, self.jitter_seconds)
            if not any(start <= asked < stop for start, stop in self.gaps):
                # Two losses in a row cannot be told from an outage of that length by anybody.
                was_lost = not was_lost and self._dice.random() < self.loss
                yield self._sample(world, series, asked, writer, is_lost=was_lost)
            second += every

    def _sample(
        self, world: World, series: str, asked: float, writer: str, *, is_lost: bool
    ) -> Sample:
        latency = self._dice.uniform(0.001, self.latency_seconds)
        arrives = asked + self._dice.uniform(0, latency)
        answer = None if is_lost else look(world, series, arrives)
        if answer is None:
            ended = at(asked + self.timeout_seconds)
            return Sample(series, at(asked), ended + 1, Outcome.TIMEOUT, writer=writer)
        # Rounded outward, as the recorder does.
        return Sample(
            series, at(asked - 0.0005), at(asked + latency + 0.0006), Outcome.OK, answer, 200,
            None, writer,
        )  # fmt: skip


SERIES = (
    (f"dns/authoritative/{SERVER}", 1.0),
    (f"dns/recursive/{RESOLVER}", 1.0),
    ("health/virginia", 1.0),
    ("health/amsterdam", 1.0),
    ("client/fresh", 1.0),
    ("monitor/virginia", 2.0),
    ("monitor/amsterdam", 2.0),
    ("monitor", 2.0),
    ("power/virginia-vm", 2.0),
)


def look(world: World, series: str, now: float) -> str | None:
    """Return what a sample that arrives now is answered; None: nothing."""
    kind, _, vantage = series.partition("/")
    if kind == "dns":
        is_server = vantage.startswith("authoritative")
        named = world.named_by_server(now) if is_server else world.named_by_resolver(now)
        return f"{NAMES[named]}>{ADDRESSES[named]}"
    if kind == "monitor":
        return world.monitor(now) if vantage == "virginia" else "Online"
    if kind == "power":
        return world.power(now)
    endpoint = world.named_by_resolver(now) if kind == "client" else vantage
    serves = world.serves(now) if endpoint == "virginia" else True
    return ADDRESSES[endpoint] if serves else None


def actions(world: World) -> tuple[ActionRecord, ...]:
    """Return the drill's requests."""
    return world.requests()


OPERATIONS = {
    ActionKind.INJECT: "powerOff",
    ActionKind.ROLL_BACK: "start",
    ActionKind.HOLD_BACK: "disable",
    ActionKind.RELEASE: "enable",
}


def an_action(
    kind: ActionKind,
    sent: float,
    answered: float | None,
    outcome: Attempt = Attempt.OK,
    by: str = "drill",
) -> ActionRecord:
    """Return one request's record."""
    return ActionRecord(
        kind=kind,
        resource=VIRGINIA_VM,
        operation=OPERATIONS[kind],
        by=by,
        sent_at=at(sent),
        answered_at=None if answered is None else at(answered),
        outcome=outcome,
    )


def timeline(world: World, sampler: Sampler | None = None) -> Timeline:
    """Return all that is recorded of a world."""
    transitions = (Transition(at=at(90), phase="failover"), Transition(at=at(290), phase="hold"))
    return Timeline((sampler or Sampler()).samples(world), actions(world), transitions)  # type: ignore[arg-type]


def until(recorded: Timeline, second: float) -> Timeline:
    """Return what was known of it by then."""
    return Timeline(
        tuple(s for s in recorded.samples if s.answered_at <= at(second)),
        tuple(a for a in recorded.actions if a.sent_at <= at(second)),
        tuple(t for t in recorded.transitions if t.at <= at(second)),
    )


def a_finished_drill(**plan: object) -> Drill:
    """Return the lab's drill after its end, with a plan changed as told."""
    return a_drill(
        Phase.CLOSED,
        plan=Plan(**{"profile": "lab", "rto_seconds": 300, **plan}),  # type: ignore[arg-type]
        ending=Ending.FINISHED,
        started_by="operator",
        closed_at=at(620),
    )
