"""Keeps schedules, and starts the drills that are due: each occurrence at most once."""

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Protocol

from shared.core.conditions import Condition
from shared.core.errors import (
    DrillNotFound,
    Fault,
    InvalidInput,
    ProfileBusy,
    ScheduleNotFound,
    StaleRow,
    SwitchbackError,
    UpstreamUnavailable,
)
from shared.core.model import Drill
from shared.core.plan import Plan
from shared.core.samples import Instant, rfc3339
from shared.core.schedule import Occurrence, Outcome, Schedule
from shared.core.schedule_rules import NAME, faults

log = logging.getLogger(__name__)

LATENESS_MS = 300_000
"""A drill that could not be started five minutes after its time is not wanted any more."""
CLAIM_MS = 60_000
"""A claim this old belongs to a process that has died, or was told that ARM is not there."""
MISSED_MAX = 20
"""How many missed occurrences are recorded after the app was down; older ones are not."""
RECENT = 10
"""Rows looked through for claims: a newer occurrence settles the older ones."""
SAVE_ATTEMPTS = 5


class ScheduleStore(Protocol):
    """Where schedules and their occurrences are kept."""

    def find(self, name: str) -> Schedule | None:
        """Return a schedule, or None."""

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""

    def create(self, schedule: Schedule) -> Schedule:
        """Insert a schedule, or raise StaleRow if there is one of its name."""

    def save(self, schedule: Schedule) -> Schedule:
        """Replace the version that was read, or raise StaleRow."""

    def delete(self, schedule: Schedule) -> None:
        """Delete the version that was read, or raise StaleRow; its occurrences stay."""

    def occurrences(self, name: str, top: int, before: Instant = ...) -> list[Occurrence]:
        """Return a schedule's newest occurrences that were due before an instant."""

    def create_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Insert an occurrence, or raise StaleRow if another host was first."""

    def save_occurrence(self, occurrence: Occurrence) -> Occurrence:
        """Replace the version that was read, or raise StaleRow."""


class Starting(Protocol):
    """The drills."""

    def start(self, drill_id: str, plan: Plan, plan_as_sent: str, by: str) -> tuple[Drill, bool]:
        """Start a drill, or return the one that was started by this very request before."""

    def get(self, drill_id: str) -> object:
        """Return a drill, or raise DrillNotFound."""


class Schedules:
    """The schedules of all profiles."""

    def __init__(self, store: ScheduleStore, drills: Starting, now: Callable[[], Instant]) -> None:
        self._store, self._drills, self._now = store, drills, now
        self._settled: dict[str, tuple[str, Instant]] = {}
        """Of a schedule's version: until when all that was due has its outcome."""

    def faults(self, schedule: Schedule) -> tuple[Fault, ...]:
        """Return everything that is wrong with a schedule; empty when it may be kept."""
        return faults(schedule, self._now())

    def put(self, schedule: Schedule, condition: Condition) -> tuple[Schedule, bool]:
        """Keep a schedule, new or changed; unchanged, nothing is written."""
        if found := self.faults(schedule):
            raise InvalidInput("The schedule cannot be kept.", found)
        for _ in range(SAVE_ATTEMPTS):
            known = self._store.find(schedule.name)
            condition.check(known.version if known else None)
            if known and known.is_same_as(schedule):
                return known, False
            try:
                return self._written(schedule, known), known is None
            except StaleRow:
                continue
        raise StaleRow(f"Schedule {schedule.name!r} is being changed by others; ask again.")

    def _written(self, schedule: Schedule, known: Schedule | None) -> Schedule:
        now = self._now()
        wanted = replace(schedule, since=now, changed_at=now)
        if known is None:
            written = self._store.create(wanted)
        else:
            same_times = known.timing == wanted.timing and known.enabled == wanted.enabled
            # Only new times begin anew: a change of plan must not lose what is due this second.
            since = known.since if same_times else now
            written = self._store.save(
                replace(wanted, name=known.name, since=since, version=known.version)
            )
        log.info("schedule written schedule=%s by=%s", written.name, written.changed_by)
        return written

    def get(self, name: str) -> Schedule:
        """Return a schedule, or raise ScheduleNotFound."""
        found = self._find(name)
        if found is None:
            raise ScheduleNotFound(f"There is no schedule {name!r}.")
        return found

    def _find(self, name: str) -> Schedule | None:
        # What is no name is no key of a table either.
        return self._store.find(name) if NAME.fullmatch(name) else None

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return self._store.all()

    def delete(self, name: str, condition: Condition) -> None:
        """Forget a schedule; nothing happens if there is none. A running drill runs on."""
        for _ in range(SAVE_ATTEMPTS):
            known = self._find(name)
            condition.check(known.version if known else None)
            if known is None:
                return
            try:
                self._store.delete(known)
            except StaleRow:
                continue
            log.info("schedule deleted schedule=%s", known.name)
            return
        raise StaleRow(f"Schedule {name!r} is being changed by others; ask again.")

    def occurrences(self, name: str, top: int, before: Instant | None = None) -> list[Occurrence]:
        """Return what came of a schedule's last times, newest first."""
        known = self.get(name)
        if before is None:
            return self._store.occurrences(known.name, top)
        return self._store.occurrences(known.name, top, before)

    def next(self, schedule: Schedule, count: int) -> list[Instant]:
        """Return a schedule's next times, skipped ones too; none of a disabled one."""
        if not schedule.enabled:
            return []
        return [*islice(schedule.timing.after(self._now()), count)]

    def run_due(self) -> None:
        """Settle what is due; at most one drill is started in a run, for its preflight takes time.

        One schedule's trouble does not keep the others.
        """
        for schedule in self._store.all():
            try:
                if schedule.enabled and self._settle(schedule):
                    return
            except StaleRow:
                log.info("occurrence settled by another schedule=%s", schedule.name)
            except (SwitchbackError, LookupError):  # LookupError: the machine has lost its zone
                log.exception("schedule failed schedule=%s", schedule.name)

    def _settle(self, schedule: Schedule) -> bool:
        """Give every occurrence that is due its outcome; return whether a start was tried."""
        now = self._now()
        if self._is_settled(schedule, now):
            return False
        recent = self._store.occurrences(schedule.name, RECENT)
        claims = [each for each in recent if each.outcome is Outcome.STARTING]
        since = max([schedule.since, *(each.at for each in recent)])
        due = schedule.timing.newest(since, now, MISSED_MAX + 1)
        if not due and not claims:
            self._settled[schedule.name] = (schedule.version, now)
            return False
        # Oldest first: whoever finds the newest recorded may rely on the others.
        recorded = [self._record(schedule, at, now, is_newest=at == due[-1]) for at in due]
        mine = recorded[-1] if recorded else None
        is_trying = mine is not None and mine.outcome is Outcome.STARTING
        if mine is not None and is_trying:
            self._start(schedule, mine)
        for claim in claims:
            is_newest = not due and claim == recent[0]
            is_trying = self._resume(schedule, claim, now, is_newest=is_newest) or is_trying
        return is_trying

    def _is_settled(self, schedule: Schedule, now: Instant) -> bool:
        version, until = self._settled.get(schedule.name, ("", 0))
        return version == schedule.version and not schedule.timing.newest(until, now, 1)

    def _record(
        self, schedule: Schedule, at: Instant, now: Instant, *, is_newest: bool
    ) -> Occurrence | None:
        """Write down a new occurrence, claimed if its drill may start; None: another was first."""
        occurrence = Occurrence(
            schedule=schedule.name, at=at, outcome=Outcome.STARTING, claimed_at=now
        )
        if reason := schedule.timing.skip_reason(at):
            occurrence = occurrence.skipped(reason)
        elif not is_newest or now - at > LATENESS_MS:
            occurrence = occurrence.missed()
        try:
            created = self._store.create_occurrence(occurrence)
        except StaleRow:
            return None
        _tell(created)
        return created

    def _resume(
        self, schedule: Schedule, claim: Occurrence, now: Instant, *, is_newest: bool
    ) -> bool:
        """Finish what another process claimed and did not finish; return whether it was tried."""
        if now - claim.claimed_at < CLAIM_MS:
            return False
        if self._is_started(claim):
            self._complete(claim.started())
        elif not is_newest or now - claim.at > LATENESS_MS:
            self._complete(claim.missed())
        else:
            self._start(schedule, self._store.save_occurrence(replace(claim, claimed_at=now)))
            return True
        return False

    def _start(self, schedule: Schedule, claim: Occurrence) -> None:
        by = f"schedule {schedule.name}"
        try:
            self._drills.start(claim.drill_id, schedule.plan, schedule.plan_as_sent, by)
        except UpstreamUnavailable as error:
            # Nothing is known of it: tried again when the claim has aged.
            self._store.save_occurrence(replace(claim, reason=error.code, message=str(error)))
            log.warning("drill not started drill_id=%s because=%s", claim.drill_id, error)
        except SwitchbackError as error:
            self._complete(self._refused(claim, error))
        else:
            self._complete(claim.started())

    def _refused(self, claim: Occurrence, error: SwitchbackError) -> Occurrence:
        if isinstance(error, ProfileBusy) and self._is_started(claim):
            # Busy with this very drill, which another host has started meanwhile.
            return claim.started()
        return claim.refused(error)

    def _is_started(self, claim: Occurrence) -> bool:
        try:
            self._drills.get(claim.drill_id)
        except DrillNotFound:
            return False
        return True

    def _complete(self, occurrence: Occurrence) -> None:
        _tell(self._store.save_occurrence(occurrence))


def _tell(occurrence: Occurrence) -> None:
    log.info(
        "occurrence schedule=%s at=%s outcome=%s reason=%s",
        occurrence.schedule,
        rfc3339(occurrence.at),
        occurrence.outcome,
        occurrence.reason,
    )
