"""A scaled clock for a host under test, and what its timers noted."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.localhost.host_process import APPS, HostProcess, running_host, wait_for

ANCHOR = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)
NEVER_DUE = "0 0 0 29 2 *"


@dataclass(frozen=True)
class ScaledClock:
    """The setting CLOCK, and the virtual instant of a CLOCK_MONOTONIC reading."""

    speed: int
    anchor: datetime = ANCHOR
    monotonic: float = field(default_factory=time.monotonic)

    @property
    def setting(self) -> str:
        """As every process gets it."""
        return f"{self.anchor.strftime('%Y-%m-%dT%H:%M:%SZ')}@{self.monotonic!r}*{self.speed}"

    def at(self, monotonic: float) -> datetime:
        """The virtual instant."""
        return self.anchor + timedelta(seconds=(monotonic - self.monotonic) * self.speed)


@dataclass(frozen=True)
class Run:
    """One run of a timer."""

    name: str
    started_at: float
    ended_at: float
    past_due: bool
    status: Mapping[str, Any]
    retry: int
    retries_max: int


@dataclass
class Clockwork:
    """The app `clockwork` in a host, its clock and its notes."""

    host: HostProcess
    clock: ScaledClock
    record: Path

    def runs(self, name: str) -> list[Run]:
        """What that timer noted so far."""
        if not self.record.exists():
            return []
        lines = self.record.read_text(encoding="utf-8").split("\n")[:-1]
        return [run for run in (Run(**json.loads(line)) for line in lines) if run.name == name]

    def wait_runs(self, name: str, count: int) -> list[Run]:
        """At least so many of them."""
        wait_for(lambda: len(self.runs(name)) >= count)
        return self.runs(name)

    def virtual_starts(self, name: str) -> list[datetime]:
        """When its runs began."""
        return [self.clock.at(run.started_at) for run in self.runs(name)]


@contextmanager
def clockwork(
    directory: Path, clock: ScaledClock, *arguments: str, **settings: str
) -> Iterator[Clockwork]:
    """The app with the timers whose schedules are given; the others are in error."""
    record = directory / "record.jsonl"
    record.unlink(missing_ok=True)
    environment = {"CLOCK": clock.setting, "RECORD": str(record), **settings}
    with running_host(directory, APPS / "clockwork", *arguments, settings=environment) as host:
        yield Clockwork(host, clock, record)
