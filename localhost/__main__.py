"""The command line: `python -m localhost [--app DIR] --ready READY_FILE`."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from localhost.clock import parse_clock
from localhost.cors import read_cors
from localhost.host import EXIT_FAILED, GRACE_SECONDS_DEFAULT, Host, Options
from localhost.host_json import read_host_json
from localhost.keys import Keys
from localhost.settings import SettingsError, is_true, load_local_settings

STDIN = 0
STDIN_CHUNK_BYTES = 4096


def main(arguments: Sequence[str]) -> int:
    """Run the host; the exit code."""
    parsed = _parse(arguments)
    directory = Path(parsed.app).resolve()
    try:
        load_local_settings(directory)
        clock = parse_clock(os.environ.get("CLOCK", ""))
        host_json = read_host_json(directory, os.environ)
        cors = read_cors(directory, parsed.cors, credentials=parsed.cors_credentials)
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"localhost: {error}\n")
        return EXIT_FAILED
    options = Options(
        directory=directory,
        port=parsed.port,
        keys=Keys(parsed.function_key, parsed.master_key),
        host_json=host_json,
        cors=cors,
        ready_file=_absolute(parsed.ready),
        state_directory=_absolute(parsed.state),
        grace_seconds=parsed.grace,
    )
    _start_logging()
    _enter(directory)
    if parsed.exit_with_stdin:
        threading.Thread(target=_stop_with_stdin, name="stdin", daemon=True).start()
    return Host(options, clock, os.environ).run()


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="localhost", description="Runs function_app.py as the Azure Functions host does."
    )
    parser.add_argument("--app", default=".", metavar="DIR", help="the app's folder (here)")
    parser.add_argument("--port", type=int, default=0, help="where to listen (a free port)")
    parser.add_argument("--ready", metavar="FILE", help="written once requests are answered")
    parser.add_argument("--function-key", default="", metavar="KEY", help="key of all functions")
    parser.add_argument("--master-key", default="", metavar="KEY", help="key of everything")
    parser.add_argument("--cors", metavar="ORIGINS", help="origins, parted by commas, or *")
    parser.add_argument(
        "--cors-credentials", action="store_true", help="let those origins send cookies"
    )
    parser.add_argument("--state", metavar="DIR", help="where timers remember their last run")
    parser.add_argument(
        "--grace",
        type=float,
        default=GRACE_SECONDS_DEFAULT,
        metavar="SECONDS",
        help="what a running invocation gets after the signal to stop (%(default)s)",
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when stdin ends")
    return parser.parse_args(arguments)


def _absolute(path: str | None) -> Path | None:
    """The path as it is now, before the process enters the app's folder."""
    return Path(path).absolute() if path else None


def _start_logging() -> None:
    level = logging.DEBUG if is_true("PYTHON_ENABLE_DEBUG_LOGGING", os.environ) else logging.INFO
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.INFO)


def _enter(directory: Path) -> None:
    """Work in the app's folder, and import from it last, as the worker under Core Tools does."""
    if sys.path and not sys.flags.safe_path and Path(sys.path[0] or ".").resolve() == Path.cwd():
        del sys.path[0]  # `-m` put it there, first: an app's folder must not hide a module
    os.chdir(directory)


def _stop_with_stdin() -> None:
    """Stop the host when whoever started it is gone."""
    while os.read(STDIN, STDIN_CHUNK_BYTES):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
