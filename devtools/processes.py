"""The processes that a run of `./dev` starts: where their words go, and that none outlives it.

Three things hold a child, each enough by itself where it applies: `Children.stop` on every way out
that Python sees (a signal included); its standard input, which ends with us, for our own programs;
and on Linux the leash, by which the kernel kills it when `./dev` is killed with -9.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

LEASH = Path(__file__).with_name("leash.py")
KILL_WAIT_SECONDS = 5.0  # for the kernel to reap what was killed
TAIL_LINES = 25  # of a log: a Python traceback fits
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Ctrl-C, a closed terminal or a request to end: everything started must be stopped."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Failed(Exception):
    """Something `./dev` needs went wrong; the message says what and where to look."""


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


def interrupt_on_signals() -> None:
    """Turn the signals that ask us to end into `Interrupted`, but for those that nohup silenced."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold off the same signals: a second Ctrl-C must not cut the cleaning up short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to start, and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path | None = None  # None: it speaks to our terminal
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 3.0  # between the stop signal and the kill


class Child:
    """A started command."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._on_terminal = command.log is None
        output = None if command.log is None else _opened(command.log)
        try:
            self.process = subprocess.Popen(  # noqa: S603  commands are ours, never a user's text
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command.argv],
                env=dict(command.env),
                cwd=command.cwd,
                stdin=None if self._on_terminal else subprocess.PIPE,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                start_new_session=not self._on_terminal,  # Ctrl-C is ours to pass on, in order
            )
        finally:
            if output is not None:
                os.close(output)

    def check(self) -> None:
        """Raise `Failed`, with the end of its log, if the child is no longer there."""
        code = self.process.poll()
        if code is not None:
            raise Failed(f"{self.command.name} ended unexpectedly, {_ended(code)}.{self.tail()}")

    def tail(self) -> str:
        """Where its log is and how it ends, to be put behind a sentence."""
        log = self.command.log
        if log is None:
            return ""
        lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f" The end of {log}:", *(f"    {line}" for line in lines)])

    def stop(self) -> None:
        """End it: politely, then not. Returns when it is gone, with everything in its session."""
        process = self.process
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        if process.poll() is None:
            self._send(self.command.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.command.grace_seconds)
        self._send(signal.SIGKILL)
        process.wait(KILL_WAIT_SECONDS)

    def _send(self, number: signal.Signals) -> None:
        if self.process.poll() is not None:
            return  # its number may be another's by now
        with contextlib.suppress(ProcessLookupError):
            if self._on_terminal:
                self.process.send_signal(number)
            else:
                os.killpg(self.process.pid, number)


class Children:
    """The processes of one run; a context manager that stops them, the last started first."""

    def __init__(self) -> None:
        self._running: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_ending(self) -> bool:
        """Nothing can be started any more; what was running has been stopped."""
        return self._closed

    @property
    def running(self) -> tuple[Child, ...]:
        """The children that were started and not let go of."""
        with self._lock:
            return tuple(self._running)

    def start(self, command: Command) -> Child:
        """Start a command; it lives until it ends or the run does."""
        with self._lock:
            if self._closed:  # a set-up thread that has not heard of the Ctrl-C yet
                raise Failed("The run is ending.")
            child = Child(command)
            self._running.append(child)
            return child

    def forget(self, child: Child) -> None:
        """Stop one child and let go of it."""
        child.stop()
        with self._lock, contextlib.suppress(ValueError):
            self._running.remove(child)

    def run(self, command: Command, limit_seconds: float) -> int:
        """Run a command to its end and return its exit code."""
        child = self.start(command)
        try:
            return child.process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            message = f"{command.name} did not end within {limit_seconds:.0f} s.{child.tail()}"
            raise Failed(message) from None
        except Interrupted:
            if command.log is None:  # it got the same Ctrl-C: let it say its last words
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(command.grace_seconds)
            raise
        finally:
            with _undisturbed():
                self.forget(child)

    def check(self) -> None:
        """Raise `Failed` if a child has died."""
        for child in self.running:
            child.check()

    def stop(self) -> None:
        """Stop all, the last started first; nothing can be started afterwards."""
        with _undisturbed():
            with self._lock:
                self._closed = True
                running, self._running = self._running[::-1], []
            for child in running:
                child.stop()


def wait_until(ready: Callable[[], bool], child: Child, limit_seconds: float) -> None:
    """Wait until `ready()`; raise `Failed` when the child dies or the limit passes first."""
    pause = threading.Event()
    for _ in range(int(limit_seconds / _POLL_SECONDS)):
        if ready():
            return
        child.check()
        pause.wait(_POLL_SECONDS)
    raise Failed(f"{child.command.name} was not ready within {limit_seconds:.0f} s.{child.tail()}")


_POLL_SECONDS = 0.02  # a file's existence costs microseconds


def _opened(log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)


def _ended(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
