"""`./dev test`: linters, types, layers and tests, all of them run, all of them reported."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools import environment
from devtools.console import complain, paint, say
from devtools.paths import PYTHON, ROOT, VENV
from devtools.processes import Children, Command
from devtools.stack import directory
from devtools.storage import Azurite

STEP_LIMIT_SECONDS = 4 * 3600.0  # `--soak` runs every count that an issue names
MARKERS = {"fast": "not long and not soak", "all": "not soak", "soak": ""}
_NOT_OURS = {".venv", ".local", "out", "node_modules"}


@dataclass(frozen=True)
class Check:
    """One step: what it is called and the arguments of the venv's Python."""

    title: str
    words: Sequence[str]


def checks(suite: str, pytest_words: Sequence[str]) -> list[Check]:
    """The steps of `./dev test`, the tests last so that their closing line is the output's."""
    ours = our_sources()
    marker = ["-m", MARKERS[suite]] if MARKERS[suite] else []
    return [
        Check("format", ["-m", "ruff", "format", "--check", *ours]),
        Check("lint", ["-m", "ruff", "check", *ours]),
        Check("types", ["-m", "mypy", *ours]),
        Check("layers", [str(VENV / "bin" / "lint-imports"), "--no-cache"]),
        Check("tests", ["-m", "pytest", *marker, *pytest_words]),
    ]


def our_sources(root: Path = ROOT) -> list[str]:
    """What linters read: the folders that hold Python of ours, and the files beside them."""
    here = [path for path in root.iterdir() if path.name not in _NOT_OURS]
    folders = [path.name for path in here if path.is_dir() and any(path.rglob("*.py"))]
    files = [path.name for path in here if path.suffix == ".py" or path.name == "dev"]
    return sorted([*folders, *files])


def run(suite: str, pytest_words: Sequence[str]) -> int:
    """Run every check; 0 when all passed, else 1."""
    with directory("test") as run_directory, Children() as children:
        azurite = Azurite.start(children, run_directory, log_name="test-azurite")
        env = environment.common() | {"TABLES_CONNECTION": azurite.connection}
        steps = checks(suite, pytest_words)
        failed = [check.title for check in steps if _run(children, check, env) != 0]
    if failed:
        complain(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _run(children: Children, check: Check, env: Mapping[str, str]) -> int:
    started = time.monotonic()
    say(paint(f"── {check.title}", "bold"))
    argv = [str(PYTHON), *check.words]
    command = Command(name=check.title, argv=argv, env=env, cwd=ROOT, grace_seconds=10.0)
    code = children.run(command, STEP_LIMIT_SECONDS)
    if check.title != "tests":  # their own last line, with their time, closes the output
        verdict = paint("passed", "green") if code == 0 else paint("failed", "red")
        say(f"── {check.title}: {verdict} in {time.monotonic() - started:.1f} s")
    return code
