"""`./dev az`: the Azure CLI, unmodified, against the emulated Azure; tells what it said.

The CLI is the user's own, or one that `./dev az --install` puts into .local/az; its settings are
kept apart from the user's in either case.
"""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devtools import environment, paths, stack
from devtools.clock import Clock
from devtools.console import say
from devtools.processes import Children, Command, Failed, wait_until

COMMANDS = Path(__file__).with_name("az-commands.txt")
VENV = paths.LOCAL / "az"
TRANSCRIPT = paths.OUT / "az.md"
DOCUMENT = paths.ROOT / "docs" / "az.md"
READY_LIMIT_SECONDS = 60.0
COMMAND_LIMIT_SECONDS = 180.0  # start and deallocate are polled every 10 s; a busy machine
INSTALL_LIMIT_SECONDS = 1_800.0  # 733 MB
SPEED = 20.0  # deallocating takes 64 virtual seconds
_CLOUD = "SwitchbackEmulator"
_CLIENT_ID = "00000000-0000-0000-0000-0000000000dd"  # any GUID is a service principal here
_WARNINGS = ("WARNING:", "It will continue to be billed.")
_NONE_FOUND = (
    "No `az` was found. Install the Azure CLI, or run `./dev az --install`, which puts one into "
    ".local/az (733 MB, about 90 s)."
)


@dataclass(frozen=True)
class Step:
    """One command, and what it must print, if that is known."""

    words: str
    expected: str | None = None


@dataclass
class Chapter:
    """Some commands and what they are about."""

    title: str
    steps: list[Step] = field(default_factory=list)


def read(text: str) -> list[Chapter]:
    """Return the chapters of a file of commands; the comment at its head is none."""
    chapters: list[Chapter] = []
    for line in text.split("\n\n", 1)[1].splitlines():
        if line.startswith("# "):
            chapters.append(Chapter(line[2:]))
        elif line.startswith("=> "):
            last = chapters[-1].steps.pop()
            chapters[-1].steps.append(Step(last.words, line[3:]))
        elif line:
            chapters[-1].steps.append(Step(line))
    return chapters


def run(*, installs: bool, documents: bool) -> int:
    """Run all commands, write the transcript, and return the exit code."""
    with stack.directory("az") as directory, Children() as children:
        if installs:
            install(children)
        azure = _start_emulator(children, directory)
        cli = Cli(children, directory, find(), environment_of(azure, directory))
        cli.sign_in(azure)
        told = "\n".join(tell(cli, chapter) for chapter in read(COMMANDS.read_text()))
    document = DOCUMENT if documents else TRANSCRIPT
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(_HEAD + told)
    say(f"az: all commands did as they should; transcript in {paths.shown(document)}")
    return 0


def find() -> Path:
    """Return the user's own `az`, else ours; raise Failed when there is neither."""
    own = shutil.which("az")
    ours = VENV / "bin" / "az"
    if own is None and not ours.exists():
        raise Failed(_NONE_FOUND)
    return Path(own) if own is not None else ours


def install(children: Children) -> None:
    """Put an `az` of our own into .local."""
    if (VENV / "bin" / "az").exists():
        return
    steps = (
        ("a venv for az", [sys.executable, "-m", "venv", str(VENV)]),
        ("pip, for az", [str(VENV / "bin" / "python"), "-m", "pip", "install", "azure-cli"]),
    )
    for name, argv in steps:
        say(f"az: {name} …")
        command = Command(
            name=name,
            argv=argv,
            env=environment.for_registries(),
            cwd=paths.ROOT,
            log=paths.LOGS / "az-install.log",
        )
        if children.run(command, INSTALL_LIMIT_SECONDS) != 0:
            raise Failed(f"{name} failed; see {paths.shown(paths.LOGS / 'az-install.log')}.")


