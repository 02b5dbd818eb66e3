"""The baseline service on a bench: prompt answers, tables in memory, time that is skipped."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.baseline import Baseline, Surroundings
from shared.core.baseline import Configuration
from shared.core.errors import SwitchbackError, UpstreamUnavailable
from shared.core.questions import ArmQuestion, MonitorQuestion, OwnQuestion
from shared.core.samples import Instant, Outcome, Sample
from tests.support.azure import MemoryProfiles
from tests.support.drills import LAB
from tests.support.skipping_loop import BEGIN, LoopClock, SkippingLoop

RUN_MS = 10_000
TIMEOUT_SECONDS = 2.0
AWAY = LAB.endpoints[1]


@dataclass
class Rows:
    """A table in memory that can fail."""

    rows: dict[tuple[str, Instant, str], tuple[Sample, ...]] = field(default_factory=dict)
    configurations: list[tuple[str, Instant, Configuration]] = field(default_factory=list)
    error: UpstreamUnavailable | None = None

    def write_window(
        self, profile: str, start: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Keep the row, in place of the one before."""
        if self.error:
            raise self.error
        self.rows[profile, start, writer] = tuple(samples)

    def write_configuration(
        self, profile: str, since: Instant, configuration: Configuration
    ) -> None:
        """Keep the configuration."""
        if self.error:
            raise self.error
        self.configurations.append((profile, since, configuration))

    @property
    def samples(self) -> list[Sample]:
        """All samples of all rows."""
        return [sample for row in self.rows.values() for sample in row]


class World:
    """Answers everything at once, or (health, while it is silent) after the time-out."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self.serving = LAB.endpoints[0]
        self.is_silent = False
        self.asked: list[tuple[Instant, str]] = []
        self.error: Exception | None = None

    async def ask(self, question: OwnQuestion | ArmQuestion) -> tuple[Sample, ...]:
        """Return what came of it."""
        asked_at = self._clock.now()
        if isinstance(question, MonitorQuestion):
            self.asked.append((asked_at, question.profile_id))
            names = (f"monitor/{name}" for name in question.endpoints)
            return tuple(self._ok(name, asked_at, "Online") for name in names)
        assert not hasattr(question, "machine_id"), "no machine is looked at"
        self.asked.append((asked_at, question.series))
        if self.error and question.series == "client/fresh":
            raise self.error
        if self.is_silent and question.series.startswith("health"):
            await asyncio.sleep(TIMEOUT_SECONDS)
            return (Sample(question.series, asked_at, self._clock.ceil(), Outcome.TIMEOUT),)
        return (self._ok(question.series, asked_at, self.serving.target),)

    def _ok(self, series: str, asked_at: Instant, answer: str) -> Sample:
        return Sample(series, asked_at, self._clock.ceil(), Outcome.OK, answer, 0)


class Bench:
    """The service over a world, and everything a test looks at."""

    def __init__(self, runner: asyncio.Runner, *names: str, interval_seconds: int = 60) -> None:
        self._runner = runner
        loop = runner.get_loop()
        assert isinstance(loop, SkippingLoop)
        self._loop = loop
        self.clock = LoopClock(loop)
        self.registry, self.rows, self.world = MemoryProfiles(), Rows(), World(self.clock)
        self.busy: frozenset[str] = frozenset()
        self.busy_error: SwitchbackError | None = None
        self.live: dict[str, Configuration | SwitchbackError | None] = {}
        self.reads: list[tuple[Instant, str]] = []
        for name in names:
            self.register(name)
        self._interval_seconds = interval_seconds
        self.restart()

    def restart(self) -> None:
        """Begin a new process."""
        self.baseline = Baseline(
            Surroundings(
                ask=self.world.ask,
                registry=self.registry,
                busy=self._busy,
                configuration=self._configuration,
                recorder=self.rows,
                clock=self.clock,
            ),
            self._interval_seconds,
        )

    def register(self, name: str) -> None:
        """Register a profile that is like the lab's."""
        self.registry.put({"name": name, "resourceId": f"/profiles/{name}", "mode": "managed"})
        snapshot = replace(LAB, profile=name, profile_id=f"/profiles/{name}")
        self.live[name] = Configuration(snapshot=snapshot, routing_method="Priority")

    def run(self, runs: int = 1) -> None:
        """Run as the timer does: at the start of every ten seconds, one run at a time."""
        for _ in range(runs):
            self.run_after(10 - self.clock.now() % RUN_MS / 1_000)

    def run_after(self, seconds: float) -> None:
        """Run once after so many seconds."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.baseline.take()

        self._runner.run(later())

    def hang(self) -> None:
        """Time no longer waits for what runs in threads."""
        self._loop.be_patient(0)

    def turns(self, series: str = "client/fresh") -> list[float]:
        """Return the seconds, from the beginning, at which a series was asked."""
        return [(at - BEGIN) / 1_000 for at, asked in self.world.asked if asked == series]

    def written(self, series: str = "client/fresh") -> list[float]:
        """Return the seconds of which a series' samples were written."""
        of_it = (s for s in self.rows.samples if s.series == series)
        return sorted((sample.asked_at - BEGIN) / 1_000 for sample in of_it)

    def _busy(self) -> frozenset[str]:
        if self.busy_error:
            raise self.busy_error
        return self.busy

    def _configuration(self, name: str, resource_id: str) -> Configuration | None:
        assert resource_id == f"/profiles/{name}"
        self.reads.append((self.clock.now(), name))
        live = self.live[name]
        if isinstance(live, SwitchbackError):
            raise live
        return live
