"""The emulator's core alone: how long 1,000 whole drills take in virtual time.

    .venv/bin/python -m benchmarks.emulator_core [--drills 1000] [--rounds 5] [--no-write]

A drill is steady, power off, detection, failover, hold, start and failback: seven virtual minutes
of power operations, probes, verdicts, answers and truth, by the emulator's own code on a clock that
jumps from event to event. Promised: 1,000 in under 10 s. The exit code is 1 when it takes longer.
"""

import argparse
import statistics
import sys
import time

from benchmarks._results import Row, tell
from tests.emulator.virtual import drill, monitor

SECONDS_MAX = 10.0
SETTINGS = ((30, 10, 3), (10, 9, 3), (10, 5, 0))


def main() -> int:
    """Measure, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drills", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for settings in SETTINGS:
        took, events = [], 0
        for _ in range(arguments.rounds):
            began = time.process_time()
            events = sum(
                len(drill(monitor(*settings), seed).truth.events)
                for seed in range(arguments.drills)
            )
            took.append(time.process_time() - began)
        median = statistics.median(took)
        what = f"{arguments.drills:,} drills at {'/'.join(map(str, settings))}"
        shown = f"{median:.2f} s CPU, {events} events of truth"
        rows.append(Row(what, shown, f"less than {SECONDS_MAX:g} s", median < SECONDS_MAX))
    return tell("Emulator, whole drills", rows, write=not arguments.no_write)


if __name__ == "__main__":
    sys.exit(main())
