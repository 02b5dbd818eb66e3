"""The processes that `./dev` starts: they end with it, whatever ends it, and say why they ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devtools.processes import Children, Command, Failed, wait_until

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 10.0

# A `./dev` in small: a child that ignores every polite request, and one that starts another.
TINY_STACK = """
import sys, time
from pathlib import Path
from devtools.processes import Children, Command, Interrupted, interrupt_on_signals
interrupt_on_signals()
folder = Path(sys.argv[1])
stubborn = (
    "import os, signal, sys, time\\n"
    "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\\n"
    "    signal.signal(number, signal.SIG_IGN)\\n"
    "print(os.getpid(), flush=True)\\n"
    "time.sleep(60)\\n"
)
try:
    with Children() as children:
        for name in ("one", "two"):
            argv = [sys.executable, "-c", stubborn]
            log = folder / name
            children.start(
                Command(name=name, argv=argv, env={}, cwd=folder, log=log, grace_seconds=0.1)
            )
        print("started", flush=True)
        time.sleep(60)
except Interrupted as interruption:
    sys.exit(interruption.exit_code)
"""


def command(tmp_path: Path, code: str, *, stop_signal: signal.Signals = signal.SIGTERM) -> Command:
    """A Python program as a child, its words in a file."""
    return Command(
        name="the child",
        argv=[sys.executable, "-c", code],
        env={},
        cwd=tmp_path,
        log=tmp_path / "child.log",
        stop_signal=stop_signal,
        grace_seconds=5.0,
    )


def is_alive(pid: int) -> bool:
    """The process runs: there, and not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that takes a moment of real time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def pid_in(file: Path) -> int:
    """The process id that a child has written, once it has."""
    until(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGKILL, -9),
    ],
)
def test_nothing_outlives_dev(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C, a request to end, a closed terminal and kill -9 take even stubborn children along."""
    words = [sys.executable, "-c", TINY_STACK, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as dev:
        assert dev.stdout is not None
        assert dev.stdout.readline() == "started\n"
        pids = [pid_in(tmp_path / name) for name in ("one", "two")]
        assert all(is_alive(pid) for pid in pids)
        dev.send_signal(number)
        assert dev.wait(PATIENCE_SECONDS) == code
    until(lambda: not any(is_alive(pid) for pid in pids))


def test_child_is_asked_first(tmp_path: Path) -> None:
    """The stop signal comes before the kill, so that a child can save what it holds."""
    saving = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('saved', flush=True), sys.exit()))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "child.log"
    with Children() as children:
        children.start(command(tmp_path, saving, stop_signal=signal.SIGINT))
        until(lambda: "ready" in log.read_text())
    assert log.read_text() == "ready\nsaved\n"


def test_standard_input_ends_with_dev(tmp_path: Path) -> None:
    """A child that watches its standard input learns there that it is over."""
    watching = "import sys; sys.stdin.read(); print('end of input', flush=True)"
    with Children() as children:
        child = children.start(command(tmp_path, watching))
        assert child.process.stdin is not None
        child.process.stdin.close()
        until(lambda: (tmp_path / "child.log").read_text() == "end of input\n")


def test_death_is_noticed_and_explained(tmp_path: Path) -> None:
    """A child that ends by itself fails the run, with its exit code and its last words."""
    with Children() as children:
        child = children.start(command(tmp_path, "raise SystemExit('no such topology')"))
        child.process.wait()
        with pytest.raises(Failed, match=r"(?s)ended unexpectedly, exit code 1.*no such topology"):
            children.check()


def test_death_by_signal_is_named(tmp_path: Path) -> None:
    """Killed from outside: the signal is named."""
    with Children() as children:
        child = children.start(command(tmp_path, "import time; time.sleep(60)"))
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait()
        with pytest.raises(Failed, match="by signal SIGKILL"):
            children.check()


def test_wait_ends_with_the_child(tmp_path: Path) -> None:
    """Who waits for a child that dies is told at once."""
    with Children() as children:
        child = children.start(command(tmp_path, "raise SystemExit(7)"))
        with pytest.raises(Failed, match="exit code 7"):
            wait_until(lambda: False, child, PATIENCE_SECONDS)


def test_wait_is_bounded(tmp_path: Path) -> None:
    """A child that never gets ready is not waited for without end."""
    with Children() as children:
        child = children.start(command(tmp_path, "import time; time.sleep(60)"))
        with pytest.raises(Failed, match="was not ready"):
            wait_until(lambda: False, child, 0.1)


def test_tool_is_bounded(tmp_path: Path) -> None:
    """A tool of the set-up that hangs is ended."""
    with Children() as children, pytest.raises(Failed, match="did not end within"):
        children.run(command(tmp_path, "import time; time.sleep(60)"), limit_seconds=0.2)


def test_nothing_starts_after_the_end(tmp_path: Path) -> None:
    """A set-up thread that has not heard of the Ctrl-C yet starts nothing more."""
    children = Children()
    children.stop()
    with pytest.raises(Failed, match="The run is ending"):
        children.start(command(tmp_path, ""))


def test_missing_program_is_named(tmp_path: Path) -> None:
    """A program that is not there: its name, in the log."""
    missing = Command(
        name="x", argv=["no-such-program"], env={}, cwd=tmp_path, log=tmp_path / "log"
    )
    with Children() as children:
        assert children.run(missing, PATIENCE_SECONDS) == 1
    assert "no-such-program" in (tmp_path / "log").read_text()
