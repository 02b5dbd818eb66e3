"""A sampler in virtual time: it asks a drill's own questions on the sampling service's own grid.

Every attempt takes its time, reads the world somewhere on its way and may be lost. What it truly
met is kept beside the sample, for whoever judges a report. The sampler may fall silent for a
while, it may be restarted, and its clock may be set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from shared.core.clock_steps import StepWatch
from shared.core.grid import SECOND_MS, Grid, interval_ms, next_second, window_start
from shared.core.model import Drill
from shared.core.plan import ClientClass
from shared.core.questions import (
    ArmQuestion,
    ClientQuestion,
    DnsQuestion,
    HealthQuestion,
    MonitorQuestion,
    OwnQuestion,
    arm_questions,
    own_questions,
)
from shared.core.samples import STALE, ClockStep, Outcome, Sample
from tests.support.sim_attempts import Asked, Attempt, Memory, Network
from tests.support.sim_azure import SimAzure
from tests.support.sim_resolver import SimResolver, Told
from tests.support.simulation import Recorded, Rounding

WINDOW_MS = 10_000
FLUSH_SECONDS = 10
WAKE_LATE_SECONDS_MAX = 0.2
ARM_TIMEOUT_SECONDS = 10.0
SERVFAIL = 2


@dataclass(slots=True)
class World:
    """What there is to be asked."""

    azure: SimAzure
    resolvers: dict[str, SimResolver]
    network: Network


@dataclass(slots=True)
class SimSampler:
    """Samples one drill, second by second."""

    world: World
    clock: Rounding
    drill: Drill
    into: Recorded
    log: list[Asked] = field(default_factory=list)
    """Everything that was asked, in order."""
    is_open: bool = True
    memory: Memory = field(default_factory=Memory)
    _grid: Grid = field(default_factory=Grid)
    _watch: StepWatch = field(default_factory=StepWatch)
    _pending: list[Sample] = field(default_factory=list)
    _steps: list[ClockStep] = field(default_factory=list)
    _silent_until: float = 0.0
    _begin_at: int = 0
    _life: int = 0

    def start(self) -> None:
        """Begin, and go on until told otherwise."""
        self._wake()
        self.world.azure.clock.call_later(FLUSH_SECONDS, self._flush)

    def fall_silent(self, seconds: float, *, is_restart: bool) -> None:
        """Ask nothing for a while; a restart forgets what is under way, and what clients keep."""
        self._silent_until = self.world.azure.clock.seconds + seconds
        if is_restart:
            self._life += 1
            self.memory.until = 0.0

    def finish(self) -> None:
        """Write what is left."""
        self.is_open = False
        self.into.samples += self._pending
        self.into.samples.sort(key=lambda sample: sample.asked_at)
        self.into.steps += self._steps
        self._pending, self._steps = [], []

    def _flush(self) -> None:
        if self.is_open:
            self.finish()
            self.is_open = True
            self.world.azure.clock.call_later(FLUSH_SECONDS, self._flush)

    # -- when ------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if not self.is_open:
            return
        virtual, dice = self.world.azure.clock, self.world.network.dice
        silent_seconds = self._silent_until - virtual.seconds
        if silent_seconds > 0:
            virtual.call_later(silent_seconds, self._wake)
            return
        self._turn()
        wait_ms = next_second(self.clock.now()) - self.clock.readings()[0]
        late = dice.uniform(0.0, WAKE_LATE_SECONDS_MAX)
        virtual.call_later(wait_ms / SECOND_MS + late, self._wake)

    def _turn(self) -> None:
        """Ask what is due, unless the clock was set: then the next window begins anew."""
        now = self.clock.now()
        step = self._watch.see(*self.clock.readings())
        if step is not None:
            self._steps.append(step)
            self._begin_at = window_start(now, WINDOW_MS) + WINDOW_MS
        if now < self._begin_at <= now + WINDOW_MS:
            return
        seconds = self.drill.plan.sample_interval_seconds
        if self._grid.is_due("own", now, seconds * SECOND_MS):
            for question in own_questions(self.drill):
                self._ask(question)
        if self._grid.is_due("arm", now, interval_ms("monitor", seconds)):
            for asked in arm_questions(self.drill):
                self._ask_arm(asked)

    # -- what ------------------------------------------------------------------------------------

    def _attempt(self, series: str, timeout: float) -> Attempt:
        asked = Asked(series, self.world.azure.clock.seconds)
        self.log.append(asked)
        keep = partial(self._keep, self._life)
        attempt = Attempt(asked, self.clock.now(), timeout, self.clock, keep)
        self._later(timeout, lambda: attempt.end(Outcome.TIMEOUT))
        return attempt

    def _keep(self, life: int, asked: Asked) -> None:
        if life == self._life and asked.sample is not None:
            self._pending.append(asked.sample)
        else:
            asked.sample = None

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.world.azure.clock.call_later(seconds, call)

    def _ask(self, question: OwnQuestion) -> None:
        if isinstance(question, DnsQuestion):
            attempt = self._attempt(question.series, question.timeout_seconds)
            self._on_its_way(attempt, partial(self._ask_dns, attempt, question))
        elif isinstance(question, HealthQuestion):
            attempt = self._attempt(question.series, question.check.timeout_seconds)
            name = question.series.removeprefix("health/")
            self._on_its_way(attempt, partial(self._visit, attempt, name))
        elif question.client in (ClientClass.FRESH, ClientClass.TTL):
            attempt = self._attempt(question.series, question.timeout_seconds)
            self._on_its_way(attempt, partial(self._ask_for_client, attempt, question))

    def _on_its_way(self, attempt: Attempt, arrive: Callable[[float], None]) -> None:
        """Let an attempt arrive somewhere, if it is not lost; it says how far back it is."""
        network = self.world.network
        attempt.asked.is_lost = network.is_lost()
        latency = network.latency()
        there = latency * network.dice.random()
        if not attempt.asked.is_lost:
            self._later(there, lambda: arrive(latency - there))

    def _ask_dns(self, attempt: Attempt, question: DnsQuestion, back: float) -> None:
        azure = self.world.azure
        if question.recursion_desired:
            self.world.resolvers[question.server].ask(partial(self._told, attempt, back))
        else:
            server = next(s for s in azure.servers if s.name == question.server)
            ttl_seconds = azure.live.ttl_seconds
            self._told(attempt, back, Told(server.told, ttl_seconds, azure.clock.seconds))

    def _told(self, attempt: Attempt, back: float, told: Told) -> None:
        """Take a DNS answer; it is on its way back."""
        attempt.asked.read, attempt.asked.state = told.at, told.endpoint
        if not told.endpoint:
            self._later(back, lambda: attempt.end(Outcome.FAILED, code=SERVFAIL))
            return
        endpoint = self.drill.snapshot.endpoint(told.endpoint)
        sample = Sample(
            series=attempt.asked.series,
            asked_at=0,
            answered_at=0,
            outcome=Outcome.OK,
            answer=f"{endpoint.target}>{endpoint.address}",
            code=0,
            ttl_seconds=told.ttl_seconds,
            detail=STALE if told.is_stale else "",
        )
        self._later(back, lambda: attempt.finish(sample))

    def _ask_for_client(self, attempt: Attempt, question: ClientQuestion, back: float) -> None:
        """Learn whom to visit, from a resolver or from what is kept, and visit them."""
        keeps = question.client is ClientClass.TTL
        now = self.world.azure.clock.seconds
        if keeps and now < self.memory.until:
            attempt.asked.read = now
            self._visit(attempt, self.memory.endpoint, back)
            return
        resolver = self.world.resolvers[question.resolver]
        resolver.ask(partial(self._led, attempt, back, keeps=keeps))

    def _led(self, attempt: Attempt, back: float, told: Told, *, keeps: bool) -> None:
        if attempt.asked.sample is not None:
            return  # it has given up
        if keeps:
            self.memory.keep(told)
        attempt.asked.read = told.at
        if told.endpoint:
            there = self.world.network.latency()
            self._later(there, lambda: self._visit(attempt, told.endpoint, back))
        else:
            self._later(back, lambda: attempt.end(Outcome.FAILED, code=SERVFAIL))

    def _visit(self, attempt: Attempt, name: str, back: float) -> None:
        """Ask whoever is behind an endpoint now."""
        azure, address = self.world.azure, self.drill.snapshot.endpoint(name).address or ""
        asked = attempt.asked
        if asked.sample is not None:
            return  # it has given up
        asked.read = azure.clock.seconds if asked.read is None else asked.read
        if azure.serves(address):
            asked.state = name
            self._later(back, lambda: attempt.end(Outcome.OK, address, code=200))
        elif self.world.network.refuses:
            self._later(back, lambda: attempt.end(Outcome.FAILED))

    def _ask_arm(self, question: ArmQuestion) -> None:
        if isinstance(question, MonitorQuestion):
            for name in question.endpoints:
                self._look(f"monitor/{name}", partial(self.world.azure.status, name))
        else:
            name = question.series.removeprefix("power/")
            azure = self.world.azure
            self._look(question.series, lambda: azure.machine(name).power.value)

    def _look(self, series: str, look: Callable[[], str]) -> None:
        attempt = self._attempt(series, ARM_TIMEOUT_SECONDS)

        def arrive(back: float) -> None:
            attempt.asked.read, attempt.asked.state = self.world.azure.clock.seconds, look()
            self._later(back, lambda: attempt.end(Outcome.OK, attempt.asked.state))

        self._on_its_way(attempt, arrive)
        if attempt.asked.is_lost:
            attempt.end(Outcome.FAILED)
