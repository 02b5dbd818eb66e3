"""Drills with random settings in a world where everything may go a little wrong; each has a number.

The number alone decides everything: the kind of fault and of failback, monitor settings and TTL,
how often and how well it is sampled, what resolvers make of TTLs, when name servers switch, which
samples are lost, when the sampler falls silent and when its clock is set.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from emulator.resolver_kinds import Kind, Name
from shared.core.model import MonitorSettings, Phase, Snapshot
from shared.core.plan import ClientClass, Failback, FaultKind, Plan
from tests.emulator.planes import dice
from tests.support.meddling import Case, once, release
from tests.support.sim_attempts import Network
from tests.support.sim_resolver import SimResolver, Upstream
from tests.support.sim_sampler import SimSampler, World
from tests.support.simulation import SECONDS_MAX, TICK_SECONDS, Settings, Simulation

LOSS_MAX = 0.05
LAG_SECONDS_MAX = 3.0
SILENCE_SECONDS = (4.0, 40.0)
STEP_SECONDS = (0.3, 60.0)
STEPPED_SHARE = 0.25
STEPS_APART_SECONDS = 60.0
EVENTS_MAX = 24
"""So many things happen in a drill, about."""
COURSE_SECONDS = 600.0
"""So long a drill takes, about."""
AFTER_CLOSING_SECONDS_MAX = 10


class Trigger(NamedTuple):
    """At an instant, or with the so-manieth thing that happens in the drill."""

    at: float | None = None
    event: int | None = None


class Silence(NamedTuple):
    """The whole sampler asks nothing for a while."""

    when: Trigger
    seconds: float
    is_restart: bool


class Setting(NamedTuple):
    """The clock is set."""

    when: Trigger
    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a number stands for."""

    case: Case
    monitor: Settings
    ttl: int
    plan: Mapping[str, object]
    released_after: float
    lags: tuple[float, ...]
    kinds: tuple[Kind, ...]
    is_faithful: bool
    client_resolver: int
    outages: tuple[tuple[float, float], ...]
    loss: float
    refuses: bool
    silences: tuple[Silence, ...]
    settings: tuple[Setting, ...]


def draw(number: int) -> Drawn:
    """Return what a number stands for."""
    it = dice(f"random drill {number}")
    settings = _settings(it) if it.random() < STEPPED_SHARE else ()
    kinds = tuple(_kind(it) for _ in range(it.randint(1, 3)))
    return Drawn(
        case=Case(it.choice(list(FaultKind)), it.choice(list(Failback))),
        monitor=_monitor(it),
        ttl=it.choice((0, it.randint(1, 30), it.randint(1, 300), it.randint(1, 300))),
        plan=_plan(it),
        released_after=it.uniform(0, 90),
        lags=tuple(_lag(it) for _ in range(it.randint(1, 3))),
        kinds=kinds,
        is_faithful=it.random() < 0.5,
        client_resolver=it.randrange(len(kinds)),
        outages=_outages(it) if it.random() < 0.2 else (),
        loss=it.choice((0.0, it.uniform(0, LOSS_MAX), it.uniform(0, LOSS_MAX), LOSS_MAX)),
        refuses=it.random() < 1 / 3,
        silences=tuple(_silence(it, may_restart=not settings) for _ in range(it.randint(0, 3))),
        settings=settings,
    )


def _monitor(it: random.Random) -> Settings:
    return it.choice(
        (
            (30, 10, 3),
            (30, it.randint(5, 10), it.randint(0, 9)),
            (10, it.randint(5, 9), it.randint(0, 9)),
        )
    )


def _plan(it: random.Random) -> dict[str, object]:
    return {
        "rto_seconds": it.randint(10, 600),
        "steady_seconds": it.randint(5, 15),
        "hold_seconds": it.choice((60, 90, 150)),
        "stability_seconds": it.choice((20, 30, 60, 60)),
        "sample_interval_seconds": it.choice((1, 1, 2, 5)),
        "sample_timeout_seconds": it.choice((1, 2, 2, 2, 3)),
        "objective_client": it.choice((ClientClass.FRESH, ClientClass.TTL)),
    }


def _lag(it: random.Random) -> float:
    return it.choice((0.0, it.uniform(0, LAG_SECONDS_MAX)))


def _kind(it: random.Random) -> Kind:
    name = it.choices(list(Name), weights=(40, 15, 20, 20, 5))[0]
    ttl = {
        Name.EXTENDING: it.choice((60, 120, 300)),
        Name.CAPPING: it.choice((5, 30, 60)),
    }.get(name)
    stale_first, tells_stale = it.random() < 0.3, it.random() < 0.5
    return Kind.of(name, ttl, answers_stale_first=stale_first, tells_stale=tells_stale)


def _outages(it: random.Random) -> tuple[tuple[float, float], ...]:
    since = it.uniform(0, COURSE_SECONDS)
    return ((since, since + it.uniform(5, 60)),)


