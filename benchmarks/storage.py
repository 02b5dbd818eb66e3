"""What storing and reading samples costs: packed rows beside a row for each sample.

    .venv/bin/python -m benchmarks.storage [--pairs 7] [--drills 100] [--no-write]

Both in the same run, against Azurite, by the same SDK: a row for each sample goes in transactions
of a hundred, which is the cheapest way to write them. Then the reports of an hour's drills of a
hundred profiles, read from the table, in a process of their own. Exit code 1 if one is missed.
"""

import argparse
import gc
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from azure.data.tables import TableClient, UpdateMode  # noqa: TID251 (the real service)

from benchmarks import _hour
from benchmarks._results import Row, ratios, tell
from benchmarks._stored import OnTables, stored_bytes
from devtools import paths
from devtools.processes import Children
from devtools.storage import Azurite
from shared.adapters.drill_table import to_row
from shared.adapters.tables import TRANSACTION_ROWS_MAX
from shared.adapters.timeline_table import TimelineTable, to_window_row
from shared.core.grid import interval_ms
from shared.core.packed import TENTHS
from shared.core.samples import EPOCH, Sample

MINUTES = 20
"""Of one drill, in each pair."""
WRITES_A_MINUTE = 6
"""While a minute is open its row grows every ten seconds."""
SEEDS = 5
"""Different hours; the drills of the report are these, again and again."""
ENTITIES_MIN, BYTES_MIN, CPU_MIN = 100, 50, 100
CPU_SECONDS_MAX, MEGABYTES_MAX = 2.0, 300
Json = dict[str, Any]


