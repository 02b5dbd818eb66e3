"""Installs Python packages with uv where it can be had, else with pip."""

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from devtools import environment
from devtools.console import say
from devtools.paths import LOCAL, LOGS, PYTHON, ROOT, VENV
from devtools.processes import Children, Command, Failed

TOOL_LIMIT_SECONDS = 900.0  # the largest download, Node.js (61 MB), over a slow line
_OWN_UV = LOCAL / "uv" / "bin" / "uv"
_BOOTSTRAP = LOCAL / "bootstrap"  # a venv whose only use is its pip
_UV_REQUIREMENTS = ROOT / "requirements-uv.txt"


def pip_source(find: Callable[[str], object | None] = importlib.util.find_spec) -> str:
    """Where this Python has pip from; raises `Failed` when it has none."""
    for module in ("ensurepip", "pip"):
        if find(module) is not None:
            return module
    raise Failed(
        f"{sys.executable} has neither ensurepip nor pip: install them "
        "(Debian, Ubuntu: apt install python3-venv), or put uv on PATH."
    )


class Installer:
    """uv or pip, found once per set-up."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._env = environment.for_registries()
        self._pip: Path | None = None  # its runner, found when it is needed
        self.uv = self._find_uv()

    def make_venv(self) -> None:
        """Make `.venv`, unless one is there that has a working Python."""
        if PYTHON.exists():
            return
        shutil.rmtree(VENV, ignore_errors=True)
        plain = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
        fast = [str(self.uv), "venv", "--python", sys.executable, str(VENV)]
        self._try("venv", fast if self.uv else None, lambda: plain)

    def sync(self, requirements: Sequence[Path]) -> None:
        """Bring `.venv` to what the files say: with uv exactly, with pip at least.

        Either compiles what it installs: where Python may not write bytecode, every start of the
        app would compile Azure's SDKs again, which takes 80 MB and a second (measured).
        """
        files = [str(file) for file in requirements]
        words = ["--require-hashes", "--compile-bytecode", "--python", str(PYTHON)]
        fast = [str(self.uv), "pip", "sync", *words, *files]
        listed = [word for file in files for word in ("-r", file)]
        self._try(
            "packages",
            fast if self.uv else None,
            lambda: [*self._pip_command(PYTHON), "install", "--require-hashes", *listed],
        )

    def install_apart(self, requirements: Path, target: Path) -> None:
        """Install what the file says into a folder of its own."""
        shutil.rmtree(target, ignore_errors=True)
        words = ["--require-hashes", "--target", str(target), "-r", str(requirements)]
        fast = [str(self.uv), "pip", "install", "--python", sys.executable, *words]
        self._try(
            target.name,
            fast if self.uv else None,
            lambda: [*self._pip_command(), "install", *words],
        )

    def run(self, name: str, argv: Sequence[str], cwd: Path = ROOT) -> None:
        """Run one tool of the set-up; raise `Failed` with the end of its log when it fails."""
        log = LOGS / f"setup-{name}.log"
        command = Command(name=f"{name} (set-up)", argv=argv, env=self._env, cwd=cwd, log=log)
        if self._children.run(command, TOOL_LIMIT_SECONDS) != 0:
            lines = log.read_text(errors="replace").splitlines()[-15:]
            words = "\n".join(f"    {line}" for line in lines)
            raise Failed(f"The set-up failed at {name}: {' '.join(argv[:4])} …\n{words}")

    def _try(self, name: str, fast: Sequence[str] | None, plain: Callable[[], list[str]]) -> None:
        if fast is not None:
            try:
                self.run(name, fast)
            except Failed as failure:
                if self._children.is_ending:
                    raise
                say(f"set-up: uv did not manage; now with pip. {failure}")
            else:
                return
        self.run(name, plain())

    def _find_uv(self) -> Path | None:
        system = shutil.which("uv")
        if system:
            return Path(system)
        if _OWN_UV.exists():
            return _OWN_UV
        started = time.monotonic()
        say("set-up: uv, to install the rest quickly …")
        words = ["--require-hashes", "--target", str(_OWN_UV.parent.parent)]
        try:
            pip = [*self._pip_command(), "install", *words, "-r", str(_UV_REQUIREMENTS)]
            self.run("uv", pip)
        except Failed as failure:
            if self._pip is None or self._children.is_ending:
                raise
            say(f"set-up: uv cannot be had, so pip does it. {failure}")
            return None
        say(f"set-up: uv: done in {time.monotonic() - started:.1f} s")
        return _OWN_UV

    def _pip_command(self, python: Path = Path(sys.executable)) -> list[str]:
        """The words that run pip for a Python, which need not have one.

        Pip's own `--python` does the same in a second process, which would outlive a kill -9.
        """
        if self._pip is None:
            self._pip = self._find_pip()
            self._trust_certificates([sys.executable, str(self._pip)])
        return [str(python), str(self._pip)]

    def _find_pip(self) -> Path:
        if pip_source() == "ensurepip":
            if not (_BOOTSTRAP / "bin" / "pip").exists():
                shutil.rmtree(_BOOTSTRAP, ignore_errors=True)
                self.run("bootstrap", [sys.executable, "-m", "venv", str(_BOOTSTRAP)])
            packages: Iterator[Path] = _BOOTSTRAP.glob("lib/python*/site-packages")
        else:
            import_path = next(iter(importlib.import_module("pip").__path__))
            packages = iter([Path(import_path).parent])
        return next(packages) / "pip" / "__pip-runner__.py"

    def _trust_certificates(self, pip: Sequence[str]) -> None:
        bundle = environment.certificate_bundle()
        if bundle is None:
            return
        self.run("pip-config", [*pip, "config", "list"])
        configured = (LOGS / "setup-pip-config.log").read_text(errors="replace")
        if environment.needs_certificates(self._env, configured):
            self._env["PIP_CERT"] = bundle
