"""In-memory stores: small real things that pass the same contract as Table storage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import TypeVar

from shared.core.errors import DrillExists, DrillNotFound, ProfileBusy, StaleRow
from shared.core.lever import Lever
from shared.core.model import Drill, Phase, UndoRecord
from shared.core.samples import (
    ActionRecord,
    ClockStep,
    Entry,
    Instant,
    Sample,
    Timeline,
    Transition,
    rfc3339,
)

Json = dict[str, object]
Store = TypeVar("Store")


class MemoryDrills:
    """Drills, locks and the safety lever."""

    def __init__(self) -> None:
        self._drills: dict[str, Drill] = {}
        self._locks: dict[str, str] = {}
        self._closed: list[Drill] = []
        self._versions = count(1)
        self._lever = Lever()

    def find(self, drill_id: str) -> Drill | None:
        """Return a drill, or None."""
        return self._drills.get(drill_id)

    def load(self, drill_id: str) -> Drill:
        """Return a drill, or raise DrillNotFound."""
        if drill_id not in self._drills:
            raise DrillNotFound(drill_id)
        return self._drills[drill_id]

    def open_drills(self) -> tuple[Drill, ...]:
        """Return the drills that hold a lock."""
        return tuple(self._drills[drill_id] for drill_id in self._locks.values())

    def holder(self, profile: str) -> str | None:
        """Return the id of the drill that holds the profile's lock."""
        return self._locks.get(profile.lower())

    def create(self, drill: Drill) -> Drill:
        """Commit a drill and its lock together, or raise ProfileBusy or DrillExists."""
        if drill.id in self._drills:
            raise DrillExists(drill.id)
        if drill.plan.profile.lower() in self._locks:
            raise ProfileBusy(drill.plan.profile)
        self._locks[drill.plan.profile.lower()] = drill.id
        return self._kept(drill)

    def save(self, drill: Drill) -> Drill:
        """Replace the version that was read, or raise StaleRow; a closed drill frees its lock."""
        known = self._drills.get(drill.id)
        if known is None or known.version != drill.version:
            raise StaleRow(drill.id)
        if drill.phase is Phase.CLOSED:
            if self._locks.get(drill.plan.profile.lower()) != drill.id:
                raise StaleRow(drill.id)
            del self._locks[drill.plan.profile.lower()]
            self._closed.insert(0, drill)
        return self._kept(drill)

    def closed(self, profile: str, top: int, after: str = "") -> list[Json]:
        """Return the newest summaries of a profile's closed drills, from behind that key on."""
        drills = [d for d in self._closed if profile.lower() in ("", d.plan.profile.lower())]
        found = [_summary(drill) for drill in drills]
        return [each for each in found if str(each["key"]) > after][:top]

    def is_lever_engaged(self) -> bool:
        """Return whether the safety lever is engaged."""
        return self._lever.engaged

    def lever(self) -> Lever:
        """Return the safety lever's position, and who put it there."""
        return self._lever

    def set_lever(
        self, *, engaged: bool, reason: str, now: Instant, by: str = "", where: str = ""
    ) -> None:
        """Engage or release the safety lever."""
        self._lever = Lever(
            engaged=engaged, reason=reason, changed_at=now, changed_by=by, changed_from=where
        )

    def _kept(self, drill: Drill) -> Drill:
        kept = replace(drill, version=str(next(self._versions)))
        self._drills[drill.id] = kept
        return kept


class MemoryUndos:
    """Undo records."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, str], UndoRecord] = {}
        self._versions = count(1)

    def of_drill(self, drill_id: str) -> tuple[UndoRecord, ...]:
        """Return a drill's records, closed ones too."""
        return tuple(r for (owner, *_), r in self._records.items() if owner == drill_id)

    def open(self) -> tuple[UndoRecord, ...]:
        """Return every open record."""
        return tuple(r for r in self._records.values() if r.is_open)

    def create(self, record: UndoRecord) -> UndoRecord:
        """Commit a new record, or raise StaleRow if there is one."""
        if _key(record) in self._records:
            raise StaleRow(record.resource)
        return self._kept(record)

    def save(self, record: UndoRecord) -> UndoRecord:
        """Replace the version that was read, or raise StaleRow."""
        known = self._records.get(_key(record))
        if known is None or known.version != record.version or not known.is_open:
            raise StaleRow(record.resource)
        return self._kept(record)

    def reopen(self, record: UndoRecord) -> UndoRecord:
        """Move a closed record back among the open ones, or raise StaleRow."""
        known = self._records.get(_key(record))
        if known is None or known.version != record.version or known.is_open:
            raise StaleRow(record.resource)
        return self._kept(record)

    def _kept(self, record: UndoRecord) -> UndoRecord:
        kept = replace(record, version=str(next(self._versions)))
        self._records[_key(record)] = kept
        return kept


class MemoryAudit:
    """Every chain's entries; one is there at once or not at all, whoever writes beside."""

    def __init__(self) -> None:
        self._chains: dict[str, dict[int, Entry]] = {}
        self._lock = Lock()

    def newest(self, chain: str) -> Entry | None:
        """Return a chain's newest entry, or None."""
        entries = self.read(chain)
        return entries[-1] if entries else None

    def create(self, chain: str, entry: Entry) -> None:
        """Write an entry, or raise StaleRow if there is one of its number."""
        with self._lock:
            entries = self._chains.setdefault(chain, {})
            if entries.setdefault(entry.sequence, entry) is not entry:
                raise StaleRow(chain)

    def read(self, chain: str, since: int = 1) -> tuple[Entry, ...]:
        """Return a chain's entries from that number on, the oldest first."""
        with self._lock:
            entries = sorted(self._chains.get(chain, {}).items())
            return tuple(entry for sequence, entry in entries if sequence >= since)


@dataclass
class MemoryTimeline:
    """What was recorded of drills."""

    samples: list[Sample] = field(default_factory=list)
    actions: dict[str, ActionRecord] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    steps: list[ClockStep] = field(default_factory=list)

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return everything, but the audit where a part is asked for; a test keeps one drill."""
        return Timeline(
            tuple(self.samples),
            tuple(self.actions.values()),
            tuple(self.transitions),
            self.audit.read(drill_id) if since is None else (),
            steps=tuple(self.steps),
        )

    def read_thinned(
        self, drill_id: str, every_ms: Callable[[str], int], instants: Iterable[Instant]
    ) -> Timeline:
        """Return everything: a report of all is the report of what it needs."""
        del every_ms, instants
        return self.read(drill_id)

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Write or complete an action."""
        del drill_id
        self.actions[action.id] = action

    def write_transition(self, drill_id: str, transition: Transition) -> None:
        """Write down that a drill entered a phase."""
        del drill_id
        self.transitions.append(transition)


def in_place_of(store: object, odd: Store) -> Store:
    """Return an odd store with all that is in another."""
    odd.__dict__.update(store.__dict__)
    return odd


def _key(record: UndoRecord) -> tuple[str, str, str]:
    return record.drill_id, record.resource.lower(), record.fault


def _summary(drill: Drill) -> Json:
    return {
        "key": f"{10**15 - (drill.closed_at or drill.phase_since):016d}|{drill.id}",
        "drill_id": drill.id,
        "profile": drill.plan.profile,
        "endpoint": drill.endpoint,
        "ending": str(drill.ending),
        "reason": drill.reason,
        "started_at": rfc3339(drill.started_at),
        "closed_at": rfc3339(drill.closed_at or drill.phase_since),
    }
