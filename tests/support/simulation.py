"""Product and emulator on one virtual clock: whole drills, no sockets, no storage, no waiting.

The emulator's core (power, probes, verdicts, answers, truth) runs on `tests.support.sim_azure`; the
product's own services look at it as samplers and ARM would let them, tick every five seconds, break
and mend under the ledger, and report in the end. Every request to ARM takes its time on the way
there and back, so that what is said of it has two ends.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, cast

from emulator.truth import Event, Kind
from shared import drills, ledger
from shared.adapters.arm import Arm
from shared.adapters.faults import tools
from shared.core.model import Drill, HealthCheck, MonitorSettings, Phase, Snapshot, TargetMachine
from shared.core.plan import Plan
from shared.core.questions import health_check
from shared.core.report import Report, build_report
from shared.core.samples import ClockStep, Instant, Outcome, Sample, Timeline, Transition
from shared.drill_ports import Dependencies as DrillDependencies
from shared.ledger_ports import Dependencies as LedgerDependencies
from shared.render.wire import to_wire
from tests.emulator.planes import dice
from tests.support.drills import LAB, RESOLVER, SERVER, START, a_drill
from tests.support.machines import Told
from tests.support.memory import MemoryDrills, MemoryTimeline, MemoryUndos
from tests.support.sim_arm import SimArm
from tests.support.sim_azure import SimAzure

TICK_SECONDS = 5
SAMPLE_TIMEOUT_SECONDS = 2.0
SECONDS_MAX = 3_600
LATENCY_SECONDS = 0.002
TRAVEL_SECONDS_MAX = 0.4
BEHIND = {"virginia": ("virginia-vm",), "amsterdam": ("amsterdam-vm1", "amsterdam-vm2")}

Settings = tuple[int, int, int]
"""Interval, time-out and tolerated failures, as people write them: 30/10/3."""


class Rounding:
    """The virtual clock as the product reads it: outward, to the millisecond; it may be set."""

    def __init__(self, azure: SimAzure) -> None:
        self._clock = azure.clock
        self.set_by_ms = 0
        """How far it has been set forward so far."""

    def step(self, by_ms: int) -> None:
        """Set it forward, or back."""
        self.set_by_ms += by_ms

    def now(self) -> Instant:
        """Return the time, rounded down."""
        return START + self.set_by_ms + math.floor(self._clock.seconds * 1_000)

    def ceil(self) -> Instant:
        """Return the time, rounded up."""
        return START + self.set_by_ms + math.ceil(self._clock.seconds * 1_000)

    def readings(self) -> tuple[float, float]:
        """Return the time and that of a clock that nobody sets, in milliseconds."""
        steady_ms = self._clock.seconds * 1_000
        return START + self.set_by_ms + steady_ms, steady_ms


class FarArm(SimArm):
    """ARM at some distance: a request needs time to get there, and its answer to come back."""

    def __init__(self, azure: SimAzure, seed: object, clock: Rounding) -> None:
        self._dice, self._one_by_one, self._told = dice(f"arm {seed}"), Lock(), clock
        super().__init__(azure, self.wait)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        clock = self._azure.clock
        clock.run_until(clock.seconds + seconds)

    def _write(self, method: str, resource: str, asked: Any, not_after: Instant | None) -> Told:  # noqa: ANN401 - as there
        # The ledger asks side by side, from threads; there is one virtual time for all of them.
        with self._one_by_one:
            if not_after is not None:
                # A limit of whoever asks, by a clock that may have been set.
                not_after -= self._told.set_by_ms
            self.wait(self._dice.uniform(0.001, TRAVEL_SECONDS_MAX))
            told = super()._write(method, resource, asked, not_after)
            self.wait(self._dice.uniform(0.001, TRAVEL_SECONDS_MAX))
            return told


@dataclass
class Recorded(MemoryTimeline):
    """A timeline that is read from some instant on, as in tables."""

    steps: list[ClockStep] = field(default_factory=list)

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return what was recorded since then."""
        first = bisect_left(self.samples, since or 0, key=lambda sample: sample.asked_at)
        return replace(
            super().read(drill_id, since),
            samples=tuple(self.samples[first:]),
            steps=tuple(self.steps),
        )


class Willing:
    """A preflight that has nothing against it."""

    def inspect(self, plan: Plan) -> Any:  # noqa: ANN401 - as in the port
        """Never asked: the drill is there already."""
        raise NotImplementedError(plan.profile)

    def blocked(self, drill: Drill) -> str:
        """Return that nothing stands in the way."""
        del drill
        return ""


