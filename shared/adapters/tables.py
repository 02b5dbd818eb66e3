"""Table storage: how tables are reached, and how the SDK's exceptions become ours."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableClient, TableServiceClient, TableTransactionError, UpdateMode

from shared.adapters.credentials import credential
from shared.adapters.lean_session import lean_transport
from shared.core.errors import StaleRow, UpstreamUnavailable
from shared.settings import Settings

Row = dict[str, Any]

OPTIONS: dict[str, Any] = {
    # What may be sent twice (GET, PUT) is, also when an answer was lost. POST (creates,
    # transactions) is not: whoever did not get its answer looks first.
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    # The SDK's own limits are five minutes. Short: whoever asks here comes again within seconds,
    # and some of these answers an undo waits for.
    "connection_timeout": 3,
    "read_timeout": 5,
}

TRANSACTION_ROWS_MAX = 100
"""Of one transaction, which is of one partition: Table storage's limit."""
TEXT_CHARACTERS_MAX = 32_000
"""A string property holds 64 KiB of UTF-16."""


def split_text(name: str, text: str) -> Row:
    """Return a long text as columns `name`, `name_1`, …, each short enough for a property."""
    parts = [text[i : i + TEXT_CHARACTERS_MAX] for i in range(0, len(text), TEXT_CHARACTERS_MAX)]
    return {name if i == 0 else f"{name}_{i}": part for i, part in enumerate(parts)}


def joined_text(name: str, row: Row) -> str:
    """Return the text that `split_text` split."""
    text, more = row[name], 1
    while f"{name}_{more}" in row:
        text, more = text + row[f"{name}_{more}"], more + 1
    return str(text)


class Tables:
    """The app's tables, each made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reached: dict[str, TableClient] = {}
        # A lock each: a table that hangs must not keep the ledger from being read.
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def table(self, name: str) -> TableClient:
        """Return a table, made if there is none; one thread makes, the others wait for it."""
        if name not in self._reached:
            with self._locks[name]:
                if name not in self._reached:
                    self._reached[name] = self._make(name)
        return self._reached[name]

    def _make(self, name: str) -> TableClient:
        with as_core_errors():
            try:
                return self._service.create_table(name)
            except ResourceExistsError:
                return self._service.get_table_client(name)

    @cached_property
    def _service(self) -> TableServiceClient:
        its, options = self._settings, lean_transport(**OPTIONS)
        if its.tables_connection:
            return TableServiceClient.from_connection_string(its.tables_connection, **options)
        return TableServiceClient(its.tables_endpoint, credential=credential(its), **options)


class Rows:
    """One table's rows, by key, by range and in transactions; knows nothing of their meaning."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    @property
    def _client(self) -> TableClient:
        return self._tables.table(self._name)

    def get(self, partition: str, row: str) -> Row | None:
        """Return one row, its ETag under `etag`; None if there is none."""
        with as_core_errors():
            try:
                found = self._client.get_entity(partition, row)
            except ResourceNotFoundError:
                return None
            return {**found, "etag": found.metadata["etag"]}

    def between(
        self,
        partition: str,
        first: str,
        last: str,
        top: int | None = None,
        columns: list[str] | None = None,
    ) -> list[Row]:
        """Return the rows with `first` <= RowKey < `last`, in order, at most `top`."""
        text = "PartitionKey eq @p and RowKey ge @first and RowKey lt @last"
        asked: dict[str, Any] = {
            "parameters": {"p": partition, "first": first, "last": last},
            "results_per_page": top,
            "select": columns,
        }
        with as_core_errors():
            rows: list[Row] = []
            for page in self._client.query_entities(text, **asked).by_page():
                rows += [{**entity, "etag": entity.metadata["etag"]} for entity in page]
                if top is not None and len(rows) >= top:
                    break
            return rows[:top]

    def first_partition(self, low: str, high: str) -> str | None:
        """Return the first partition with `low` <= PartitionKey < `high` that has a row."""
        text = "PartitionKey ge @low and PartitionKey lt @high"
        asked: dict[str, Any] = {
            "parameters": {"low": low, "high": high},
            "results_per_page": 1,
            "select": ["PartitionKey", "RowKey"],
        }
        with as_core_errors():
            found = next(iter(self._client.query_entities(text, **asked)), None)
            return None if found is None else str(found["PartitionKey"])

    def put(self, row: Row) -> str:
        """Insert or replace a row and return its ETag."""
        with as_core_errors():
            written = self._client.upsert_entity(row, mode=UpdateMode.REPLACE)
            return str(written["etag"])

    def create(self, row: Row) -> str:
        """Insert a row and return its ETag, or raise StaleRow if there is one."""
        with as_core_errors():
            return str(self._client.create_entity(row)["etag"])

    def replace(self, row: Row, etag: str) -> str:
        """Replace the version that was read and return the new ETag, or raise StaleRow."""
        with as_core_errors():
            written = self._client.update_entity(
                row,
                mode=UpdateMode.REPLACE,
                etag=etag,
                match_condition=MatchConditions.IfNotModified,
            )
            return str(written["etag"])

    def delete(self, partition: str, row: str) -> None:
        """Delete a row; nothing happens if there is none."""
        with as_core_errors():
            self._client.delete_entity(partition, row)

    def delete_all(self, rows: Sequence[Row]) -> None:
        """Delete the versions that were read, all of one partition; StaleRow if one has changed."""
        for at in range(0, len(rows), TRANSACTION_ROWS_MAX):
            some = rows[at : at + TRANSACTION_ROWS_MAX]
            self.together(*(deleting(key_of(row), row["etag"]) for row in some))

    def together(self, *operations: tuple[Any, ...]) -> list[str]:
        """Do all operations in one transaction, or none; return the ETags. StaleRow on a clash."""
        with as_core_errors():
            answers = self._client.submit_transaction(operations)
            return [str(answer.get("etag", "")) for answer in answers]


def key_of(row: Row) -> Row:
    """Return what names a row."""
    return {"PartitionKey": row["PartitionKey"], "RowKey": row["RowKey"]}


def creating(row: Row) -> tuple[Any, ...]:
    """Return the part of a transaction that inserts a row that must not exist."""
    return ("create", row)


def replacing(row: Row, etag: str) -> tuple[Any, ...]:
    """Return the part of a transaction that replaces the version that was read."""
    condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", row, {"mode": UpdateMode.REPLACE, **condition})


def deleting(row: Row, etag: str) -> tuple[Any, ...]:
    """Return the part of a transaction that deletes the version that was read."""
    return ("delete", row, {"etag": etag, "match_condition": MatchConditions.IfNotModified})


@contextmanager
def as_core_errors() -> Iterator[None]:
    """Turn the SDK's exceptions into ours."""
    try:
        yield
    except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
        raise StaleRow("Another writer was first.") from error
    except TableTransactionError as error:
        if error.status_code in (404, 409, 412):
            raise StaleRow("Another writer was first.") from error
        raise UpstreamUnavailable(f"Table storage refused a transaction: {error}") from error
    except AzureError as error:
        raise UpstreamUnavailable(f"Table storage did not answer: {error}") from error
