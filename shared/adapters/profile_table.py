"""Which profiles are ours to measure, and what was last applied to them."""

import json
from typing import Any

from shared.adapters.tables import Row, Rows, Tables, joined_text, split_text

PARTITION = "profiles"

Json = dict[str, Any]


class ProfileTable:
    """Managed and observed profiles by name."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "profiles")

    def find(self, name: str) -> Json | None:
        """Return `{name, resourceId, mode, lastApplied}`, or None."""
        row = self._rows.get(PARTITION, name.lower())
        return _from_row(row) if row else None

    def all(self) -> list[Json]:
        """Return every profile, by name."""
        return [_from_row(row) for row in self._rows.between(PARTITION, "", "~")]

    def put(self, entry: Json) -> None:
        """Register a profile, or note what was applied to it."""
        self._rows.put(
            {
                "PartitionKey": PARTITION,
                "RowKey": entry["name"].lower(),
                "name": entry["name"],
                "resource_id": entry["resourceId"],
                "mode": entry["mode"],
                **split_text("last_applied", json.dumps(entry["lastApplied"])),
            }
        )

    def delete(self, name: str) -> None:
        """Forget a profile; nothing happens if it is unknown."""
        self._rows.delete(PARTITION, name.lower())


def _from_row(row: Row) -> Json:
    return {
        "name": row["name"],
        "resourceId": row["resource_id"],
        "mode": row["mode"],
        "lastApplied": json.loads(joined_text("last_applied", row)),
    }
