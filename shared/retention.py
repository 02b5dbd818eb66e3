"""Removes what is older than is to be kept: closed drills with all that belongs to them, baselines.

Never a drill that is open, nor one to which the ledger still owes an undo. A run is bounded: what
it leaves the next one takes, and one that is cut short has done no harm.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from shared.core.errors import StaleRow
from shared.core.retention import Expired, cutoff
from shared.core.samples import Instant

log = logging.getLogger(__name__)

ROWS_A_RUN_MAX = 20_000
"""Some twenty seconds. A thousand profiles leave 150,000 rows a day: eight hourly runs."""


class Store(Protocol):
    """Everything that grows old."""

    def drills_closed_before(self, cutoff: Instant) -> list[Expired]:
        """Return the drills that closed before then, the oldest first."""

    def has_open_record(self, drill_id: str) -> bool:
        """The ledger still owes something to the drill."""

    def remove_drill(self, drill: Expired, rows_max: int) -> int:
        """Remove all that is kept of a closed drill, at most so many rows; return how many."""

    def baseline_days_before(self, cutoff: Instant) -> Iterable[str]:
        """Yield the days before then of which there are baselines, the oldest first."""

    def remove_baselines(self, day: str, rows_max: int) -> int:
        """Remove a day's baselines of all profiles, at most so many rows; return how many."""


class Retention:
    """Removes what is too old."""

    def __init__(
        self,
        store: Store,
        open_drills: Callable[[], frozenset[str]],
        now: Callable[[], Instant],
        days: int,
    ) -> None:
        self._store, self._open_drills, self._now, self._days = store, open_drills, now, days
        self._done_until: Instant = 0

    def run(self, rows_max: int = ROWS_A_RUN_MAX) -> int:
        """Remove what has become too old, at most so many rows; return how many.

        Ages are counted in whole days: once a day there is something to do.
        """
        until = cutoff(self._now(), self._days)
        if not self._days or until <= self._done_until:
            return 0
        removed = self._remove_drills(until, rows_max)
        for day in self._store.baseline_days_before(until):
            if removed >= rows_max:
                break
            removed += self._store.remove_baselines(day, rows_max - removed)
        if removed < rows_max:
            self._done_until = until
        log.info("expired rows removed count=%s is_all=%s", removed, removed < rows_max)
        return removed

    def _remove_drills(self, until: Instant, rows_max: int) -> int:
        """Remove drills; one that another run is removing too is left to it."""
        removed, still_open = 0, self._open_drills()
        for drill in self._store.drills_closed_before(until):
            if removed >= rows_max:
                break
            if drill.drill_id in still_open or self._store.has_open_record(drill.drill_id):
                log.warning("expired drill kept, it is not over drill_id=%s", drill.drill_id)
                continue
            try:
                removed += self._store.remove_drill(drill, rows_max - removed)
            except StaleRow:
                log.info("expired drill is being changed drill_id=%s", drill.drill_id)
        return removed
