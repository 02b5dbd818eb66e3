"""Tables of a test's own, in the Table service that TABLES_CONNECTION names."""

import os
import secrets

import pytest
from azure.data.tables import TableClient  # noqa: TID251 (the real service)

from shared.adapters.tables import Tables
from shared.settings import Settings

NOBODY = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/a"
)
VALUES = {"AZURE_SUBSCRIPTION_ID": "0000", "DRILL_RESOURCE_GROUPS": "g"}


def unreachable_tables() -> Tables:
    """Reach tables of a service that refuses every connection."""
    return Tables(Settings.read(VALUES | {"TABLES_CONNECTION": NOBODY}))


def fresh_tables() -> Tables:
    """Reach tables of the test's own; skips where there is no Table service."""
    connection = os.environ.get("TABLES_CONNECTION")
    if not connection:
        pytest.skip("TABLES_CONNECTION is absent: `./dev test` sets it")
    return FreshTables(Settings.read(VALUES | {"TABLES_CONNECTION": connection}))


class FreshTables(Tables):
    """Tables whose names no other test knows: an app under test must not act on their rows."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._prefix = f"test{secrets.token_hex(8)}"

    def table(self, name: str) -> TableClient:
        """Return a table under a name of the test's own."""
        return super().table(self._prefix + name)