def _trigger(it: random.Random) -> Trigger:
    if it.random() < 0.5:
        return Trigger(at=it.uniform(5, COURSE_SECONDS))
    return Trigger(event=it.randrange(EVENTS_MAX))


def _silence(it: random.Random, *, may_restart: bool) -> Silence:
    return Silence(_trigger(it), it.uniform(*SILENCE_SECONDS), may_restart and it.random() < 0.3)


def _settings(it: random.Random) -> tuple[Setting, ...]:
    low, high = STEP_SECONDS
    found = []
    for _ in range(it.randint(1, 2)):
        seconds = low * (high / low) ** it.random()
        found.append(Setting(_trigger(it), round(1_000 * seconds) * it.choice((-1, 1))))
    return tuple(found)


class RandomDrill(Simulation):
    """The drill of that number."""

    def __init__(self, number: int) -> None:
        self.number, self.drawn = number, draw(number)
        drawn = self.drawn
        plan = {**drawn.case.plan, **drawn.plan}
        super().__init__(drawn.monitor, drawn.ttl, f"random {number}", **plan)
        self.azure.let_servers_lag(*drawn.lags)
        self._dice = dice(f"random course {number}")
        self._events = len(self.azure.truth.events)
        self._due: list[tuple[Trigger, Callable[[], None]]] = [
            *((each.when, lambda each=each: self._fall_silent(each)) for each in drawn.silences),
            *((each.when, lambda each=each: self._set(each)) for each in drawn.settings),
        ]
        self.set_at: list[float] = []
        """When the clock was set."""
        self.resolvers = self._resolvers()
        network = Network(dice(f"random network {number}"), drawn.loss, drawn.refuses)
        world = World(self.azure, self.resolvers, network)
        self.sampler = SimSampler(world, self.clock, self.drill, self.recorded)
        if drawn.case.failback is Failback.HOLD:
            self.meddle = once(drawn.released_after, Phase.FAILBACK, release)

    def _snapshot(self, ttl: int, monitor: MonitorSettings, plan: Plan) -> Snapshot:
        base = super()._snapshot(ttl, monitor, plan)
        resolvers = tuple(f"127.1.2.{n}:53" for n, _ in enumerate(self.drawn.kinds, 1))
        vantages = replace(
            base.vantages,
            authoritative=tuple(f"127.1.1.{n}:53" for n, _ in enumerate(self.drawn.lags, 1)),
            resolvers=resolvers,
            client_resolver=resolvers[self.drawn.client_resolver],
        )
        return replace(base, vantages=vantages)

    def _resolvers(self) -> dict[str, SimResolver]:
        drawn, made = self.drawn, {}
        for n, kind in enumerate(drawn.kinds, 1):
            it = dice(f"random resolver {self.number} {n}")
            servers = it.sample(self.azure.servers, len(self.azure.servers))
            # Servers that switch one after the other: who asks another each time goes to and fro.
            is_faithful = drawn.is_faithful or kind.kept_seconds(drawn.ttl) <= LAG_SECONDS_MAX
            upstream = Upstream(
                servers=servers,
                dice=it,
                loss=drawn.loss,
                is_faithful=is_faithful,
                outages=drawn.outages,
            )
            name = f"127.1.2.{n}:53"
            made[name] = SimResolver(self.azure, name, kind, upstream)
        return made

    def run(self) -> "RandomDrill":
        """Let the drill come to its end."""
        self.sampler.start()
        for second in range(SECONDS_MAX):
            self.azure.clock.run_until(second + self._dice.uniform(0, 0.2))
            self._befall()
            self.meddle(self)
            if second % TICK_SECONDS == 0:
                self.drills.tick(self.drill)
            if self.drill.phase is Phase.CLOSED:
                return self._closed()
        raise RuntimeError(f"The drill is still in {self.drill.phase}.")

    def _closed(self) -> "RandomDrill":
        """Sample on for a while, as long as a sampler may not know yet."""
        clock = self.azure.clock
        clock.run_until(clock.seconds + self._dice.uniform(3, AFTER_CLOSING_SECONDS_MAX))
        self.sampler.finish()
        return self

    # -- what befalls it -------------------------------------------------------------------------

    def _befall(self) -> None:
        """Let happen what is due."""
        happened = len(self.azure.truth.events) - self._events
        now = self.azure.clock.seconds
        for trigger, happen in list(self._due):
            is_time = trigger.at is not None and now >= trigger.at
            if is_time or (trigger.event is not None and happened > trigger.event):
                self._due.remove((trigger, happen))
                happen()

    def _fall_silent(self, silence: Silence) -> None:
        self.sampler.fall_silent(silence.seconds, is_restart=silence.is_restart)

    def _set(self, setting: Setting) -> None:
        at = self.azure.clock.seconds + self._dice.uniform(0, 2)
        if not self.set_at or at - self.set_at[-1] >= STEPS_APART_SECONDS:
            self.set_at.append(at)
            wait = at - self.azure.clock.seconds
            self.azure.clock.call_later(wait, lambda: self.clock.step(setting.by_ms))
