"""Heartbeats of the timers, a row each, beside the drills."""

from shared.adapters.tables import Rows, Tables
from shared.core.model import Heartbeat
from shared.core.samples import instant, rfc3339

PARTITION = "heartbeats"


class HeartbeatTable:
    """The timers' newest heartbeats."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "drills")

    def heartbeats(self) -> dict[str, Heartbeat]:
        """Return the newest heartbeat of each timer."""
        rows = self._rows.between(PARTITION, "", "~")
        return {row["RowKey"]: Heartbeat(instant(row["at"]), row["period_ms"]) for row in rows}

    def write_heartbeat(self, timer: str, beat: Heartbeat) -> None:
        """Keep a timer's newest heartbeat."""
        row = {"PartitionKey": PARTITION, "RowKey": timer}
        self._rows.put(row | {"at": rfc3339(beat.at), "period_ms": beat.period_ms})
