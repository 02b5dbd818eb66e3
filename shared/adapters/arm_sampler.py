"""ARM samples: one read, a sample of each series it tells of. In threads: the SDK blocks."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from shared.adapters.clock import Clock
from shared.core.errors import SwitchbackError
from shared.core.questions import ArmQuestion, MonitorQuestion, PowerQuestion
from shared.core.samples import Instant, Outcome, Sample

THREADS = 6
"""A profile and a handful of machines at once; more wait, and are then asked late, not twice."""

Answers = Mapping[str, str | None]
"""ARM's words by series."""


class ArmReader(Protocol):
    """Reads states from ARM; what it raises may tell `retry_after_seconds`."""

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return the profile's monitor status, and its endpoints' by name."""

    def power_state(self, machine_id: str) -> str:
        """Return the machine's power state."""


class ArmSampler:
    """Reads what ARM says of profiles and machines, and leaves ARM alone as long as it asks to.

    A read that is still under way is not asked again; reads have the reader's own time limit.
    """

    def __init__(self, reader: ArmReader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="arm-sampler")
        self._under_way: set[ArmQuestion] = set()
        self._not_before: Instant = 0

    async def sample(self, question: ArmQuestion) -> tuple[Sample, ...]:
        """Return a sample of every series that the read tells of; none if ARM is not asked."""
        if question in self._under_way or self._clock.now() < self._not_before:
            return ()
        loop = asyncio.get_running_loop()
        self._under_way.add(question)
        try:
            return await loop.run_in_executor(self._threads, partial(self._read, question))
        finally:
            self._under_way.discard(question)

    def _read(self, question: ArmQuestion) -> tuple[Sample, ...]:
        series, read = self._reading(question)
        asked_at = self._clock.now()
        answers: Answers = {}
        try:
            answers = read()
        except SwitchbackError as error:
            self._back_off(error)
        answered_at = self._clock.ceil()
        return tuple(
            Sample(
                name,
                asked_at,
                answered_at,
                Outcome.OK if answers.get(name) else Outcome.FAILED,
                answers.get(name) or "",
            )
            for name in series
        )

    def _reading(self, question: ArmQuestion) -> tuple[tuple[str, ...], Callable[[], Answers]]:
        match question:
            case MonitorQuestion():
                series = ("monitor", *(f"monitor/{name}" for name in question.endpoints))
                return series, partial(self._statuses, question.profile_id)
            case PowerQuestion():
                return (question.series,), partial(self._power, question)

    def _statuses(self, profile_id: str) -> Answers:
        profile, endpoints = self._reader.profile_statuses(profile_id)
        return {"monitor": profile, **{f"monitor/{name}": endpoints[name] for name in endpoints}}

    def _power(self, question: PowerQuestion) -> Answers:
        return {question.series: self._reader.power_state(question.machine_id)}

    def _back_off(self, error: SwitchbackError) -> None:
        seconds: float | None = getattr(error, "retry_after_seconds", None)
        if seconds:
            # A header's seconds are the wall's, whatever our clock does.
            virtual_ms = seconds / self._clock.wall_seconds(1) * 1_000
            self._not_before = max(self._not_before, self._clock.now() + round(virtual_ms))
