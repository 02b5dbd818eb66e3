"""Undo records in Table storage: `open|{drill}|{n}` until verified, then `closed|{drill}|{n}`.

The key of a record is its drill, its resource and its fault, so two hosts cannot commit it twice;
closing moves the row in one transaction, so the watchdog reads open records and no history. A row
`claim|{drill}|{n}` stays as long as its drill is kept.
"""

import logging
from dataclasses import replace
from hashlib import sha256

from shared.adapters.codec import from_json, to_json
from shared.adapters.tables import Row, Rows, Tables, creating, deleting, joined_text, split_text
from shared.core.model import UndoRecord
from shared.core.samples import rfc3339

log = logging.getLogger(__name__)

PARTITION = "ledger"


class UndoTable:
    """The ledger's records."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "ledger")

    def of_drill(self, drill_id: str) -> tuple[UndoRecord, ...]:
        """Return a drill's records, closed ones too."""
        prefixes = (f"open|{drill_id}|", f"closed|{drill_id}|")
        return tuple(record for prefix in prefixes for record in self._below(prefix))

    def open(self) -> tuple[UndoRecord, ...]:
        """Return every open record."""
        return self._below("open|")

    def create(self, record: UndoRecord) -> UndoRecord:
        """Commit a new record, or raise StaleRow if there is one, or was one that is closed."""
        # The claim stays when the record moves: a host that froze here must not open it anew.
        claim = {"PartitionKey": PARTITION, "RowKey": _key("claim", record)}
        etags = self._rows.together(creating(_to_row(record)), creating(claim))
        return replace(record, version=etags[0])

    def save(self, record: UndoRecord) -> UndoRecord:
        """Replace the version that was read, or raise StaleRow; a closed record moves away."""
        if record.is_open:
            return replace(record, version=self._rows.replace(_to_row(record), record.version))
        was = {"PartitionKey": PARTITION, "RowKey": _key("open", record)}
        self._rows.together(deleting(was, record.version), creating(_to_row(record)))
        return record

    def reopen(self, record: UndoRecord) -> UndoRecord:
        """Move a closed record back among the open ones, or raise StaleRow."""
        was = {"PartitionKey": PARTITION, "RowKey": _key("closed", record)}
        etags = self._rows.together(deleting(was, record.version), creating(_to_row(record)))
        return replace(record, version=etags[1])

    def _below(self, prefix: str) -> tuple[UndoRecord, ...]:
        rows = self._rows.between(PARTITION, prefix, prefix[:-1] + "}")
        read = [_readable(row) for row in rows]
        return tuple(record for record in read if record is not None)


def _key(state: str, record: UndoRecord) -> str:
    # A resource id has slashes, which no key may hold; two settings of one resource are two things.
    what = f"{record.resource.lower()}|{record.fault}"
    short = sha256(what.encode()).hexdigest()[:16]
    return f"{state}|{record.drill_id}|{short}"


def _to_row(record: UndoRecord) -> Row:
    return {
        "PartitionKey": PARTITION,
        "RowKey": _key("open" if record.is_open else "closed", record),
        "resource": record.resource,
        "operation": record.operation,
        "restore_by": rfc3339(record.restore_by),
        "sent_count": record.sent_count,
        **split_text("state", to_json(replace(record, version=""))),
    }


def _readable(row: Row) -> UndoRecord | None:
    """One row that cannot be read must not keep the watchdog from the others."""
    try:
        return _from_row(row)
    except (ValueError, KeyError, TypeError):
        log.exception("undo row unreadable row=%s", row["RowKey"])
        return None


def _from_row(row: Row) -> UndoRecord:
    return replace(from_json(UndoRecord, joined_text("state", row)), version=row["etag"])
