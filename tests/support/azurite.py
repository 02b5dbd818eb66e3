"""A table of its own for a test, in the Table service that TABLES_CONNECTION names."""

import os
import secrets
from collections.abc import Iterator

import pytest
from azure.data.tables import TableClient, TableServiceClient


@pytest.fixture
def table() -> Iterator[TableClient]:
    """An empty table, deleted afterwards; skips where there is no Table service."""
    connection = os.environ.get("TABLES_CONNECTION")
    if not connection:
        pytest.skip("TABLES_CONNECTION is absent: `./dev test` sets it")
    with TableServiceClient.from_connection_string(connection) as service:
        name = f"test{secrets.token_hex(8)}"
        yield service.create_table(name)
        service.delete_table(name)
