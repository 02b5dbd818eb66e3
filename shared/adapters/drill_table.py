"""Drills and their locks: one partition, so that a lock is never stale.

Rows: `drill|{id}`, `lock|{profile}` (exactly while a drill is open), `summary|{profile}|{inverted
time}|{id}` (one per closed drill, newest first), and the safety lever.
"""

import logging
from dataclasses import replace

from shared.adapters.codec import from_json, to_json
from shared.adapters.tables import (
    Row,
    Rows,
    Tables,
    creating,
    deleting,
    joined_text,
    replacing,
    split_text,
)
from shared.core.errors import (
    DrillExists,
    DrillNotFound,
    ProfileBusy,
    StaleRow,
    UpstreamUnavailable,
)
from shared.core.lever import Lever
from shared.core.model import Drill, Ending, Phase
from shared.core.samples import Instant, instant, rfc3339

log = logging.getLogger(__name__)

PARTITION = "drills"
FAR_FUTURE = 10**14
"""Milliseconds; subtracted from, so that the newest summary sorts first."""
LEVER = "lever"


class DrillTable:
    """Drills, locks, summaries and the safety lever."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "drills")

    def find(self, drill_id: str) -> Drill | None:
        """Return a drill, or None."""
        row = self._rows.get(PARTITION, f"drill|{drill_id}")
        return from_row(row) if row else None

    def load(self, drill_id: str) -> Drill:
        """Return a drill, or raise DrillNotFound."""
        found = self.find(drill_id)
        if found is None:
            raise DrillNotFound(f"There is no drill {drill_id!r}.")
        return found

    def open_drills(self) -> tuple[Drill, ...]:
        """Return the open drills: the lock rows, never history."""
        locks = self._rows.between(PARTITION, "lock|", "lock}")
        found = [self._readable(row["drill_id"]) for row in locks]
        return tuple(drill for drill in found if drill is not None)

    def _readable(self, drill_id: str) -> Drill | None:
        """One row that cannot be read must not hide the others."""
        try:
            return self.find(drill_id)
        except (ValueError, KeyError, TypeError):
            log.exception("drill row unreadable drill_id=%s", drill_id)
            return None

    def holder(self, profile: str) -> str | None:
        """Return the id of the drill that holds the profile's lock, or None."""
        row = self._rows.get(PARTITION, _lock_key(profile))
        return row["drill_id"] if row else None

    def busy(self) -> frozenset[str]:
        """Return the profiles, in lower case, that have a drill running."""
        locks = self._rows.between(PARTITION, "lock|", "lock}")
        return frozenset(row["RowKey"].removeprefix("lock|") for row in locks)

    def open_ids(self) -> frozenset[str]:
        """Return the ids of the drills that are running."""
        locks = self._rows.between(PARTITION, "lock|", "lock}")
        return frozenset(row["drill_id"] for row in locks)

    def create(self, drill: Drill) -> Drill:
        """Commit a new drill and its lock together, or raise ProfileBusy or DrillExists."""
        lock = {
            "PartitionKey": PARTITION,
            "RowKey": _lock_key(drill.plan.profile),
            "drill_id": drill.id,
        }
        try:
            etags = self._rows.together(creating(to_row(drill)), creating(lock))
        except UpstreamUnavailable:
            # The answer may be lost and the rows there: then the drill has started.
            found = self.find(drill.id)
            if found is not None and replace(found, version="") == drill:
                return found
            raise
        except StaleRow as error:
            if self.find(drill.id):
                raise DrillExists(f"Drill {drill.id!r} exists already.") from error
            holder = self.holder(drill.plan.profile) or "one that has just ended"
            raise ProfileBusy(
                f"Profile {drill.plan.profile!r} has a drill running: {holder!r}."
            ) from error
        return replace(drill, version=etags[0])

    def save(self, drill: Drill) -> Drill:
        """Replace the version that was read, closing it and freeing its lock in one step."""
        if drill.phase is not Phase.CLOSED:
            return replace(drill, version=self._rows.replace(to_row(drill), drill.version))
        lock = self._rows.get(PARTITION, _lock_key(drill.plan.profile))
        if lock is None or lock["drill_id"] != drill.id:
            raise StaleRow(f"Drill {drill.id!r} was closed by another tick.")
        etags = self._rows.together(
            replacing(to_row(drill), drill.version),
            deleting(_key(lock), lock["etag"]),
            creating(_summary(drill)),
        )
        return replace(drill, version=etags[0])

    def closed(self, profile: str, top: int, after: str = "") -> list[Row]:
        """Return the newest summaries of a profile's closed drills (of all profiles, if empty).

        Each has its `key`; a page begins behind the last one's.
        """
        prefix = f"summary|{profile.lower()}|" if profile else "summary|"
        first = max(prefix, f"{after} ")  # a blank sorts before whatever a longer key goes on with
        found = self._rows.between(PARTITION, first, prefix[:-1] + "}", top)
        return [row | {"key": row["RowKey"]} for row in found]

    def is_lever_engaged(self) -> bool:
        """Return whether the safety lever stops and forbids all drills."""
        row = self._rows.get(PARTITION, LEVER)
        return bool(row and row["engaged"])

    def lever(self) -> Lever:
        """Return the safety lever's position, and who put it there; released if never touched."""
        row = self._rows.get(PARTITION, LEVER)
        if row is None:
            return Lever()
        return Lever(
            engaged=bool(row["engaged"]),
            reason=row["reason"],
            changed_at=instant(row["changed_at"]),
            changed_by=row.get("changed_by", ""),
            changed_from=row.get("changed_from", ""),
        )

    def set_lever(
        self, *, engaged: bool, reason: str, now: Instant, by: str = "", where: str = ""
    ) -> None:
        """Engage or release the safety lever."""
        row = {"PartitionKey": PARTITION, "RowKey": LEVER, "engaged": engaged, "reason": reason}
        self._rows.put(row | {"changed_at": rfc3339(now), "changed_by": by, "changed_from": where})


def to_row(drill: Drill) -> Row:
    """Return a drill as a row: readable columns, and plan and snapshot as JSON."""
    return {
        "PartitionKey": PARTITION,
        "RowKey": f"drill|{drill.id}",
        "profile": drill.plan.profile,
        "endpoint": drill.endpoint,
        "phase": str(drill.phase),
        "phase_since": rfc3339(drill.phase_since),
        "started_at": rfc3339(drill.started_at),
        "started_by": drill.started_by,
        "ending": str(drill.ending or ""),
        "reason": drill.reason,
        "stop_requested": drill.stop_requested,
        "needs_attention": drill.needs_attention,
        **split_text("state", to_json(replace(drill, version=""))),
    }


def from_row(row: Row) -> Drill:
    """Return the drill that a row holds."""
    return replace(from_json(Drill, joined_text("state", row)), version=row["etag"])


def _summary(drill: Drill) -> Row:
    closed_at = drill.closed_at or drill.phase_since
    return {
        "PartitionKey": PARTITION,
        "RowKey": f"summary|{drill.plan.profile.lower()}|{FAR_FUTURE - closed_at:015d}|{drill.id}",
        "drill_id": drill.id,
        "profile": drill.plan.profile,
        "endpoint": drill.endpoint,
        "ending": str(drill.ending or Ending.FINISHED),
        "reason": drill.reason,
        "started_at": rfc3339(drill.started_at),
        "closed_at": rfc3339(closed_at),
    }


def _key(row: Row) -> Row:
    return {"PartitionKey": row["PartitionKey"], "RowKey": row["RowKey"]}


def _lock_key(profile: str) -> str:
    return f"lock|{profile.lower()}"
