"""The local stack: Azurite, the emulated Azure, the function app; in that order, on free ports."""

import contextlib
import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devtools import environment, paths
from devtools.client import Client
from devtools.clock import Clock
from devtools.core_tools import CoreTools
from devtools.processes import Child, Children, Command, wait_until
from devtools.storage import Azurite, free_port

READY_LIMIT_SECONDS = 60.0  # the first start compiles every module to bytecode
HOST_STOP_SECONDS = 10.0  # an invocation under way may end


@dataclass(frozen=True)
class Options:
    """What the stack is asked for."""

    name: str  # of the command, before the names of the logs
    speed: float
    port: int = 0
    data: Path | None = None  # where tables outlive the run; None: in memory
    topology: Path = paths.TOPOLOGY  # what exists in the emulated Azure
    settings: Mapping[str, str] = field(default_factory=dict)  # of the app, instead of ours
    core_tools: bool = False  # `func start` instead of the project's own host


@dataclass
class Stack:
    """The running stack."""

    children: Children
    options: Options
    directory: Path
    clock: Clock
    azurite: Azurite
    azure: Mapping[str, Any]  # what the emulator says of itself when it is ready
    key: str
    host: Child | None = None  # the function app, as it was started last
    url: str = ""

    @property
    def tables(self) -> str:
        """The Table service's connection string."""
        return self.azurite.connection

    @property
    def api(self) -> Client:
        """The REST API."""
        return Client(f"{self.url}/api", {"x-functions-key": self.key})

    @property
    def arm(self) -> Client:
        """The emulated Azure's control routes."""
        return Client(str(self.azure["arm"]))

    def start_host(self) -> Child:
        """Start the function app, or start it again: same address, clock and tables."""
        if self.host is not None:
            self.children.forget(self.host)
        if self.options.core_tools:
            return self._start_core_tools()
        ready = self.directory / "host.json"
        ready.unlink(missing_ok=True)
        port = int(self.url.rpartition(":")[2]) if self.url else self.options.port
        words = ["-m", "localhost", "--app", str(paths.ROOT), "--port", str(port)]
        words += ["--ready", str(ready), f"--function-key={self.key}", "--exit-with-stdin"]
        command = Command(
            name="the function app",
            argv=[str(paths.PYTHON), *words, "--state", str(self.directory / "timers")],
            env=_base_environment() | self.settings(),
            cwd=paths.ROOT,
            log=paths.LOGS / f"{self.options.name}-host.log",
            grace_seconds=HOST_STOP_SECONDS,
        )
        self.host = child = self.children.start(command)
        wait_until(ready.exists, child, READY_LIMIT_SECONDS)
        self.url = json.loads(ready.read_text())["url"]
        return child

    def _start_core_tools(self) -> Child:
        blobs = Azurite.start(
            self.children,
            self.directory / "blobs",
            log_name=f"{self.options.name}-azurite-blobs",
            service="blob",
        )
        tools = CoreTools(
            port=self.options.port or free_port(),
            environment=_base_environment() | self.settings() | {"CLOCK": ""},
            storage=blobs.connection + self.azurite.endpoint,
            log=paths.LOGS / f"{self.options.name}-host.log",
        )
        self.host, self.url = tools.start(self.children), tools.url
        return self.host

    def settings(self) -> dict[str, str]:
        """The product's settings for this stack."""
        azure = self.azure
        ours = {
            "CLOCK": self.clock.text,
            "AZURE_SUBSCRIPTION_ID": azure["subscriptionId"],
            "AZURE_CLIENT_ID": "",
            "ARM_ENDPOINT": azure["arm"],
            "CREDENTIAL": "managed-identity",
            "IDENTITY_ENDPOINT": azure["identityEndpoint"],
            "IDENTITY_HEADER": azure["identityHeader"],
            "TABLES_CONNECTION": self.tables,
            "TABLES_ENDPOINT": "",
            "DNS_AUTHORITATIVE": ",".join(azure["authoritative"]),
            "DNS_RESOLVERS": ",".join(azure["resolvers"]),
            "CLIENT_RESOLVER": azure["resolvers"][0],
            "CONNECT_TO": azure["connectTo"],
            "DRILL_RESOURCE_GROUPS": (
                "switchback-lab,switchback-lab-eastus,switchback-lab-westeurope"
            ),
            "SAMPLES_SCHEDULE": "*/10 * * * * *",
            "ADVANCE_SCHEDULE": "*/5 * * * * *",
            "RESTORE_SCHEDULE": "0 * * * * *",
            "RETENTION_SCHEDULE": "0 20 * * * *",
            # A drill's resolvers must not have been asked for the name before it begins.
            "BASELINE_INTERVAL_SECONDS": "0",
        }
        return ours | dict(self.options.settings)


@contextlib.contextmanager
def directory(name: str) -> Iterator[Path]:
    """A folder for what the processes of one run tell each other; gone afterwards."""
    run = paths.LOCAL / "run"
    run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f"{name}-", dir=run, ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


def start(children: Children, options: Options, directory: Path) -> Stack:
    """Start everything; whoever owns `children` stops it."""
    azurite = Azurite.start(
        children,
        options.data or directory,
        log_name=f"{options.name}-azurite",
        in_memory=options.data is None,
    )
    clock = Clock.start(options.speed)  # now: the slow part answers
    azure = _start_emulator(children, options, directory, clock)
    stack = Stack(children, options, directory, clock, azurite, azure, _function_key())
    stack.start_host()
    return stack


def _start_emulator(
    children: Children, options: Options, directory: Path, clock: Clock
) -> Mapping[str, Any]:
    ready = directory / "emulator.json"
    words = ["--topology", str(options.topology), "--ready", str(ready), "--exit-with-stdin"]
    command = Command(
        name="the emulated Azure",
        argv=[str(paths.PYTHON), "-m", "emulator", *words],
        env=_base_environment() | {"CLOCK": clock.text},
        cwd=paths.ROOT,
        log=paths.LOGS / f"{options.name}-emulator.log",
    )
    wait_until(ready.exists, children.start(command), READY_LIMIT_SECONDS)
    told: dict[str, Any] = json.loads(ready.read_text())
    return told


def _base_environment() -> dict[str, str]:
    """The user's environment without what would point an SDK at the user's real Azure."""
    names = ("AZURE_", "ARM_", "IDENTITY_", "MSI_")
    return {
        name: value for name, value in environment.common().items() if not name.startswith(names)
    }


def _function_key() -> str:
    """The key of this checkout: the same at every start, so that scripts keep working."""
    file = paths.LOCAL / "function-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(24))
    return file.read_text()
