"""Schedules and occurrences in memory: they pass the same contract as Table storage."""

from dataclasses import replace
from itertools import count

from shared.core.errors import StaleRow
from shared.core.samples import Instant
from shared.core.schedule import Occurrence, Schedule


class MemorySchedules:
    """Schedules by name, and what came of them."""

    def __init__(self) -> None:
        self._schedules: dict[str, Schedule] = {}
        self._occurrences: dict[tuple[str, Instant], Occurrence] = {}
        self._versions = count(1)

    def find(self, name: str) -> Schedule | None:
        """Return a schedule, or None."""
        return self._schedules.get(name.lower())

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return [self._schedules[name] for name in sorted(self._schedules)]

    def create(self, schedule: Schedule) -> Schedule:
        """Insert a schedule, or raise StaleRow if there is one of its name."""
        if schedule.name.lower() in self._schedules:
            raise StaleRow(schedule.name)
        return self._kept(schedule)

    def save(self, schedule: Schedule) -> Schedule:
        """Replace the version that was read, or raise StaleRow."""
        self._check(schedule)
        return self._kept(schedule)

    def delete(self, schedule: Schedule) -> None:
        """Delete the version that was read, or raise StaleRow; its occurrences stay."""
        self._check(schedule)
        del self._schedules[schedule.name.lower()]

    def occurrences(self, name: str, top: int, before: Instant | None = None) -> list[Occurrence]:
        """Return a schedule's newest occurrences that were due before an instant."""
        found = [
            each
            for (owner, at), each in self._occurrences.items()
            if owner == name.lower() and (before is None or at < before)
        ]
        return sorted(found, key=lambda each: -each.at)[:top]

    def create_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Insert an occurrence, or raise StaleRow if another host was first."""
        if _key(occurrence) in self._occurrences:
            raise StaleRow(occurrence.drill_id)
        return self._noted(occurrence)

    def save_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Replace the version that was read, or raise StaleRow."""
        known = self._occurrences.get(_key(occurrence))
        if known is None or known.version != occurrence.version:
            raise StaleRow(occurrence.drill_id)
        return self._noted(occurrence)

    def _check(self, schedule: Schedule) -> None:
        known = self.find(schedule.name)
        if known is None or known.version != schedule.version:
            raise StaleRow(schedule.name)

    def _kept(self, schedule: Schedule) -> Schedule:
        kept = replace(schedule, version=self._version())
        self._schedules[schedule.name.lower()] = kept
        return kept

    def _noted(self, occurrence: Occurrence) -> Occurrence:
        noted = replace(occurrence, version=self._version())
        self._occurrences[_key(occurrence)] = noted
        return noted

    def _version(self) -> str:
        return f'W/"{next(self._versions)}"'


def _key(occurrence: Occurrence) -> tuple[str, Instant]:
    return occurrence.schedule.lower(), occurrence.at
