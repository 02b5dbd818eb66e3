"""`python -m devtools.picture`: the top of the demo's report as a picture, for the README.

It needs a Chromium (Debian: `chromium`), which asks nobody for anything and keeps nothing.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from devtools.console import complain, say
from devtools.paths import OUT, ROOT, shown

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
REPORT, PICTURE = OUT / "report.html", ROOT / "docs" / "report.png"
WIDTH, HEIGHT = 1180, 2230
"""Down to the end of the lanes of the demo's report."""
BROWSER_SECONDS_MAX = 60
EXIT_FAILED = 3
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--blink-settings=preferredColorScheme=1",
)  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Make the picture; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m devtools.picture", description=__doc__)
    parser.add_argument("--report", type=Path, default=REPORT, help="default: out/report.html")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="default: docs/report.png")
    parser.add_argument("--height", type=int, default=HEIGHT, help=f"pixels, default {HEIGHT}")
    parsed = parser.parse_args(words)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        complain("There is no Chromium here: on Debian, `apt-get install chromium`.")
        return EXIT_FAILED
    if not parsed.report.is_file():
        complain(f"There is no {shown(parsed.report)}: run `./dev demo` first.")
        return EXIT_FAILED
    return _render(browser, parsed.report.resolve(), parsed.picture.resolve(), parsed.height)


def _render(browser: str, report: Path, picture: Path, height: int) -> int:
    picture.parent.mkdir(parents=True, exist_ok=True)
    before = picture.stat().st_mtime_ns if picture.exists() else None
    with tempfile.TemporaryDirectory(prefix="switchback-picture-") as directory:
        own = (f"--user-data-dir={directory}", f"--window-size={WIDTH},{height}")
        command = [browser, *FLAGS, *own, f"--screenshot={picture}", report.as_uri()]
        try:
            # Its own arguments, and a file of ours.
            ended = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=BROWSER_SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            complain(f"{browser} did not end within {BROWSER_SECONDS_MAX} s.")
            return EXIT_FAILED
    if not picture.exists() or picture.stat().st_mtime_ns == before:
        complain(f"{browser} made no picture:\n{ended.stderr}")
        return EXIT_FAILED
    say(f"{shown(picture)}: {WIDTH} by {height} pixels, {picture.stat().st_size / 1_000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
