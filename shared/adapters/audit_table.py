"""The audit's chains in the timeline's table: created row by row, never changed.

Partition: the chain, which is the drill's id. Row keys: `!audit|99999998` for the first entry, then
downwards, so the newest sorts first and is found without reading the others. Two hosts cannot write
the same entry: the second is told that there is one.
"""

from collections.abc import Mapping
from typing import Any

from shared.adapters.tables import Row, Rows, Tables
from shared.core.samples import Act, Attempt, Entry, instant, rfc3339

KEY = "!audit|"
LAST = 99_999_999
"""An entry's number is taken from this; no chain grows as long."""
TEXTS = ("who", "fromWhere", "what", "subject", "detail", "previous", "hash")
COLUMNS = ("sequence", "doneAt", "outcome", *TEXTS)


class AuditTable:
    """Every chain's entries."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "timeline")

    def newest(self, chain: str) -> Entry | None:
        """Return a chain's newest entry, or None."""
        found = self._rows.between(chain, KEY, _after(KEY), top=1)
        return from_row(found[0]) if found else None

    def create(self, chain: str, entry: Entry) -> None:
        """Write an entry, or raise StaleRow if there is one of its number."""
        self._rows.create(to_row(chain, entry))

    def read(self, chain: str, since: int = 1) -> tuple[Entry, ...]:
        """Return a chain's entries from that number on, the oldest first."""
        rows = self._rows.between(chain, KEY, _after(_key(since)))
        return tuple(from_row(row) for row in reversed(rows))


def to_row(chain: str, entry: Entry) -> Row:
    """Return an entry as a row."""
    act = entry.act
    return {
        "PartitionKey": chain,
        "RowKey": _key(entry.sequence),
        "sequence": entry.sequence,
        # As text: what is hashed must come back letter by letter.
        "doneAt": rfc3339(act.at),
        "who": act.who,
        "fromWhere": act.where,
        "what": act.what,
        "subject": act.subject,
        "outcome": str(act.outcome),
        "detail": act.detail,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def from_row(row: Mapping[str, Any]) -> Entry:
    """Return the entry that a row holds; one that somebody has spoilt breaks the chain, no more.

    Its number is that of its key, so what is appended after a spoilt one has its place.
    """
    number = _number(row["RowKey"])
    try:
        act = _act(row)
        if row["sequence"] == number:
            return Entry(number, act, row["previous"], row["hash"])
    except (KeyError, TypeError, ValueError):
        pass
    spoilt = Act(at=0, who="", where="", what="unreadable", subject=row["RowKey"])
    return Entry(number, spoilt, "", "")


def _act(row: Mapping[str, Any]) -> Act:
    return Act(
        at=instant(row["doneAt"]),
        who=row["who"],
        where=row["fromWhere"],
        what=row["what"],
        subject=row["subject"],
        outcome=Attempt(row["outcome"]),
        detail=row["detail"],
    )


def _key(sequence: int) -> str:
    return f"{KEY}{LAST - sequence:08d}"


def _number(key: str) -> int:
    written = key.removeprefix(KEY)
    return LAST - int(written) if written.isdecimal() else 0


def _after(prefix: str) -> str:
    """Return what sorts right after everything that begins with the prefix."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"
