"""The baseline service: every registered profile without a drill, sampled every minute or so.

One run takes the turns that have come since the last: a few profiles at a time, a few times a
second, so that neither the network nor a drill's sampling feels a burst. What ARM says of the
profiles is read beside that, one after the other, and kept for some minutes.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from shared.core.baseline import (
    MONITORED_PROFILES_MAX,
    WINDOW_MS,
    Configuration,
    Rota,
    questions,
)
from shared.core.errors import RefusedByAzure, SwitchbackError
from shared.core.grid import SECOND_MS, window_start
from shared.core.questions import ArmQuestion, OwnQuestion
from shared.core.samples import Instant, Sample
from shared.core.unplanned import Watch
from shared.core.windows import Window, Windows

log = logging.getLogger(__name__)

Json = dict[str, Any]
Samples = tuple[Sample, ...]

DAY_MS = 86_400_000
RUN_MS = 10_000
STEP_MS = 250
PROFILES_A_STEP_MAX = 8
"""Of one profile some ten questions are asked; three hundred profiles fit into a run."""
SETTLE_MS = 2_500
"""How long a run waits for its last answers: a time-out and some more."""
FLUSH_BEFORE_END_MS = 1_500
RETURN_BEFORE_END_MS = 100
"""So that the timer is free when its next slot comes."""
REGISTRY_MS = 60_000
"""How long a list of the profiles is kept."""
CONFIGURATION_MS = 600_000
CONFIGURATION_EACH_MS = 3_000
"""Of many profiles configurations are kept longer: together they are read no more often."""
CONFIGURATION_AGAIN_MS = 60_000
"""After a read that failed."""


class Registry(Protocol):
    """Which profiles are known here."""

    def all(self) -> list[Json]:
        """Return every profile's `{name, resourceId, …}`."""


