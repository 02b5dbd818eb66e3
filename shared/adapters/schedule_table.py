"""Schedules and their occurrences, in table `profiles`.

Partition `schedules` has a row per schedule; partition `occurrences|{schedule}` has a row per
occurrence, newest first. An occurrence's key is its instant, so two hosts cannot both claim it.
"""

from dataclasses import replace

from shared.adapters.codec import from_json, to_json
from shared.adapters.tables import Row, Rows, Tables, deleting, joined_text, split_text
from shared.core.samples import Instant, rfc3339
from shared.core.schedule import Occurrence, Schedule

PARTITION = "schedules"
FAR_FUTURE = 10**14
"""Milliseconds; subtracted from, so that the newest occurrence sorts first."""


class ScheduleTable:
    """Schedules by name, and what came of them."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "profiles")

    def find(self, name: str) -> Schedule | None:
        """Return a schedule, or None."""
        row = self._rows.get(PARTITION, name.lower())
        return _schedule(row) if row else None

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return [_schedule(row) for row in self._rows.between(PARTITION, "", "~")]

    def create(self, schedule: Schedule) -> Schedule:
        """Insert a schedule, or raise StaleRow if there is one of its name."""
        return replace(schedule, version=self._rows.create(_schedule_row(schedule)))

    def save(self, schedule: Schedule) -> Schedule:
        """Replace the version that was read, or raise StaleRow."""
        etag = self._rows.replace(_schedule_row(schedule), schedule.version)
        return replace(schedule, version=etag)

    def delete(self, schedule: Schedule) -> None:
        """Delete the version that was read, or raise StaleRow; its occurrences stay."""
        key = {"PartitionKey": PARTITION, "RowKey": schedule.name.lower()}
        self._rows.together(deleting(key, schedule.version))

    def occurrences(self, name: str, top: int, before: Instant = FAR_FUTURE) -> list[Occurrence]:
        """Return a schedule's newest occurrences that were due before an instant."""
        rows = self._rows.between(_partition(name), _key(before - 1), "~", top)
        return [_occurrence(row) for row in rows]

    def create_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Insert an occurrence, or raise StaleRow if another host was first."""
        return replace(occurrence, version=self._rows.create(_occurrence_row(occurrence)))

    def save_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Replace the version that was read, or raise StaleRow."""
        etag = self._rows.replace(_occurrence_row(occurrence), occurrence.version)
        return replace(occurrence, version=etag)


def _schedule_row(schedule: Schedule) -> Row:
    return {
        "PartitionKey": PARTITION,
        "RowKey": schedule.name.lower(),
        "profile": schedule.plan.profile,
        "cron": schedule.timing.cron,
        "time_zone": schedule.timing.time_zone,
        "enabled": schedule.enabled,
        **split_text("state", to_json(replace(schedule, version=""))),
    }


def _schedule(row: Row) -> Schedule:
    return replace(from_json(Schedule, joined_text("state", row)), version=row["etag"])


def _occurrence_row(occurrence: Occurrence) -> Row:
    return {
        "PartitionKey": _partition(occurrence.schedule),
        "RowKey": _key(occurrence.at),
        "at": rfc3339(occurrence.at),
        "outcome": str(occurrence.outcome),
        "reason": occurrence.reason,
        "drill_id": occurrence.drill_id,
        **split_text("state", to_json(replace(occurrence, version=""))),
    }


def _occurrence(row: Row) -> Occurrence:
    return replace(from_json(Occurrence, joined_text("state", row)), version=row["etag"])


def _partition(name: str) -> str:
    return f"occurrences|{name.lower()}"


def _key(at: Instant) -> str:
    return f"{FAR_FUTURE - at:015d}"
