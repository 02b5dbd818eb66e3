"""`python -m emulator`: starts, says where, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 10.0  # a busy machine; alone it takes less than half a second
STOP_SECONDS_MAX = 2.0


class Process:
    """An emulator as `./dev` starts it."""

    def __init__(self, ready: Path, *arguments: str) -> None:
        clock = f"2026-11-22T09:00:00Z@{time.monotonic()}*20"
        self.ready_file = ready
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--ready", str(ready), *arguments],
            cwd=ROOT,
            env=os.environ | {"CLOCK": clock},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ready(self) -> dict[str, object]:
        """Return the ready file, once it is there."""
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while not self.ready_file.exists() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        loaded: dict[str, object] = json.loads(self.ready_file.read_text())
        return loaded

    def wait(self) -> tuple[int, bytes]:
        """Return exit code and complaints."""
        _, complaints = self.popen.communicate(timeout=STOP_SECONDS_MAX)
        return self.popen.returncode, complaints


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Process]:
    """A process that ends with its standard input."""
    process = Process(tmp_path / "ready.json", "--exit-with-stdin")
    yield process
    process.popen.kill()
    process.popen.communicate()


def test_the_ready_file_says_where_everything_is(started: Process) -> None:
    """Every member of the contract, and each is served when the file is there."""
    ready = started.ready()

    assert set(ready) == {
        "arm",
        "armHttps",
        "caFile",
        "tenantId",
        "identityEndpoint",
        "identityHeader",
        "subscriptionId",
        "authoritative",
        "publicIpZone",
        "resolvers",
        "connectTo",
    }
    truth = httpx2.get(f"{ready['arm']}/emulator/truth")
    assert truth.json() == {"events": []}
    vm = str(ready["connectTo"]).partition("=")[2].partition(",")[0]
    assert httpx2.get(f"http://{vm}/").headers["x-served-by"] == "virginia-vm"
    assert ready["caFile"] == str(started.ready_file.with_suffix(".ca.pem"))
    assert {file.name for file in started.ready_file.parent.iterdir()} == {
        "ready.json",
        "ready.ca.pem",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(started: Process, number: signal.Signals) -> None:
    """Exit code 0, nothing to say, also with a client that keeps its connection."""
    with httpx2.Client() as client:
        client.get(f"{started.ready()['arm']}/emulator/truth")
        started.popen.send_signal(number)

        assert started.wait() == (0, b"")


def test_it_ends_with_its_standard_input(started: Process) -> None:
    """So that nothing outlives whoever started it, however they ended."""
    started.ready()

    assert started.popen.stdin is not None
    started.popen.stdin.close()
    started.popen.stdin = None

    assert started.wait() == (0, b"")


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    """Exit code 2 and a sentence."""
    process = Process(tmp_path / "ready.json", "--topology", str(tmp_path / "missing.json"))

    code, complaints = process.wait()

    assert code == 2
    assert b"missing.json" in complaints
