"""The local stack on real sockets: its function app comes back, and nothing stays behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import paths, stack
from devtools.client import Client
from devtools.processes import Children, Failed
from tests.devtools.test_processes import PATIENCE_SECONDS, ROOT, is_alive, until

pytestmark = pytest.mark.skipif(
    not (paths.AZURITE_TABLE.exists() and paths.PYTHON.exists()),
    reason="the stack runs from what ./dev has set up",
)

# What `./dev up` does, with tables of its own.
UP = """
import json, sys, time
from pathlib import Path
from devtools import stack
from devtools.processes import Children, interrupt_on_signals
interrupt_on_signals()
with Children() as children:
    started = stack.start(children, stack.Options("pytest", 20.0), Path(sys.argv[1]))
    print(json.dumps([child.process.pid for child in children.running]), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[stack.Stack]:
    """A stack at speed 20."""
    with Children() as children:
        yield stack.start(children, stack.Options("pytest", 20.0), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_no_process_of_the_stack_outlives_dev(tmp_path: Path, number: signal.Signals) -> None:
    """Azurite, the emulator and the function app end with a `./dev` that is killed with -9."""
    words = [sys.executable, "-c", UP, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as dev:
        assert dev.stdout is not None
        pids = json.loads(dev.stdout.readline())
        assert len(pids) == 3
        assert all(is_alive(pid) for pid in pids)
        dev.send_signal(number)
        dev.wait(PATIENCE_SECONDS)
    until(lambda: not any(is_alive(pid) for pid in pids))


@pytest.mark.long
def test_function_app_comes_back_where_it_was(started: stack.Stack) -> None:
    """Killed and started again, it answers at the same address, with the same clock and key."""
    url = started.url
    assert started.host is not None
    os.kill(started.host.process.pid, signal.SIGKILL)
    started.host.process.wait()
    with pytest.raises(Failed, match="the function app ended unexpectedly, by signal SIGKILL"):
        started.children.check()
    started.start_host()
    started.children.check()
    assert started.url == url
    assert started.api.get("/profiles").status == 200


@pytest.mark.long
def test_function_app_checks_the_key(started: stack.Stack) -> None:
    """The local host asks for the function key, as Azure does."""
    keyless = Client(started.api.base)
    assert keyless.get("/profiles").status == 401
