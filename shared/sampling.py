"""The sampling service: while a drill is open, asks everything every second and writes it down.

One run is one window of ten seconds and returns shortly before its end. What is still unanswered
then stays open in the process; the next run writes it into the minute in which it was asked.
"""

import asyncio
import gc
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from shared.core.clock_steps import StepWatch
from shared.core.errors import SwitchbackError
from shared.core.grid import SECOND_MS, Grid, interval_ms, next_second, window_start
from shared.core.model import Drill
from shared.core.questions import (
    ArmQuestion,
    ClientQuestion,
    DnsQuestion,
    HealthQuestion,
    arm_questions,
    own_questions,
)
from shared.core.samples import ClockStep, Instant, Sample
from shared.core.windows import Windows

log = logging.getLogger(__name__)

WINDOW_SECONDS = 10
FLUSH_BEFORE_END_MS = 600
"""The window's last slot is asked 1 s before its end: most answers are there by now."""
RETURN_BEFORE_END_MS = 100
"""So that the timer is free when its next slot comes."""
T = TypeVar("T")
Q = TypeVar("Q", contravariant=True)  # noqa: PLC0105 - a question is just a question
Samples = tuple[Sample, ...]
Done = Callable[[Sample], None]
"""Takes a sample, once."""


class Sampler(Protocol[Q]):
    """Asks each question once."""

    async def sample_all(self, asked: Iterable[tuple[Q, Done]]) -> None:
        """Ask everything at once and hand over each sample as it comes; return with the last."""


class ClientSampler(Sampler[ClientQuestion], Protocol):
    """Visits a URL as each class of client does; knows what it keeps between visits."""

    async def follow(self, drills: Iterable[Drill]) -> None:
        """Keep what belongs to these drills, and nothing else."""


class ArmSampler(Protocol):
    """Reads states from ARM, once, or not at all while ARM wants to be left alone."""

    async def sample(self, question: ArmQuestion) -> Samples:
        """Return a sample of each series that the one read told of."""


class OpenDrills(Protocol):
    """Knows which drills are open."""

    def open_drills(self) -> tuple[Drill, ...]:
        """Return them."""


class Recorder(Protocol):
    """Keeps samples."""

    def write_window(self, drill_id: str, minute: Instant, writer: str, samples: Samples) -> None:
        """Write all of a minute's samples by one writer, in place of what it wrote before."""

    def write_step(self, drill_id: str, step: ClockStep) -> None:
        """Write that the clock was set while the drill was sampled."""


