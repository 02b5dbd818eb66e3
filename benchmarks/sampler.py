"""What sampling costs: CPU per sample, whether a second is missed, how true latencies are.

    .venv/bin/python -m benchmarks.sampler [--pairs 5] [--seconds 5] [--minute 60] [--no-write]

100 profiles x (6 DNS questions + 2 health requests) at 1 Hz, over new connections, by the product's
samplers on one core, and the same probes by blackbox_exporter on the same core, in turn; the
targets have the other one. Then 1,000 profiles by the whole service, and 600 questions at once to a
server that says in its answers how long it took. Exit code 1 when a promise is missed.

Every figure is the median of its rounds, and so it is judged.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _blackbox
from benchmarks._results import Row, percentile, ratios, tell
from benchmarks._sampled import HOSTS, SERVERS
from benchmarks._targets import ROOT, certificate, target

PROFILES, MANY_PROFILES = 100, 1_000
PROBES = 8
SAMPLER_CORE, TARGET_CORE = 0, 1
RATIO_MIN, TLS_RATIO_MIN = 15.0, 2.0
CORE_SHARE_MAX = 0.03
MEGABYTES_MAX = 300
LATENCY_MS_MAX = 0.5
SPREAD_SECONDS = 0.9
"""Over which blackbox_exporter is asked, of every second."""
GOOD_SHARE_MIN = 0.99


def in_a_process(what: str, *words: object) -> dict[str, Any]:
    """Run one of our own parts alone on the sampler's core, and return what it tells."""
    command = ["taskset", "-c", str(SAMPLER_CORE), sys.executable, "-m", "benchmarks._sampled"]
    done = subprocess.run(
        [*command, what, *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def targets(scheme: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The servers that are asked, within the block; the ports of DNS and of HTTP."""
    more = certificate(folder) if scheme == "https" else ""
    with ExitStack() as stack:
        dns_port = stack.enter_context(target("dns", *SERVERS, core=TARGET_CORE))
        web = target(scheme, *HOSTS, core=TARGET_CORE, more=more)
        yield dns_port, stack.enter_context(web)


class Costs(NamedTuple):
    """CPU seconds per sample, pair by pair: ours, blackbox_exporter's, and its in a burst."""

    ours: list[float]
    theirs: list[float]
    in_burst: list[float]


def compare(scheme: str, pairs: int, seconds: int) -> Costs:
    """Return what sampling costs us and, if it is installed, blackbox_exporter."""
    costs = Costs([], [], [])
    with tempfile.TemporaryDirectory() as name, targets(scheme, Path(name)) as ports:
        for _ in range(pairs):
            told = in_a_process("samplers", PROFILES, *ports, scheme, seconds)
            if told["good"] != PROFILES * PROBES * seconds:
                raise RuntimeError(f"Samples failed or were not taken: {told}.")
            costs.ours.append(told["cpu"] / told["asked"])
            if _blackbox.program() is not None:
                spread, in_burst = _their_costs(scheme, ports, Path(name), seconds)
                costs.theirs.append(spread)
                costs.in_burst.append(in_burst)
    return costs


def share_of_a_core(costs: Costs) -> Row:
    """Return the row of what 100 profiles take at 1 Hz."""
    shares = [cost * PROFILES * PROBES for cost in costs.ours]
    shown = _range([100 * share for share in shares], "%")
    limit = f"at most {CORE_SHARE_MAX:.0%}"
    holds = statistics.median(shares) <= CORE_SHARE_MAX
    return Row("100 profiles at 1 Hz, of a core", shown, limit, holds)


def beside_blackbox(scheme: str, costs: Costs, promised: float) -> list[Row]:
    """Return rows that set our CPU beside blackbox_exporter's."""
    rows = [Row(f"{scheme}: CPU per sample", _range([cost * 1e6 for cost in costs.ours], "µs"))]
    if not costs.theirs:
        why = f"skipped: apt-get install {_blackbox.PACKAGE}"
        return [*rows, Row(f"{scheme}: blackbox_exporter", why)]
    median, least, most = ratios(costs.theirs, costs.ours)
    shown = f"{median:.1f} ({least:.1f} to {most:.1f})"
    burst = "{:.1f} ({:.1f} to {:.1f})".format(*ratios(costs.in_burst, costs.ours))
    theirs = _range([cost * 1e6 for cost in costs.theirs], "µs")
    return [
        *rows,
        Row(f"{scheme}: blackbox_exporter's", theirs),
        Row(f"{scheme}: ratio", shown, f"at least {promised:.0f}", median >= promised),
        Row("… were it asked in one burst", burst),
    ]


def _range(values: list[float], unit: str) -> str:
    return f"{statistics.median(values):.1f} {unit} ({min(values):.1f} to {max(values):.1f})"


def _their_costs(
    scheme: str, ports: tuple[int, int], folder: Path, seconds: int
) -> tuple[float, float]:
    """Return blackbox_exporter's CPU seconds per probe, of the same probes at 1 Hz.

    First spread over each second, as Prometheus asks it; then all in one burst.
    """
    names = [f"p{number}.trafficmanager.net" for number in range(PROFILES)]
    probes = [(f"dns_{name}", f"{server}:{ports[0]}") for name in names for server in SERVERS]
    probes += [
        ("http", f"{scheme}://{HOSTS[number % len(HOSTS)]}:{ports[1]}/")
        for number in range(2 * PROFILES)
    ]
    with _blackbox.blackbox(names, folder, SAMPLER_CORE) as exporter:
        exporter.probe(probes, 0)  # warm
        return (
            _their_cost(exporter, probes, seconds, SPREAD_SECONDS),
            _their_cost(exporter, probes, seconds, 0),
        )


def _their_cost(
    exporter: _blackbox.Blackbox, probes: list[_blackbox.Probe], seconds: int, spread: float
) -> float:
    before, good = exporter.cpu_seconds(), 0
    for _ in range(seconds):
        time.sleep(1 - time.time() % 1)
        good += exporter.probe(probes, spread)
    if good < len(probes) * seconds * GOOD_SHARE_MIN:
        raise RuntimeError(f"blackbox_exporter's probes fail: {good} of {len(probes) * seconds}.")
    return (exporter.cpu_seconds() - before) / (len(probes) * seconds)


def many(seconds: int) -> list[Row]:
    """Return rows of 1,000 profiles at 1 Hz."""
    with tempfile.TemporaryDirectory() as name, targets("http", Path(name)) as ports:
        told = in_a_process("service", MANY_PROFILES, *ports, "http", seconds)
    expected = MANY_PROFILES * PROBES * seconds
    missed = f"{told['gaps']} gaps, {expected - told['slots']} of {expected} slots missed"
    return [
        Row("1,000 profiles at 1 Hz, one core", missed, "no gap", told["gaps"] == 0),
        Row("… samples that failed", f"{told['asked'] - told['good']}"),
        Row("… CPU of the core, whole service", f"{told['cpu'] / seconds:.1%}"),
        Row(
            "… memory at its peak",
            f"{told['megabytes']:.0f} MB",
            f"less than {MEGABYTES_MAX} MB",
            told["megabytes"] < MEGABYTES_MAX,
        ),
    ]


def latency() -> list[Row]:
    """Return rows of how far reported latencies are off, with 600 questions in a tick."""
    with target("late-dns", *SERVERS, core=TARGET_CORE) as port:
        told = in_a_process("latency", PROFILES, port, 0, "http", 0)
    rows = []
    for name, key in (("latency error", "ours"), ("… of dnspython's asyncquery", "naive")):
        middle, far = (percentile([abs(off) for off in told[key]], p) for p in (50, 99))
        promised = (f"p50 at most {LATENCY_MS_MAX} ms", middle <= LATENCY_MS_MAX)
        shown = f"p50 {middle:.2f} ms, p99 {far:.2f} ms"
        rows.append(Row(name, shown, *(promised if key == "ours" else ())))
    return rows


def main() -> int:
    """Measure, print, and say whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--minute", type=int, default=60)
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    if (os.cpu_count() or 1) <= TARGET_CORE:
        sys.stderr.write("Needs two cores: one to sample on, one to be sampled.\n")
        return 2
    plain = compare("http", arguments.pairs, arguments.seconds)
    secure = compare("https", arguments.pairs, arguments.seconds)
    rows = [
        share_of_a_core(plain),
        *beside_blackbox("http", plain, RATIO_MIN),
        *beside_blackbox("https", secure, TLS_RATIO_MIN),
        *latency(),
        *many(arguments.minute),
    ]
    return tell("Sampler", rows, write=not arguments.no_write)


if __name__ == "__main__":
    sys.exit(main())
