"""What benchmarks have in common: a table for the terminal and for RESULTS.md, machine named."""

import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# What was measured

Each section is written by `./dev bench`; ratios tell more than times do.
"""


class Row(NamedTuple):
    """Something that was measured; `holds` is None where nothing was promised of it."""

    what: str
    measured: str
    promised: str = ""
    holds: bool | None = None


def ratios(of: Sequence[float], to: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, least and greatest ratio of pairs that were measured together."""
    each = [one / other for one, other in zip(of, to, strict=True)]
    return statistics.median(each), min(each), max(each)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def machine() -> str:
    """Return what this was measured on, in one line."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} CPUs, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}, {time.strftime('%Y-%m-%d')}"
    )


def tell(name: str, rows: Sequence[Row], *, write: bool) -> int:
    """Print the rows, write them to RESULTS.md if wanted, and return 1 if a promise is broken."""
    width = max(len(row.what) for row in rows)
    for row in rows:
        verdict = {True: "holds", False: "MISSED", None: ""}[row.holds]
        print(f"  {row.what:<{width}}  {row.measured:<34} {row.promised:<22} {verdict}".rstrip())
    if write:
        write_section(name, rows)
    return int(any(row.holds is False for row in rows))


def write_section(name: str, rows: Sequence[Row]) -> None:
    """Put the rows in place of what RESULTS.md said under that name before."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else HEAD
    before, _, rest = text.partition(f"\n## {name}\n")
    _, mark, after = rest.partition("\n## ")
    lines = [
        f"\n## {name}\n",
        f"{machine()}\n",
        "| what | measured | promised | |",
        "|---|---|---|---|",
    ]
    for row in rows:
        verdict = {True: "holds", False: "**missed**", None: ""}[row.holds]
        lines.append(f"| {row.what} | {row.measured} | {row.promised} | {verdict} |")
    FILE.write_text(before + "\n".join(lines) + "\n" + mark + after, encoding="utf-8")