class Clock(Protocol):
    """Tells the time, perhaps a faster one."""

    def now(self) -> Instant:
        """Return the time, rounded down."""

    def readings(self) -> tuple[float, float]:
        """Return the time and that of a clock that nobody sets, in milliseconds."""

    def wall_seconds(self, virtual_seconds: float) -> float:
        """Return how long that takes on the wall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """All that sampling asks."""

    dns: Sampler[DnsQuestion]
    health: Sampler[HealthQuestion]
    client: ClientSampler
    arm: ArmSampler
    drills: OpenDrills


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """An open drill and what it asks in every slot, by whom it is asked."""

    drill: Drill
    dns: tuple[tuple[DnsQuestion, Done], ...]
    health: tuple[tuple[HealthQuestion, Done], ...]
    clients: tuple[tuple[ClientQuestion, Done], ...]
    arm: tuple[ArmQuestion, ...]

    @classmethod
    def of(cls, drill: Drill, done: Done) -> "Sampled":
        """Return what the drill asks; `done` takes its samples."""
        own = own_questions(drill)
        return cls(
            drill=drill,
            dns=tuple((each, done) for each in own if isinstance(each, DnsQuestion)),
            health=tuple((each, done) for each in own if isinstance(each, HealthQuestion)),
            clients=tuple((each, done) for each in own if isinstance(each, ClientQuestion)),
            arm=arm_questions(drill),
        )


class Sampling:
    """Takes a drill's samples. One per process: what is open lives here from run to run."""

    def __init__(
        self,
        senses: Senses,
        recorder: Recorder,
        clock: Clock,
        window_seconds: int = WINDOW_SECONDS,
    ) -> None:
        self._senses, self._recorder, self._clock = senses, recorder, clock
        self._window_ms = window_seconds * SECOND_MS
        self._windows = Windows(writer=secrets.token_hex(4))
        self._grid, self._watch = Grid(), StepWatch()
        self._steps: list[tuple[str, ClockStep]] = []
        self._open: tuple[Sampled, ...] = ()
        self._pending: dict[asyncio.Task[Any], Instant] = {}
        # A thread each: writing must not wait for reading which drills are open, nor the reverse.
        self._drills, self._table = _Dependency("open drills"), _Dependency("timeline")
        self._refreshing: asyncio.Task[None] | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Sample one window. Never raises for what it asks or writes to."""
        self._is_clock_set()
        start = window_start(self._clock.now(), self._window_ms)
        end = start + self._window_ms
        self._refreshing = _alone(self._refreshing, self._refresh)
        if not self._open:
            await self._wait([self._refreshing], end - RETURN_BEFORE_END_MS)
        if self._open:
            await self._ask_slots(start, end)
        if not self._open:
            # Of drills that have closed: their reports should not wait for another run.
            await self._wait(self._pending, end - FLUSH_BEFORE_END_MS)
        self._flushing = _alone(self._flushing, self._flush)
        await self._wait([self._flushing], end - RETURN_BEFORE_END_MS)

    async def _ask_slots(self, start: Instant, end: Instant) -> None:
        """Ask on every whole second; a second that was slept through is not made up for."""
        flush_at = end - FLUSH_BEFORE_END_MS
        # Once the clock was set, the window's ends are no longer where they were.
        while not self._is_clock_set() and (now := self._clock.now()) < end:
            if now >= start:
                self._ask_due(now)
            if now >= flush_at or not self._open:
                return
            until = max(start, min(next_second(now), flush_at))
            await asyncio.sleep(self._wall_seconds_until(until))

    def _is_clock_set(self) -> bool:
        """Look at the clock; keep it for the timelines if it was set since the last look."""
        step = self._watch.see(*self._clock.readings())
        if step is not None:
            log.warning(
                "clock set by_ms=%s before=%s after=%s", step.by_ms, step.before, step.after
            )
            self._steps += ((each.drill.id, step) for each in self._open)
        return step is not None

    def _ask_due(self, now: Instant) -> None:
        dns: list[tuple[DnsQuestion, Done]] = []
        health: list[tuple[HealthQuestion, Done]] = []
        clients: list[tuple[ClientQuestion, Done]] = []
        for each in self._open:
            drill, interval_seconds = each.drill, each.drill.plan.sample_interval_seconds
            if self._grid.is_due((drill.id, "own"), now, interval_seconds * SECOND_MS):
                dns += each.dns
                health += each.health
                clients += each.clients
            if self._grid.is_due((drill.id, "arm"), now, interval_ms("monitor", interval_seconds)):
                for read in each.arm:
                    self._start(drill.id, self._senses.arm.sample(read))
        if dns:
            self._begin(self._senses.dns.sample_all(dns)).add_done_callback(_went_well)
        if health:
            self._begin(self._senses.health.sample_all(health)).add_done_callback(_went_well)
        if clients:
            self._begin(self._senses.client.sample_all(clients)).add_done_callback(_went_well)

    def _start(self, drill_id: str, asking: Coroutine[Any, Any, Samples]) -> None:
        self._begin(asking).add_done_callback(partial(self._collect, drill_id))

    def _begin(self, asking: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(asking)
        self._pending[task] = self._clock.now()
        task.add_done_callback(self._pending.pop)
        return task

    def _collect(self, drill_id: str, task: asyncio.Task[Samples]) -> None:
        if _went_well(task):
            for sample in task.result():
                self._windows.add(drill_id, sample)

    async def _refresh(self) -> None:
        """Read which drills are open; while that fails, those known before are."""
        try:
            drills = await self._drills.call(self._senses.drills.open_drills)
        except SwitchbackError:
            return
        await self._senses.client.follow(drills)
        if drills and not self._open:
            _set_memory_aside()
        self._open = tuple(Sampled.of(d, partial(self._windows.add, d.id)) for d in drills)
        self._grid.keep((drill.id, kind) for drill in drills for kind in ("own", "arm"))

    async def _flush(self) -> None:
        """Write every minute that has grown; what cannot be written is kept for the next run."""
        lost = self._windows.take_lost()
        if lost:
            log.error("samples given up, storage failed for too long count=%s", lost)
        try:
            while self._steps:
                await self._table.call(partial(self._recorder.write_step, *self._steps[0]))
                del self._steps[0]
            for window in self._windows.changed():
                await self._table.call(partial(self._recorder.write_window, *window))
                self._windows.written(window)
        except SwitchbackError:
            return
        self._windows.seal(before=min([self._clock.now(), *self._pending.values()]))

    async def _wait(self, tasks: Iterable[asyncio.Task[Any]], until: Instant) -> None:
        awaited = tuple(tasks)
        if awaited:
            await asyncio.wait(awaited, timeout=self._wall_seconds_until(until))

    def _wall_seconds_until(self, at: Instant) -> float:
        # No run is longer than its window, whatever becomes of the clock.
        left_ms = min(max(0, at - self._clock.now()), self._window_ms)
        return self._clock.wall_seconds(left_ms / SECOND_MS)


def _set_memory_aside() -> None:
    """Let the collector forget what is loaded by now: the SDKs' modules, which stay anyway.

    With them every full collection stops the process for some 60 ms, and while it stands still
    nothing is sampled and nothing that arrives is seen.
    """
    gc.collect()
    gc.freeze()


class _Dependency:
    """A service that is called from a thread of its own, and whose failure is logged once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name.replace(" ", "-"))
        self._fails = False

    async def call(self, what: Callable[[], T]) -> T:
        """Return what the call returns, or raise what it raises."""
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._thread, what)
        except SwitchbackError as error:
            if not self._fails:
                log.warning("dependency fails name=%s error=%s", self._name, error)
            self._fails = True
            raise
        if self._fails:
            log.info("dependency works again name=%s", self._name)
        self._fails = False
        return result


def _alone(
    running: asyncio.Task[None] | None, again: Callable[[], Coroutine[Any, Any, None]]
) -> asyncio.Task[None]:
    """Return the task that is still running, else a new one: a slow service is not piled upon."""
    if running is not None and not running.done():
        return running
    task = asyncio.create_task(again())
    task.add_done_callback(_went_well)
    return task


def _went_well(task: asyncio.Task[Any]) -> bool:
    """The task ended with a result; an error of our own making is logged, and stops nothing."""
    if task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        log.error("sampling failed in part", exc_info=error)
    return error is None