class Cli:
    """The Azure CLI with settings of its own."""

    def __init__(
        self, children: Children, directory: Path, az: Path, env: Mapping[str, str]
    ) -> None:
        self._children, self._directory, self._az, self._env = children, directory, az, env

    def sign_in(self, azure: Mapping[str, Any]) -> None:
        """Make the emulated cloud known, and log in as a service principal."""
        self("cloud", "register", "-n", _CLOUD, "--endpoint-resource-manager", azure["armHttps"])
        self("cloud", "set", "-n", _CLOUD)
        who = ("-u", _CLIENT_ID, "-p", "any", "--tenant", azure["tenantId"])
        self("login", "--service-principal", *who)

    def __call__(self, *words: str) -> str:
        """Run one command; return what it printed, or raise Failed with what it complained of."""
        log = self._directory / "az.out"
        command = Command(
            name=f"az {' '.join(words[:3])}",
            argv=[str(self._az), *words],
            env=self._env,
            cwd=self._directory,
            log=log,
        )
        code = self._children.run(command, COMMAND_LIMIT_SECONDS)
        lines = log.read_text(errors="replace").splitlines()
        told = "\n".join(line for line in lines if not line.startswith(_WARNINGS)).strip()
        if code != 0:
            raise Failed(f"`az {shlex.join(words)}` ended with {code}: {told}")
        return told


def tell(cli: Cli, chapter: Chapter) -> str:
    """Run a chapter's commands; return its transcript."""
    say(f"az: {chapter.title}")
    lines = [f"## {chapter.title[:1].upper()}{chapter.title[1:]}", "", "```console"]
    for step in chapter.steps:
        told = cli(*shlex.split(step.words))
        if step.expected is not None and told != step.expected:
            raise Failed(f"`az {step.words}` printed {told!r} instead of {step.expected!r}.")
        lines += [f"$ az {step.words}", *([told] if told else [])]
    return "\n".join([*lines, "```", ""])


def environment_of(azure: Mapping[str, Any], directory: Path) -> dict[str, str]:
    """The user's environment, but for what would lead to the user's own Azure."""
    return _neutral() | {
        "AZURE_CONFIG_DIR": str(directory / "azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",  # no authority but ours
        "AZURE_CORE_NO_COLOR": "true",
        "AZURE_CORE_SURVEY_MESSAGE": "false",
        "REQUESTS_CA_BUNDLE": str(azure["caFile"]),
    }


def _neutral() -> dict[str, str]:
    names = ("AZURE_", "ARM_", "IDENTITY_", "MSI_")
    return {n: value for n, value in environment.common().items() if not n.startswith(names)}


def _start_emulator(children: Children, directory: Path) -> Mapping[str, Any]:
    ready = directory / "emulator.json"
    words = ["-m", "emulator", "--ready", str(ready), "--exit-with-stdin"]
    command = Command(
        name="the emulated Azure",
        argv=[str(paths.PYTHON), *words],
        env=_neutral() | {"CLOCK": Clock.start(SPEED).text},
        cwd=paths.ROOT,
        log=paths.LOGS / "az-emulator.log",
    )
    wait_until(ready.exists, children.start(command), READY_LIMIT_SECONDS)
    told: dict[str, Any] = json.loads(ready.read_text())
    return told


_HEAD = """# The Azure CLI against the emulator

`az`, as published, cannot tell the emulator from Azure where the lab is concerned: it logs in,
creates the lab's profile and endpoints, reads, changes and deletes them, stops and starts the
machine. `./dev az` runs the commands of `devtools/az-commands.txt` and fails when one of them
fails or prints what it should not. `./dev az --document` writes this page.

It needs an `az`: your own, or one that `./dev az --install` puts into `.local/az` (733 MB, about
90 s). Your own settings and logins stay as they are: the CLI runs with an `AZURE_CONFIG_DIR` of its
own, and trusts the emulator's certificate authority only there.

By hand, beside a running `python -m emulator --ready ready.json`, with `armHttps`, `caFile` and
`tenantId` from that file:

```console
$ export AZURE_CONFIG_DIR=$PWD/.local/azure REQUESTS_CA_BUNDLE=<caFile>
$ export AZURE_CORE_INSTANCE_DISCOVERY=false
$ az cloud register -n SwitchbackEmulator --endpoint-resource-manager <armHttps>
$ az cloud set -n SwitchbackEmulator
$ az login --service-principal -u 00000000-0000-0000-0000-0000000000dd -p any --tenant <tenantId>
```

`az login --identity` works too, with `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` from the same file.
What follows is what one run printed, without `az`'s warnings.

"""
