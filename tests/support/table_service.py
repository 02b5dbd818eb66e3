"""A Table service in memory, below the adapters: rows, ETags, transactions, all or nothing.

It answers what our adapters ask of the SDK's client, raises the SDK's own exceptions, and passes
the same contract as Azurite (tests/adapters/test_stores.py).
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from azure.core.exceptions import (  # noqa: TID251 (what the real client raises)
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableTransactionError  # noqa: TID251 (likewise)

Row = dict[str, Any]
Key = tuple[str, str]

_TERM = re.compile(r"(PartitionKey|RowKey) (eq|ge|lt) @(\w+)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ge": operator.ge,
    "lt": operator.lt,
}
_STATUS: Mapping[type[Exception], int] = {
    ResourceExistsError: 409,
    ResourceModifiedError: 412,
    ResourceNotFoundError: 404,
}


class Entity(Row):
    """A row as the client returns it: what it holds, and its ETag beside it."""

    def __init__(self, row: Mapping[str, Any], etag: str) -> None:
        super().__init__(row)
        self.metadata = {"etag": etag}


class Found:
    """What a query has found."""

    def __init__(self, rows: list[Entity]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._rows)

    def by_page(self) -> Iterator[list[Entity]]:
        """Yield all rows as one page."""
        yield self._rows


class MemoryTable:
    """One table."""

    def __init__(self, on_write: Callable[[Row], None] = lambda _row: None) -> None:
        self._on_write = on_write
        self._rows: dict[Key, Row] = {}
        self._etags: dict[Key, str] = {}
        self._numbers = count(1)

    def list_entities(self) -> list[Row]:
        """Return all rows, in order of their keys."""
        return [self._rows[key] for key in sorted(self._rows)]

    def get_entity(self, partition: str, row: str) -> Entity:
        """Return one row."""
        key = (partition, row)
        if key not in self._rows:
            raise ResourceNotFoundError("There is no such row.")
        return self._entity(key)

    def query_entities(
        self, text: str, *, parameters: Mapping[str, str], **options: object
    ) -> Found:
        """Return the rows that match, in order of their keys; every row has all its columns."""
        del options
        terms = text.split(" and ")
        tests = [(m[1], _COMPARE[m[2]], parameters[m[3]]) for m in map(_term, terms)]
        return Found(
            [
                self._entity(key)
                for key in sorted(self._rows)
                if all(test(self._rows[key][name], value) for name, test, value in tests)
            ]
        )

    def create_entity(self, row: Row, **options: object) -> Row:
        """Insert a row."""
        del options
        return self._done([("create", row)])[0]

    def upsert_entity(self, row: Row, **options: object) -> Row:
        """Insert or replace a row."""
        return self._done([("upsert", row, options)])[0]

    def update_entity(self, row: Row, **options: object) -> Row:
        """Replace the version that was read."""
        return self._done([("update", row, options)])[0]

    def delete_entity(self, partition: str, row: str) -> None:
        """Delete a row; nothing happens if there is none."""
        self._forget((partition, row))

    def submit_transaction(self, operations: Iterable[tuple[Any, ...]]) -> list[Row]:
        """Do all operations, or none."""
        before = dict(self._rows), dict(self._etags)
        try:
            return self._done(operations)
        except tuple(_STATUS) as error:
            self._rows, self._etags = before
            failed = TableTransactionError(message=str(error))
            failed.status_code = _STATUS[type(error)]
            raise failed from error

    def _done(self, operations: Iterable[tuple[Any, ...]]) -> list[Row]:
        return [self._do(*each) for each in operations]

    def _do(self, verb: str, row: Row, options: Mapping[str, Any] | None = None) -> Row:
        key = (row["PartitionKey"], row["RowKey"])
        if verb == "create" and key in self._rows:
            raise ResourceExistsError("The row exists.")
        if verb in ("update", "delete"):
            self._refuse_other_version(key, (options or {})["etag"])
        if verb == "delete":
            self._forget(key)
            return {}
        # Numbers are never given twice: a row that was deleted and comes again is another version.
        self._rows[key], self._etags[key] = dict(row), str(next(self._numbers))
        self._on_write(row)
        return {"etag": self._etags[key]}

    def _refuse_other_version(self, key: Key, etag: str) -> None:
        if key not in self._rows:
            raise ResourceNotFoundError("There is no such row.")
        if self._etags[key] != etag:
            raise ResourceModifiedError("The row is another version by now.")

    def _forget(self, key: Key) -> None:
        self._rows.pop(key, None)
        self._etags.pop(key, None)

    def _entity(self, key: Key) -> Entity:
        return Entity(self._rows[key], self._etags[key])


class TableService:
    """Tables by name, each made when it is first asked for."""

    def __init__(self) -> None:
        self._tables: dict[str, MemoryTable] = {}
        self.on_write: Callable[[Row], None] = lambda _row: None
        """Told of every row that is written, as it is."""

    def table(self, name: str) -> MemoryTable:
        """Return a table."""
        if name not in self._tables:
            self._tables[name] = MemoryTable(self._tell)
        return self._tables[name]

    def _tell(self, row: Row) -> None:
        self.on_write(row)


def _term(text: str) -> re.Match[str]:
    found = _TERM.fullmatch(text)
    if found is None:
        raise NotImplementedError(f"A filter that no adapter has used so far: {text!r}.")
    return found
