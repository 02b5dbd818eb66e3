"""`./dev bench`: every benchmark in turn, each with its peers where they are installed."""

import subprocess

from devtools import environment, paths
from devtools.console import complain, say

BENCHMARKS = paths.ROOT / "benchmarks"
MINUTES_MAX = 10


def run() -> int:
    """Run them all and return 1 if one of them missed its promise, else 0."""
    missed = []
    for file in sorted(BENCHMARKS.glob("[!_]*.py")):
        say(f"── {file.stem}")
        words = [str(paths.PYTHON), "-m", f"benchmarks.{file.stem}"]
        done = subprocess.run(  # noqa: S603 - our own
            words,
            cwd=paths.ROOT,
            env=environment.common(),
            timeout=60 * MINUTES_MAX,
            check=False,
        )
        if done.returncode != 0:
            missed.append(file.stem)
    if missed:
        complain(f"missed: {', '.join(missed)}")
    return 1 if missed else 0
