"""What the function host takes: memory after a drill, and time until it answers."""

import time
from pathlib import Path

import pytest

from tests.support.lab import QUICK_PLAN, Lab

pytestmark = pytest.mark.long

RSS_MEGABYTES_MAX = 150
START_SECONDS_MAX = 2.0
STARTS = 3  # the quickest counts: anything else may have kept the machine busy


def peak_megabytes(pid: int) -> float:
    """The most memory that a process has held so far."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def test_the_host_stays_small(lab: Lab) -> None:
    """A whole drill and its report later, the host has never held 150 MB."""
    lab.start_drill("small", QUICK_PLAN)
    lab.wait_closed("small", 2_000)
    lab.report("small")
    assert peak_megabytes(lab.host.process.pid) < RSS_MEGABYTES_MAX


def test_the_host_answers_soon(lab: Lab) -> None:
    """From its start to the answer to a first request, two seconds are enough."""
    took = []
    for _ in range(STARTS):
        lab.stack.children.forget(lab.host)
        began = time.monotonic()
        lab.start_host()
        lab.must("GET", "/profiles")
        took.append(time.monotonic() - began)
    assert min(took) < START_SECONDS_MAX
