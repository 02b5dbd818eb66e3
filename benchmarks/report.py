"""How long the report of a one-hour drill takes: one profile, every series every second.

`python -m benchmarks.report`, in the checkout's environment. The samples are made up but go
through what real ones go through: packed rows, unpacked, judged, rendered. Reading the rows from
Table storage comes on top where TABLES_CONNECTION names a Table service.
"""

import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any, ClassVar

from azure.data.tables import TableClient, TableServiceClient  # noqa: TID251 (the real service)

from benchmarks._results import Row, tell
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import (
    MINUTE_MS,
    TimelineTable,
    to_action_row,
    to_timeline,
    to_transition_row,
    to_window_row,
)
from shared.core.grid import interval_ms
from shared.core.model import Drill
from shared.core.report import build_report
from shared.core.samples import Timeline
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from tests.support.drills import at
from tests.support.worlds import Sampler, World, a_finished_drill, timeline

HOUR_SECONDS = 3_600.0
ROUNDS = 7
LIMIT_MILLISECONDS = 100
Rows = list[dict[str, object]]


def main() -> int:
    """Print how long each step takes, and say whether the promise holds."""
    recorded = timeline(an_hour(), Sampler(jitter_seconds=0.02))
    drill = replace(a_finished_drill(), closed_at=at(HOUR_SECONDS))
    rows = rows_of(drill.id, recorded)
    whole, needed = to_timeline(rows), what_it_needs(drill, rows)
    report = build_report(drill, needed)
    if report != build_report(drill, whole):
        raise RuntimeError("The report of what it needs is not the report of all.")
    steps: dict[str, Callable[[], object]] = {
        "unpack what it needs": lambda: what_it_needs(drill, rows),
        "judge": lambda: build_report(drill, needed),
        "render JSON": lambda: json.dumps(to_wire(report)),
    }
    beside: dict[str, Callable[[], object]] = {
        "render Markdown": lambda: to_markdown(report),
        "unpack all": lambda: to_timeline(rows),
        "judge all": lambda: build_report(drill, whole),
    }
    took = {name: milliseconds(step) for name, step in (steps | beside).items()}
    total = sum(took[name] for name in steps)
    told = [Row(name, f"{each:.1f} ms") for name, each in took.items()]
    size = f"{len(whole.samples)} samples in {packed_octets(rows):,} octets"
    limit = f"at most {LIMIT_MILLISECONDS} ms"
    told += [Row(size, f"{len(needed.samples)} needed")]
    told += [Row("report as JSON", f"{total:.1f} ms", limit, total <= LIMIT_MILLISECONDS)]
    if connection := os.environ.get("TABLES_CONNECTION"):
        took_read = read_milliseconds(connection, drill.id, rows)
        told.append(Row("read from the table and unpack all", f"{took_read:.1f} ms"))
    return tell("Report", told, write="--no-write" not in sys.argv)


def what_it_needs(drill: Drill, rows: Rows) -> Timeline:
    """Return the timeline as a report reads it."""
    table = TimelineTable(InMemory(rows))
    every_ms = partial(interval_ms, sample_interval_seconds=drill.plan.sample_interval_seconds)
    return table.read_thinned(drill.id, every_ms, (drill.started_at, at(HOUR_SECONDS)))


def an_hour() -> World:
    """Return the lab's drill with a failover that is held until the hour is nearly over."""
    world = World()
    later = HOUR_SECONDS - world.end
    back = ("restore_sent", "restore_accepted", "restore_answered", "running", "serving")
    names = (*back, "online", "authoritative_back", "resolver_back", "end")
    return replace(world, **{name: getattr(world, name) + later for name in names})


def rows_of(drill_id: str, recorded: Timeline) -> Rows:
    """Return the timeline as its rows, in the order of their keys."""
    rows = [
        to_window_row(drill_id, minute * MINUTE_MS, "bench", tuple(samples))
        for minute, samples in groupby(recorded.samples, lambda s: s.asked_at // MINUTE_MS)
    ]
    rows += [to_action_row(drill_id, action) for action in recorded.actions]
    rows += [to_transition_row(drill_id, transition) for transition in recorded.transitions]
    return sorted(rows, key=lambda row: str(row["RowKey"]))


def packed_octets(rows: Sequence[dict[str, object]]) -> int:
    """How much of the rows is samples."""
    return sum(len(value) for row in rows for value in row.values() if isinstance(value, bytes))


def milliseconds(step: Callable[[], object]) -> float:
    """Return the median of several rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        step()
        took.append(1_000 * (time.perf_counter() - began))
    return statistics.median(took)


class Entity(dict[str, object]):
    """A row as the client returns it."""

    metadata: ClassVar[dict[str, str]] = {"etag": ""}


class InMemory(Tables):
    """A table that is read from memory, so that reading costs nothing."""

    def __init__(self, rows: Rows) -> None:
        self._found = [Entity(row) for row in rows]

    def table(self, name: str) -> Any:  # noqa: ANN401 - as much of a client as is asked for
        """Return itself."""
        del name
        return self

    def query_entities(self, *asked: object, **options: object) -> "InMemory":
        """Find everything."""
        del asked, options
        return self

    def by_page(self) -> list[list[Entity]]:
        """Return it as one page."""
        return [self._found]


class OneTable(Tables):
    """A table of the benchmark's own, whatever it is asked for as."""

    def __init__(self, table: TableClient) -> None:
        self._only = table

    def table(self, name: str) -> TableClient:
        """Return the table."""
        del name
        return self._only


def read_milliseconds(connection: str, drill_id: str, rows: Rows) -> float:
    """Return how long the same rows take from the Table service."""
    with TableServiceClient.from_connection_string(connection) as service:
        table = service.create_table(f"bench{secrets.token_hex(8)}")
        try:
            for row in rows:
                table.upsert_entity(row)
            return milliseconds(lambda: TimelineTable(OneTable(table)).read(drill_id))
        finally:
            service.delete_table(table.table_name)


if __name__ == "__main__":
    sys.exit(main())