class Recorder(Protocol):
    """Keeps samples, and what they are judged by."""

    def write_window(
        self, profile: str, start: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Write all of a window's samples by one writer, in place of what it wrote before."""

    def write_configuration(
        self, profile: str, since: Instant, configuration: Configuration
    ) -> None:
        """Write what the samples from then on are judged by."""


class Clock(Protocol):
    """Tells the time, perhaps a faster one."""

    def now(self) -> Instant:
        """Return the time, rounded down."""

    def wall_seconds(self, virtual_seconds: float) -> float:
        """Return how long that takes on the wall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that the baseline asks."""

    ask: Callable[[OwnQuestion | ArmQuestion], Awaitable[Samples]]
    """One question, one attempt; samples of every series that the answer tells of."""
    registry: Registry
    busy: Callable[[], frozenset[str]]
    """The profiles that have a drill running, in lower case."""
    configuration: Callable[[str, str], Configuration | None]
    """(name, resource id) -> what ARM says of the profile now; None of one that is gone."""
    recorder: Recorder
    clock: Clock


@dataclass(slots=True)
class _Profile:
    """A registered profile, and what is known of it."""

    name: str
    resource_id: str
    configuration: Configuration | None = None
    read_next_at: Instant = 0
    noted: tuple[Instant, Configuration] | None = None


class Baseline:
    """Takes every profile's baseline. One per process: turns and open windows live here."""

    def __init__(self, surroundings: Surroundings, interval_seconds: int) -> None:
        self._its, self._interval_seconds = surroundings, interval_seconds
        self._rota = Rota(max(1, interval_seconds) * SECOND_MS)
        self._windows = Windows(secrets.token_hex(4), WINDOW_MS)
        self._profiles: dict[str, _Profile] = {}
        self._busy: frozenset[str] = frozenset()
        self._list_next_at: Instant = 0
        self._pending: dict[asyncio.Task[Samples], Instant] = {}
        self._watch = Watch()
        # A thread each: what ARM takes its time for must not keep anything from being written.
        self._look = _Aside("baseline-look")
        self._write = _Aside("baseline-write")

    async def take(self) -> None:
        """Take the turns that have come. Never raises for what it asks or writes to."""
        if not self._interval_seconds:
            return
        start = window_start(self._its.clock.now(), RUN_MS)
        end = start + RUN_MS
        looking = self._look.alone(lambda: self._look_around(end - FLUSH_BEFORE_END_MS))
        if not self._profiles:
            await self._wait([looking], end - RETURN_BEFORE_END_MS)
        await asyncio.sleep(self._wall_seconds_until(start))
        await self._ask_due(end - FLUSH_BEFORE_END_MS)
        flushing = self._write.alone(self._flush)
        await self._wait([looking, flushing], end - RETURN_BEFORE_END_MS)

    async def _ask_due(self, until: Instant) -> None:
        """Ask a few profiles at a time until none is due, and wait for the answers."""
        self._watch.forget(self._busy)
        while (now := self._its.clock.now()) < until:
            due = self._rota.due(self._ready(), now)[:PROFILES_A_STEP_MAX]
            for key in due:
                self._rota.take(key, now)
                self._ask(self._profiles[key])
            if not due:
                break
            await asyncio.sleep(self._wall_seconds_until(now + STEP_MS))
        await self._wait(self._pending, min(now + SETTLE_MS, until))

    def _ready(self) -> list[str]:
        return [
            key
            for key, profile in self._profiles.items()
            if profile.configuration is not None and key not in self._busy
        ]

    def _ask(self, profile: _Profile) -> None:
        if profile.configuration is None:
            return
        is_monitored = len(self._profiles) <= MONITORED_PROFILES_MAX
        asked = questions(profile.configuration, is_monitored=is_monitored)
        for question in (*asked.own, *asked.arm):
            task = asyncio.ensure_future(self._its.ask(question))
            self._pending[task] = self._its.clock.now()
            task.add_done_callback(partial(self._collect, profile, profile.configuration))

    def _collect(
        self, profile: _Profile, configuration: Configuration, task: asyncio.Task[Samples]
    ) -> None:
        del self._pending[task]
        if not _went_well(task):
            return
        for sample in task.result():
            self._windows.add(profile.name, sample)
            told = self._watch.see(configuration, sample)
            if told:
                log.warning("unplanned switch profile=%s %s", profile.name, told)

    async def _look_around(self, until: Instant) -> None:
        """Learn which profiles there are, which have a drill, and what ARM says of them."""
        self._busy = await self._look.call(self._its.busy)
        now = self._its.clock.now()
        if now >= self._list_next_at:
            self._list(await self._look.call(self._its.registry.all))
            self._list_next_at = now + REGISTRY_MS
        await self._read_configurations(until)

    def _list(self, entries: Iterable[Json]) -> None:
        known, found = self._profiles, {}
        for entry in entries:
            key, resource_id = entry["name"].lower(), entry["resourceId"]
            same = key in known and known[key].resource_id == resource_id
            found[key] = known[key] if same else _Profile(entry["name"], resource_id)
        self._profiles = found

    async def _read_configurations(self, until: Instant) -> None:
        """Read what is due to be read, one profile after the other, the longest due first."""
        age_ms = max(CONFIGURATION_MS, CONFIGURATION_EACH_MS * len(self._profiles))
        for profile in sorted(self._profiles.values(), key=lambda each: each.read_next_at):
            now = self._its.clock.now()
            if now >= until or now < profile.read_next_at:
                return
            # Whatever goes wrong with one must not keep the others from their turn.
            profile.read_next_at = now + CONFIGURATION_AGAIN_MS
            read = partial(self._its.configuration, profile.name, profile.resource_id)
            try:
                profile.configuration = await self._look.call(read)
            except RefusedByAzure as refused:
                log.warning("profile hidden profile=%s error=%s", profile.name, refused)
            profile.read_next_at = now + age_ms

    async def _flush(self) -> None:
        """Write every window that has grown; what cannot be written is kept for the next run."""
        if lost := self._windows.take_lost():
            log.error("samples given up, storage failed for too long count=%s", lost)
        for window in self._windows.changed():
            await self._write.call(partial(self._note, window))
            await self._write.call(partial(self._its.recorder.write_window, *window))
            self._windows.written(window)
        self._windows.seal(before=min([self._its.clock.now(), *self._pending.values()]))

    def _note(self, window: Window) -> None:
        """Write down once a day, and when it has changed, what the samples are judged by."""
        profile = self._profiles.get(window.owner.lower())
        if profile is None or profile.configuration is None:
            return
        day = window.start // DAY_MS
        if profile.noted == (day, profile.configuration):
            return
        is_new_day = profile.noted is None or profile.noted[0] != day
        since = window.start if is_new_day else window.samples[-1].asked_at
        self._its.recorder.write_configuration(profile.name, since, profile.configuration)
        profile.noted = (day, profile.configuration)

    async def _wait(self, tasks: Iterable[asyncio.Task[Any]], until: Instant) -> None:
        awaited = tuple(tasks)
        if awaited:
            await asyncio.wait(awaited, timeout=self._wall_seconds_until(until))

    def _wall_seconds_until(self, at: Instant) -> float:
        return max(0.0, self._its.clock.wall_seconds((at - self._its.clock.now()) / SECOND_MS))


class _Aside:
    """Work that goes on beside the sampling, in a thread of its own, one piece after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: asyncio.Task[None] | None = None
        self._fails = False

    def alone(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Return the task that is still running, else a new one."""
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._guarded(work))
            self._running.add_done_callback(_went_well)
        return self._running

    async def call(self, what: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
        """Return what the call returns, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, what)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; that it fails is told once, and so is that it does no longer."""
        try:
            await work()
        except SwitchbackError as error:
            if not self._fails:
                log.warning("baseline hindered at=%s error=%s", self._name, error)
            self._fails = True
        else:
            if self._fails:
                log.info("baseline no longer hindered at=%s", self._name)
            self._fails = False


def _went_well(task: asyncio.Task[Any]) -> bool:
    """The task ended with a result; an error of our own making is logged, and stops nothing."""
    if task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        log.error("baseline failed in part", exc_info=error)
    return error is None
