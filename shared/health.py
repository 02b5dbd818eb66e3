"""Whether the app is alive: its timers' heartbeats, and no rollback that has failed."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from shared.core.errors import SwitchbackError
from shared.core.model import Drill, Heartbeat, UndoRecord
from shared.core.samples import Instant

log = logging.getLogger(__name__)

TIMERS = ("take_samples", "advance_drills", "restore_overdue")
BEAT_SECONDS = 60
"""A heartbeat is written at most this often: health is judged by minutes, rows cost money."""
STALE_SECONDS_MIN = 180
STALE_BEATS = 3
"""A timer is stale after as many of its own periods, and not before three minutes."""
OVERDUE_SECONDS_MAX = 180
"""The watchdog acts every minute; a record overdue for longer was not restored by it."""


class HeartbeatStore(Protocol):
    """Where heartbeats are kept."""

    def heartbeats(self) -> dict[str, Heartbeat]:
        """Return the newest heartbeat of each timer."""

    def write_heartbeat(self, timer: str, beat: Heartbeat) -> None:
        """Keep a timer's newest heartbeat."""


class Health:
    """The app's health, and the heartbeats that it is told by."""

    def __init__(
        self,
        store: HeartbeatStore,
        open_drills: Callable[[], tuple[Drill, ...]],
        open_records: Callable[[], tuple[UndoRecord, ...]],
        now: Callable[[], Instant],
    ) -> None:
        self._store, self._now = store, now
        self._open_drills, self._open_records = open_drills, open_records
        self._born_at = now()
        self._last: dict[str, Instant] = {}
        self._lock = threading.Lock()

    def beat(self, timer: str) -> None:
        """Note that a timer runs. Never raises: a heartbeat must not stop a heart."""
        now = self._now()
        with self._lock:
            last = self._last.get(timer)
            if last is not None and now - last < 1_000 * BEAT_SECONDS:
                return
            self._last[timer] = now
        try:
            self._store.write_heartbeat(timer, Heartbeat(now, now - last if last else 0))
        except SwitchbackError:
            log.warning("heartbeat not written timer=%s", timer)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong, in sentences; empty when all is well."""
        try:
            return (*self._stale(), *self._not_restored())
        except SwitchbackError:
            # The page needs no key: what exactly failed is in the log, for those who may read it.
            log.exception("health unknown")
            return ("Table storage did not answer.",)

    def _stale(self) -> tuple[str, ...]:
        now, beats = self._now(), self._store.heartbeats()
        told = []
        for timer in TIMERS:
            beat = beats.get(timer, Heartbeat(self._born_at, 0))
            allowed_ms = max(1_000 * STALE_SECONDS_MIN, STALE_BEATS * beat.period_ms)
            if now - beat.at > allowed_ms:
                told.append(f"Timer {timer} has not run for {(now - beat.at) // 1_000} s.")
        return tuple(told)

    def _not_restored(self) -> tuple[str, ...]:
        attention = [drill.id for drill in self._open_drills() if drill.needs_attention]
        limit = self._now() - 1_000 * OVERDUE_SECONDS_MAX
        overdue = [record for record in self._open_records() if record.restore_by < limit]
        return (
            *(f"The rollback of drill {drill_id} has not been verified." for drill_id in attention),
            *(f"A fault of drill {record.drill_id} is overdue to be undone." for record in overdue),
        )
