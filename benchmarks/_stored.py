"""Tables for a benchmark, and what rows would take in Azure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from azure.data.tables import TableClient  # noqa: TID251 (the real service)

from shared.adapters.tables import Tables
from shared.settings import Settings

VALUES = {"AZURE_SUBSCRIPTION_ID": "0000", "DRILL_RESOURCE_GROUPS": "g"}


class OnTables(Tables):
    """Tables of a benchmark's own, by a prefix of their names."""

    def __init__(self, connection: str, prefix: str) -> None:
        super().__init__(Settings.read(VALUES | {"TABLES_CONNECTION": connection}))
        self._prefix = prefix

    def table(self, name: str) -> TableClient:
        """Return a table under a name of its own."""
        return super().table(self._prefix + name)


def stored_bytes(row: Mapping[str, Any]) -> int:
    """Return what a row takes, by Azure's own formula ("How to estimate table storage size").

    4 bytes, two for each character of the keys, and for each property 8 bytes, two for each
    character of its name, and its value.
    """
    keys = len(row["PartitionKey"]) + len(row["RowKey"])
    others = {name: value for name, value in row.items() if name not in ("PartitionKey", "RowKey")}
    return 4 + 2 * keys + sum(8 + 2 * len(name) + _value(v) for name, v in others.items())


def _value(value: object) -> int:
    match value:
        case bool():
            return 1
        case int():
            return 4
        case datetime() | float():
            return 8
        case bytes():
            return 4 + len(value)
        case _:
            return 4 + 2 * len(str(value))