def main() -> int:
    """Measure, print, and say whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--drills", type=int, default=100)
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    with Children() as children, tempfile.TemporaryDirectory() as folder:
        azurite = Azurite.start(children, Path(folder), log_name="bench-azurite")
        rows = [
            *compared(azurite.connection, arguments.pairs),
            *reported(azurite.connection, arguments.drills),
        ]
    return tell("Storage", rows, write=not arguments.no_write)


# -- packed rows beside a row for each sample ------------------------------------------------------


def compared(connection: str, pairs: int) -> list[Row]:
    """Return rows that set packed rows beside a row for each sample."""
    tables = OnTables(connection, f"bench{secrets.token_hex(6)}")
    taken = _hour.samples(0, 60 * MINUTES)
    minutes = _hour.minutes(taken)
    single = [to_single_row("d", number, sample) for number, sample in enumerate(taken)]
    packed = [to_window_row("d", start, "w", of_it) for start, of_it in minutes]
    timeline, plain = TimelineTable(tables), tables.table("plain")
    every_ms = partial(interval_ms, sample_interval_seconds=1)
    # As the sampler does when a drill opens: the collector need not look at what stays anyway.
    gc.collect()
    gc.freeze()
    costs: dict[str, list[float]] = defaultdict(list)
    for pair in range(pairs + 1):
        name = f"d{pair}"
        told = {
            "once": cpu(write_packed, timeline, name, minutes, 1),
            "single": cpu(write_single, plain, name, single),
            "grown": cpu(write_packed, timeline, f"{name}g", minutes, WRITES_A_MINUTE),
            "whole": cpu(timeline.read, name),
            "needed": cpu(timeline.read_thinned, name, every_ms, ()),
            "out": cpu(read_single, plain, name),
        }
        for key, seconds in told.items() if pair else ():  # the first one warms
            costs[key].append(seconds)
    return [
        *sizes(packed, single),
        cost("client CPU, each minute written once", costs["single"], costs["once"], len(taken)),
        replaced(
            cost("… as the sampler writes it, growing", costs["single"], costs["grown"], len(taken))
        ),
        cost("… read back for a report", costs["out"], costs["needed"], len(taken)),
        replaced(cost("… read back, every sample", costs["out"], costs["whole"], len(taken))),
    ]


def sizes(packed: Sequence[Json], single: Sequence[Json]) -> list[Row]:
    """Return rows of how many entities there are, and how large."""
    fewer = len(single) / len(packed)
    octets = [sum(map(stored_bytes, rows)) for rows in (single, packed)]
    smaller = octets[0] / octets[1]
    each = [octet / len(single) for octet in octets]
    return [
        Row(
            "entities", f"{fewer:.0f} x fewer", f"at least {ENTITIES_MIN} x", fewer >= ENTITIES_MIN
        ),
        Row(
            "bytes stored, by Azure's formula",
            f"{smaller:.0f} x fewer ({each[1]:.1f} of {each[0]:.0f} a sample)",
            f"at least {BYTES_MIN} x",
            smaller >= BYTES_MIN,
        ),
    ]


def cost(what: str, single: Sequence[float], ours: Sequence[float], samples: int) -> Row:
    """Return a row of how many times less it costs."""
    median, least, most = ratios(single, ours)
    each = statistics.median(ours) / samples * 1e6
    shown = f"{median:.0f} x less ({least:.0f} to {most:.0f}), {each:.2f} µs a sample"
    return Row(what, shown, f"at least {CPU_MIN} x", median >= CPU_MIN)


def replaced(row: Row) -> Row:
    """Return a row of which nothing was promised."""
    return row._replace(promised="", holds=None)


def cpu(do: Callable[..., object], *words: object) -> float:
    """Return the processor seconds that it takes this process."""
    began = time.process_time()
    do(*words)
    return time.process_time() - began


def write_packed(
    timeline: TimelineTable,
    drill_id: str,
    minutes: Sequence[tuple[int, tuple[Sample, ...]]],
    writes: int,
) -> None:
    """Write minutes as the sampler does: all of it so far, so often."""
    for start, of_it in minutes:
        for write in range(1, writes + 1):
            timeline.write_window(drill_id, start, "w", of_it[: len(of_it) * write // writes])


def to_single_row(drill_id: str, number: int, sample: Sample) -> Json:
    """Return a sample as a row that says by itself all that a person looks for: 13 properties."""
    kind, _, vantage = sample.series.rpartition("/")
    return {
        "PartitionKey": drill_id,
        "RowKey": f"{sample.asked_at}|{number:06d}",
        "series": sample.series,
        "kind": kind,
        "vantage": vantage,
        "askedAt": EPOCH + timedelta(milliseconds=sample.asked_at),
        "answeredAt": EPOCH + timedelta(milliseconds=sample.answered_at),
        "latencyMs": (sample.took_tenths or 0) / TENTHS,
        "outcome": str(sample.outcome),
        "answer": sample.answer,
        "endpoint": _hour.drill("d").snapshot.endpoint_named(sample.answer) or "",
        "code": sample.code or 0,
        "ttlSeconds": sample.ttl_seconds or 0,
        "detail": sample.detail,
        "writer": sample.writer,
    }


def write_single(table: TableClient, drill_id: str, rows: Sequence[Json]) -> None:
    """Write a row for each sample, a hundred at a time."""
    for at in range(0, len(rows), TRANSACTION_ROWS_MAX):
        some = [row | {"PartitionKey": drill_id} for row in rows[at : at + TRANSACTION_ROWS_MAX]]
        table.submit_transaction([("upsert", row, {"mode": UpdateMode.REPLACE}) for row in some])


def read_single(table: TableClient, drill_id: str) -> int:
    """Read them all."""
    found = table.query_entities("PartitionKey eq @p", parameters={"p": drill_id})
    return sum(1 for _ in found)


# -- reports -----------------------------------------------------------------------------------


def reported(connection: str, drills: int) -> list[Row]:
    """Return rows of what the reports of so many drills cost."""
    prefix = f"bench{secrets.token_hex(6)}"
    tables = OnTables(connection, prefix)
    hours = [_hour.rows("d", _hour.samples(seed)) for seed in range(SEEDS)]
    drill_ids = [f"drill-{number}" for number in range(drills)]
    for number, drill_id in enumerate(drill_ids):
        rows = [row | {"PartitionKey": drill_id} for row in hours[number % SEEDS]]
        put_all(tables.table("timeline"), rows)
        put_all(tables.table("drills"), [to_row(_hour.drill(drill_id))])
    command = [str(paths.PYTHON), "-m", "benchmarks._reported", connection, prefix, *drill_ids]
    runs = [json.loads(run(command)) for _ in range(3)]
    told = sorted(runs, key=lambda each: each["cpu"])[1]
    if told["missing"]:
        raise RuntimeError(f"Milestones were not found: {told}.")
    what = f"{drills} reports of an hour, {told['samples'] / 1e6:.2f} M samples"
    return [
        Row(
            f"{what}: CPU",
            f"{told['cpu']:.2f} s ({told['cpu'] / told['samples'] * 1e6:.2f} µs a sample)",
            f"at most {CPU_SECONDS_MAX:.0f} s",
            told["cpu"] <= CPU_SECONDS_MAX,
        ),
        Row("… on the wall, one after the other", f"{told['seconds']:.2f} s"),
        Row(
            "… memory at its peak",
            f"{told['megabytes']:.0f} MB",
            f"at most {MEGABYTES_MAX} MB",
            told["megabytes"] <= MEGABYTES_MAX,
        ),
    ]


def put_all(table: TableClient, rows: Sequence[Json]) -> None:
    """Write rows of one partition."""
    for at in range(0, len(rows), TRANSACTION_ROWS_MAX):
        some = rows[at : at + TRANSACTION_ROWS_MAX]
        table.submit_transaction([("upsert", row, {"mode": UpdateMode.REPLACE}) for row in some])


def run(command: Sequence[str]) -> str:
    """Return what a process of our own tells."""
    done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
