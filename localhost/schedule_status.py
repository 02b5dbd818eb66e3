"""What a monitored timer remembers: when it ran last and when it is due next.

The real host keeps this in a blob, so that a timer missed during an outage is caught up once.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from localhost.ncrontab import Schedule

# What .NET calls the default: a timer that has never run.
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """The last run's start, the next occurrence after it, and what that was reckoned from."""

    last: datetime
    next: datetime
    last_updated: datetime

    def as_wire(self) -> dict[str, str]:
        """The three instants in the host's own JSON names."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }


class StatusStore(Protocol):
    """Keeps one status per timer."""

    def load(self, timer: str) -> ScheduleStatus | None:
        """What was saved last, if anything."""

    def save(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status`."""


class MemoryStatusStore:
    """Statuses that end with the process."""

    def __init__(self) -> None:
        self._statuses: dict[str, ScheduleStatus] = {}

    def load(self, timer: str) -> ScheduleStatus | None:
        """What was saved last, if anything."""
        return self._statuses.get(timer)

    def save(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status`."""
        self._statuses[timer] = status


class FileStatusStore:
    """Statuses in files, one per timer, so that a restart knows what it missed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def load(self, timer: str) -> ScheduleStatus | None:
        """What was saved last, if anything; a file that cannot be read counts as none."""
        try:
            saved = json.loads(self._path(timer).read_text(encoding="utf-8"))
            return ScheduleStatus(
                last=datetime.fromisoformat(saved["Last"]),
                next=datetime.fromisoformat(saved["Next"]),
                last_updated=datetime.fromisoformat(saved["LastUpdated"]),
            )
        except (OSError, ValueError, KeyError):
            return None

    def save(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status`, in one step."""
        path = self._path(timer)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(status.as_wire()), encoding="utf-8")
        part.replace(path)

    def _path(self, timer: str) -> Path:
        return self._directory / f"{timer.lower()}.json"


def status_at_start(
    saved: ScheduleStatus | None, schedule: Schedule, now: datetime
) -> ScheduleStatus:
    """The status that a starting timer goes by; its `next` lies before `now` when it is past due.

    A schedule that was changed since `saved` is reckoned anew, and is then never past due.
    """
    if saved is None:
        return ScheduleStatus(NEVER, schedule.next_after(now), now)
    base = saved.last if saved.last != NEVER else saved.last_updated
    expected = schedule.next_after(base)
    if saved.next == expected:
        return saved
    if now > expected:
        base, expected = now, schedule.next_after(now)
    return ScheduleStatus(NEVER, expected, base)
