"""The promises of speed, measured: beside nsd and dnspython, on one core, a thousand drills."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {"nsd": "nsd", "dnsperf": "dnsperf"}  # program: Debian package
ABSENT = [
    package for tool, package in TOOLS.items() if not shutil.which(tool, path="/usr/sbin:/usr/bin")
]


def measure(name: str, *arguments: str) -> None:
    """Run a benchmark; it fails when its promise is missed."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    path = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.long
@pytest.mark.skipif(bool(ABSENT) and os.geteuid() != 0, reason=f"absent: install {ABSENT}")
def test_authoritative_answers_cost_little_more_than_nsds() -> None:
    """At most twice nsd's CPU, at least twenty times less than a dnspython loop's."""
    measure("emulator_dns", "--pairs", "5", "--seconds", "1")


@pytest.mark.long
def test_a_thousand_drills_take_less_than_ten_seconds() -> None:
    """The core alone, at three monitor settings."""
    measure("emulator_core", "--rounds", "1")


@pytest.mark.soak
def test_one_core_probes_a_thousand_profiles() -> None:
    """Two endpoints each, every ten seconds."""
    measure("emulator_probing")
