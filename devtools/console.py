"""What `./dev` writes to the terminal: plain lines, and a status line where someone is watching."""

import os
import sys
import threading

WIDTH = 100  # columns; longer status lines would wrap and could not be wiped
_WIPE = "\r\x1b[K"
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_lock = threading.Lock()
_status_shown = False


def is_live() -> bool:
    """Someone is watching: standard output is a terminal."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, where colours are wanted (a terminal, and no NO_COLOR)."""
    if not is_live() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def say(text: str = "") -> None:
    """Write a line, above the status line if there is one."""
    global _status_shown  # noqa: PLW0603  there is one terminal
    with _lock:
        sys.stdout.write((_WIPE if _status_shown else "") + text + "\n")
        sys.stdout.flush()
        _status_shown = False


def status(text: str) -> None:
    """Replace the status line; nothing where nobody is watching."""
    global _status_shown  # noqa: PLW0603  there is one terminal
    if not is_live():
        return
    with _lock:
        sys.stdout.write(_WIPE + text[: WIDTH - 1])
        sys.stdout.flush()
        _status_shown = True


def complain(text: str) -> None:
    """Write an error line to standard error."""
    if _status_shown:
        say()
    sys.stderr.write(f"./dev: {text}\n")
    sys.stderr.flush()
