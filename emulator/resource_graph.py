"""Azure Resource Graph's query language, as far as tools use it to find a machine; pure.

`Resources | where type =~ '…' and name == '…' | project id, name | limit 10`: equalities joined by
`and`, projections and limits. Everything else raises Unsupported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Row = dict[str, object]

COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId",
    "managedBy", "sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation",
)  # fmt: skip
_OBJECTS = {"sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}
_LOWER = ("type", "resourceGroup")  # as Resource Graph keeps them
_QUERY_MAX = 10_000  # characters
_PIPE = re.compile(r"""\|(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""")
_AND = re.compile(r"""\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", re.IGNORECASE)
_TERM = re.compile(r"""(?P<column>\w+)\s*(?P<sign>=~|==|!~|!=)\s*(?P<value>'[^']*'|"[^"]*")""")


class Unsupported(Exception):
    """A part of the language that is not emulated."""


@dataclass(slots=True)
class Query:
    """What is asked for."""

    terms: list[tuple[str, str, str]] = field(default_factory=list)
    columns: tuple[str, ...] = COLUMNS
    limit: int | None = None

    def run(self, bodies: Iterable[Mapping[str, object]], subscription: str) -> list[Row]:
        """Return the rows that match."""
        rows = [_row(body, subscription) for body in bodies]
        found = [row for row in rows if all(_holds(row, *term) for term in self.terms)]
        return [{c: row[c] for c in self.columns} for row in found[: self.limit]]


def parse(text: str) -> Query:
    """Read a query, or raise Unsupported."""
    if len(text) > _QUERY_MAX:
        raise Unsupported("a query of more than 10,000 characters")
    table, *steps = [step.strip() for step in _PIPE.split(text)]
    if table.lower() != "resources":
        raise Unsupported(f"the table '{table}'")
    query = Query()
    for step in steps:
        word, _, rest = step.partition(" ")
        take = _STEPS.get(word.lower())
        if take is None:
            raise Unsupported(f"'{word}'")
        take(query, rest.strip())
    return query


def _where(query: Query, text: str) -> None:
    for part in _AND.split(text):
        match = _TERM.fullmatch(part.strip().removeprefix("(").removesuffix(")"))
        if match is None:
            raise Unsupported(f"the condition '{part}'")
        query.terms.append((_column(match["column"]), match["sign"], match["value"][1:-1]))


def _project(query: Query, text: str) -> None:
    query.columns = tuple(_column(name.strip()) for name in text.split(","))


def _limit(query: Query, text: str) -> None:
    if not text.isdecimal():
        raise Unsupported(f"the limit '{text}'")
    query.limit = int(text)


_STEPS = {"where": _where, "project": _project, "limit": _limit, "take": _limit}


def _column(name: str) -> str:
    found = next((c for c in COLUMNS if c.lower() == name.lower()), None)
    if found is None:
        raise Unsupported(f"the column '{name}'")
    return found


def _row(body: Mapping[str, object], subscription: str) -> Row:
    group = str(body["id"]).split("/")[4]
    known = {**body, "resourceGroup": group, "subscriptionId": subscription}
    row: Row = {column: known.get(column, None if column in _OBJECTS else "") for column in COLUMNS}
    return row | {column: str(row[column]).lower() for column in _LOWER}


def _holds(row: Row, column: str, sign: str, value: str) -> bool:
    """Whether one condition holds; a tilde compares without regard to case."""
    ours = str(row[column])
    if sign.endswith("~"):
        ours, value = ours.lower(), value.lower()
    return (ours == value) is not sign.startswith("!")


def as_table(rows: list[Row], columns: Iterable[str]) -> dict[str, object]:
    """Return rows in the older form: columns with their types, and lists of values."""
    names = list(columns)
    described = [{"name": n, "type": "object" if n in _OBJECTS else "string"} for n in names]
    return {"columns": described, "rows": [[row[n] for n in names] for row in rows]}