class Simulation:
    """One drill of the lab, from its start to its report; `meddle` is called every second."""

    def __init__(self, settings: Settings, ttl: int, seed: object, **plan: object) -> None:
        interval, timeout, tolerated = settings
        self.azure = SimAzure(
            seed,
            ttl,
            "virginia",
            intervalInSeconds=interval,
            timeoutInSeconds=timeout,
            toleratedNumberOfFailures=tolerated,
        )
        self.clock = Rounding(self.azure)
        self.arm = FarArm(self.azure, seed, self.clock)
        self.meddle: Callable[[Simulation], None] = lambda _: None
        self._dice = dice(f"sampler {seed}")
        self._cached: tuple[str, float] = ("", -1.0)
        self._store, self.recorded = MemoryDrills(), Recorded()
        asked = Plan(**{"profile": "lab", "rto_seconds": 300, **plan})  # type: ignore[arg-type]
        monitor = MonitorSettings(
            interval_seconds=interval, timeout_seconds=timeout, tolerated_failures=tolerated
        )
        drill = a_drill(
            plan=asked,
            endpoint=asked.endpoint or "virginia",
            snapshot=self._snapshot(ttl, monitor, asked),
        )
        self._lead_with(drill.endpoint)
        self._store.create(drill)
        self.recorded.transitions.append(Transition(at=START, phase=Phase.STEADY))
        self.drills = self._services()

    @property
    def drill(self) -> Drill:
        """The drill as it is stored."""
        return self._store.load("d1")

    def run(self) -> "Simulation":
        """Let the drill come to its end."""
        for second in range(SECONDS_MAX):
            self.azure.clock.run_until(second + self._dice.uniform(0, 0.2))
            self._sample(every_other=second % 2 == 0)
            self.meddle(self)
            if second % TICK_SECONDS == 0:
                self.drills.tick(self.drill)
            if self.drill.phase is Phase.CLOSED:
                return self
        raise RuntimeError(f"The drill is still in {self.drill.phase}.")

    def report(self) -> Report:
        """Return the report."""
        return build_report(self.drill, self.recorded.read("d1"))

    def told(self) -> dict[str, Any]:
        """Return the report as its users get it."""
        return dict(to_wire(self.report()))

    def truth(self) -> dict[str, object]:
        """Return what really happened, as the control route tells it."""
        return {"events": [event.to_json() for event in self.azure.truth.events]}

    # -- the lab ---------------------------------------------------------------------------------

    def _snapshot(self, ttl: int, monitor: MonitorSettings, plan: Plan) -> Snapshot:
        """Return the lab's configuration as a drill of this plan finds it."""
        behind = BEHIND[plan.endpoint or "virginia"]
        machines = [TargetMachine(id=self.azure.machine_id(name), name=name) for name in behind]
        stopped = tuple(m for m in machines if not plan.targets or m.id in plan.targets)
        return replace(
            LAB,
            profile_id=self.azure.profile_id,
            ttl_seconds=ttl,
            monitor=monitor,
            targets=stopped,
            spared=tuple(m for m in machines if m not in stopped),
        )

    def _lead_with(self, name: str) -> None:
        """Give the endpoint under test the first priority."""
        live = self.azure.live
        led = [replace(e, priority=1 if e.name == name else 2) for e in live.endpoints]
        if led != list(live.endpoints):
            self.azure.plane.write(live.with_endpoints(led))

    def _services(self) -> drills.Drills:
        keeper = ledger.Ledger(
            LedgerDependencies(
                store=MemoryUndos(),
                tools=tools(cast("Arm", self.arm)),
                actions=self.recorded,
                answers=self.azure.answers,
                is_lever_engaged=self._store.is_lever_engaged,
                clock=self.clock,
            )
        )
        return drills.Drills(
            DrillDependencies(
                store=self._store,
                records=self.recorded,
                ledger=keeper,
                preflight=Willing(),
                health_check=_health_check,
                now=self.clock.now,
            )
        )

    # -- looking ---------------------------------------------------------------------------------

    def _sample(self, *, every_other: bool) -> None:
        """Take one sample of every series that is due."""
        self._note(f"dns/authoritative/{SERVER}", self._chain(self.azure.server.told))
        resolved = self._resolve()
        self._note(f"dns/recursive/{RESOLVER}", self._chain(resolved))
        for endpoint in LAB.endpoints:
            self._visit(f"health/{endpoint.name}", endpoint.name)
        self._visit("client/fresh", resolved)
        if every_other:
            for endpoint in LAB.endpoints:
                self._note(f"monitor/{endpoint.name}", self.azure.status(endpoint.name))
            for machine in self.drill.snapshot.targets:
                self._note(f"power/{machine.name}", self.azure.machine(machine.name).power.value)

    def _resolve(self) -> str:
        """Return an honest resolver's answer; it learns anew once its TTL is over."""
        now = self.azure.clock.seconds
        if now >= self._cached[1]:
            before, answer = self._cached[0], self.azure.server.told
            self._cached = (answer, now + self.azure.live.ttl_seconds)
            if answer != before:
                at = self.azure.clock.now()
                self.azure.truth.record(Event(at, Kind.RESOLVER_ANSWER, RESOLVER, answer))
        return self._cached[0]

    def _chain(self, name: str) -> str:
        endpoint = LAB.endpoint(name)
        return f"{endpoint.target}>{endpoint.address}"

    def _note(self, series: str, answer: str) -> None:
        asked, answered = self._bounds(LATENCY_SECONDS)
        self.recorded.samples.append(Sample(series, asked, answered, Outcome.OK, answer, 0))

    def _visit(self, series: str, name: str) -> None:
        """Note a request to whoever is behind an endpoint; nobody answers in vain."""
        address = LAB.endpoint(name).address or ""
        if self.azure.serves(address):
            asked, answered = self._bounds(LATENCY_SECONDS)
            sample = Sample(series, asked, answered, Outcome.OK, address, 200)
        else:
            asked, answered = self._bounds(SAMPLE_TIMEOUT_SECONDS)
            sample = Sample(series, asked, answered, Outcome.TIMEOUT)
        self.recorded.samples.append(sample)

    def _bounds(self, seconds: float) -> tuple[Instant, Instant]:
        """Return asked and answered, rounded outward."""
        now = self.azure.clock.seconds
        return self.clock.now(), START + math.ceil((now + seconds) * 1_000)


def _health_check(drill: Drill) -> HealthCheck | None:
    endpoint = drill.snapshot.endpoint(drill.endpoint)
    return health_check(drill.snapshot, endpoint, drill.snapshot.monitor.timeout_seconds)
