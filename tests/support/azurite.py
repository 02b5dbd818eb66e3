"""A table of its own for a test, in the Table service that TABLES_CONNECTION names."""

import os
import secrets
from collections.abc import Iterator

import pytest
from azure.data.tables import TableClient, TableServiceClient  # noqa: TID251 (the real service)

from shared.adapters.tables import Tables
from shared.settings import Settings

Table = TableClient

NOBODY = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/a"
)


@pytest.fixture
def table() -> Iterator[Table]:
    """An empty table, deleted afterwards; skips where there is no Table service."""
    connection = os.environ.get("TABLES_CONNECTION")
    if not connection:
        pytest.skip("TABLES_CONNECTION is absent: `./dev test` sets it")
    with TableServiceClient.from_connection_string(connection) as service:
        name = f"test{secrets.token_hex(8)}"
        yield service.create_table(name)
        service.delete_table(name)


@pytest.fixture
def unreachable_table() -> Iterator[Table]:
    """A table of a service that refuses every connection."""
    with Table.from_connection_string(NOBODY, "timeline") as client:
        yield client


def fresh_tables() -> Tables:
    """Reach tables of the test's own; skips where there is no Table service."""
    connection = os.environ.get("TABLES_CONNECTION")
    if not connection:
        pytest.skip("TABLES_CONNECTION is absent: `./dev test` sets it")
    values = {"AZURE_SUBSCRIPTION_ID": "0000", "DRILL_RESOURCE_GROUPS": "g"}
    return FreshTables(Settings.read(values | {"TABLES_CONNECTION": connection}))


class FreshTables(Tables):
    """Tables whose names no other test knows: an app under test must not act on their rows."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._prefix = f"test{secrets.token_hex(8)}"

    def table(self, name: str) -> TableClient:
        """Return a table under a name of the test's own."""
        return super().table(self._prefix + name)
