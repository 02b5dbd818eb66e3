"""The sampling service on a bench: prompt senses, a table in memory, time that is skipped."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence

from shared.core.errors import UpstreamUnavailable
from shared.core.model import Drill
from shared.core.questions import ArmQuestion, ClientQuestion, DnsQuestion, HealthQuestion
from shared.core.samples import ClockStep, Instant, Outcome, Sample
from shared.sampling import Sampling, Senses
from tests.support.sampled_drill import lab_drill
from tests.support.skipping_loop import BEGIN, PATIENCE_SECONDS, LoopClock, SkippingLoop

WINDOW_MS = 10_000
HANG_SECONDS_MAX = 10


class OpenDrills:
    """The open drills, as a test sets them."""

    def __init__(self, *drills: Drill) -> None:
        self.drills = drills
        self.error: UpstreamUnavailable | None = None

    def open_drills(self) -> tuple[Drill, ...]:
        """Return them."""
        if self.error:
            raise self.error
        return self.drills


class Rows:
    """A table in memory that can fail, or take its time."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Instant, str], tuple[Sample, ...]] = {}
        self.steps: list[tuple[str, ClockStep]] = []
        self.writes = 0
        self.error: UpstreamUnavailable | None = None
        self.may_write = threading.Event()
        self.may_write.set()

    def write_window(
        self, drill_id: str, minute: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Keep the row, in place of the one before."""
        self.may_write.wait(HANG_SECONDS_MAX)
        if self.error:
            raise self.error
        self.writes += 1
        self.rows[drill_id, minute, writer] = tuple(samples)

    def write_step(self, drill_id: str, step: ClockStep) -> None:
        """Keep that the clock was set."""
        if self.error:
            raise self.error
        self.steps.append((drill_id, step))

    def of(self, drill_id: str) -> list[tuple[Sample, ...]]:
        """Return a drill's rows."""
        return [row for key, row in self.rows.items() if key[0] == drill_id]

    @property
    def samples(self) -> list[Sample]:
        """All samples of all rows."""
        return [sample for row in self.rows.values() for sample in row]


class Prompt:
    """Answers everything at once, and remembers when it was asked."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self.asked: list[Instant] = []
        self.error: Exception | None = None

    async def sample(self, question: DnsQuestion | HealthQuestion | ClientQuestion) -> Sample:
        """Return a good sample."""
        asked_at = self._clock.now()
        if question.series == "client/fresh":
            self.asked.append(asked_at)
            if self.error:
                raise self.error
        return Sample(question.series, asked_at, self._clock.ceil(), Outcome.OK, "x")

    async def sample_all(
        self, asked: Iterable[tuple[DnsQuestion | HealthQuestion, Callable[[Sample], None]]]
    ) -> None:
        """Hand over a good sample of each."""
        for question, done in asked:
            done(await self.sample(question))


class PromptClients:
    """Clients that are served at once; remembers which drills they belong to."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self.followed: list[tuple[str, ...]] = []

    async def follow(self, drills: Iterable[Drill]) -> None:
        """Remember them."""
        self.followed.append(tuple(drill.id for drill in drills))

    async def sample_all(
        self, asked: Iterable[tuple[ClientQuestion, Callable[[Sample], None]]]
    ) -> None:
        """Hand over a good sample of each."""
        for question, done in asked:
            done(await self._prompt.sample(question))


class NoArm:
    """Tells of nothing."""

    async def sample(self, question: ArmQuestion) -> tuple[Sample, ...]:
        """Return nothing."""
        del question
        return ()


class Bench:
    """A sampling service over prompt senses in skipped time, and everything a test looks at."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        loop = runner.get_loop()
        assert isinstance(loop, SkippingLoop)
        self._loop = loop
        self.clock = LoopClock(self._loop)
        self.drills, self.rows = OpenDrills(lab_drill(0)), Rows()
        self.prompt = Prompt(self.clock)
        self.clients = PromptClients(self.prompt)
        senses = Senses(
            dns=self.prompt,
            health=self.prompt,
            client=self.clients,
            arm=NoArm(),
            drills=self.drills,
        )
        self.sampling = Sampling(senses, self.rows, self.clock)

    def run(self, windows: int = 1) -> None:
        """Run as the timer does: at the start of every window, one run at a time."""
        for _ in range(windows):
            self.run_after(10 - self.clock.now() % WINDOW_MS / 1_000)

    def run_after(self, seconds: float, times: int = 1) -> None:
        """Run once (or more than once at a time) after so many seconds."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await asyncio.gather(*(self.sampling.take() for _ in range(times)))

        self._runner.run(later())

    def set_clock_after(self, seconds: float, by_ms: int) -> None:
        """Set the clock after so many seconds."""
        self._loop.call_later(seconds, self.clock.set_by, by_ms)

    def loop_seconds(self) -> float:
        """Return the time that nobody sets."""
        return self._loop.time()

    def hang(self) -> None:
        """From here on no write ends, and time does not wait for it."""
        self.rows.may_write.clear()
        self._loop.be_patient(0)

    def go_on(self) -> None:
        """Let the writes end that hang."""
        self.rows.may_write.set()
        self._loop.be_patient(PATIENCE_SECONDS)

    def seconds(self) -> list[int]:
        """Return the seconds in which the client was asked."""
        return [(at - BEGIN) // 1_000 for at in self.prompt.asked]

    def written(self) -> list[int]:
        """Return the seconds of which a client's sample was written."""
        clients = (s for s in self.rows.samples if s.series == "client/fresh")
        return [(sample.asked_at - BEGIN) // 1_000 for sample in clients]
