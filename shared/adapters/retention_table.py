"""What is kept of drills and baselines, found by its age and removed, in steps that may be cut.

A drill's summary goes last, with its row: while it is there, what is left of the drill is found
again. So does the list of a day's baselines.
"""

from collections.abc import Iterator

from shared.adapters.baseline_table import DAYS, day_of
from shared.adapters.drill_table import PARTITION as DRILLS
from shared.adapters.tables import Rows, Tables
from shared.adapters.undo_table import PARTITION as LEDGER
from shared.core.retention import Expired
from shared.core.samples import Instant, instant

KEY_COLUMNS = ["PartitionKey", "RowKey"]
PAGE_ROWS = 1_000
FIRST, LAST = "", "~"


class RetentionTable:
    """Everything that grows old."""

    def __init__(self, tables: Tables) -> None:
        self._drills, self._ledger = Rows(tables, "drills"), Rows(tables, "ledger")
        self._timeline = Rows(tables, "timeline")

    def drills_closed_before(self, cutoff: Instant) -> list[Expired]:
        """Return the drills that closed before then, the oldest first."""
        columns = [*KEY_COLUMNS, "drill_id", "closed_at"]
        rows = self._drills.between(DRILLS, *_below("summary|"), columns=columns)
        closed = sorted((instant(row["closed_at"]), row["drill_id"], row["RowKey"]) for row in rows)
        return [Expired(drill_id, key) for at, drill_id, key in closed if at < cutoff]

    def has_open_record(self, drill_id: str) -> bool:
        """The ledger still owes something to the drill."""
        return bool(self._ledger.between(LEDGER, *_below(f"open|{drill_id}|"), top=1))

    def remove_drill(self, drill: Expired, rows_max: int) -> int:
        """Remove all that is kept of a closed drill, and return how many rows that were.

        After `rows_max` rows the rest is left for another time.
        """
        prefixes = (f"closed|{drill.drill_id}|", f"claim|{drill.drill_id}|")
        ranges = [self._ledger.between(LEDGER, *_below(p), columns=KEY_COLUMNS) for p in prefixes]
        undone = [row for rows in ranges for row in rows]
        self._ledger.delete_all(undone)
        removed = len(undone) + self._empty(drill.drill_id, rows_max)
        if removed < rows_max:
            keys = (f"drill|{drill.drill_id}", drill.summary)
            found = [self._drills.get(DRILLS, key) for key in keys]
            last = [row for row in found if row is not None]
            self._drills.delete_all(last)
            removed += len(last)
        return removed

    def baseline_days_before(self, cutoff: Instant) -> Iterator[str]:
        """Yield the days before then of which there are baselines, the oldest first."""
        low, high = DAYS, f"{DAYS}{day_of(cutoff)}"
        while (found := self._timeline.first_partition(low, high)) is not None:
            yield found.removeprefix(DAYS)
            low = f"{found}~"

    def remove_baselines(self, day: str, rows_max: int) -> int:
        """Remove a day's baselines of all profiles; return how many rows that were."""
        removed = 0
        for listed in self._timeline.between(f"{DAYS}{day}", FIRST, LAST, columns=KEY_COLUMNS):
            removed += self._empty(f"{listed['RowKey']}|{day}", rows_max - removed)
            if removed >= rows_max:
                break
            self._timeline.delete_all([listed])
            removed += 1
        return removed

    def _empty(self, partition: str, rows_max: int) -> int:
        """Remove rows of a partition of the timeline, and return how many."""
        removed = 0
        while removed < rows_max:
            top = min(PAGE_ROWS, rows_max - removed)
            rows = self._timeline.between(partition, FIRST, LAST, top=top, columns=KEY_COLUMNS)
            if not rows:
                break
            self._timeline.delete_all(rows)
            removed += len(rows)
        return removed


def _below(prefix: str) -> tuple[str, str]:
    """Return the range of the keys that begin with a prefix, which ends with a bar."""
    return prefix, f"{prefix[:-1]}}}"
