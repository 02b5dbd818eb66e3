"""`./dev up --core-tools`: the app in Azure Functions Core Tools (`func start`), where installed.

Core Tools keep timers and leases in blobs, so Azurite's blob service is started too. They check no
keys, and know real time only.
"""

import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devtools import paths
from devtools.processes import Child, Children, Command, Failed, wait_until

READY_LIMIT_SECONDS = 120.0  # the first start fetches its extension bundle
STOP_SECONDS = 10.0
ANSWER_SECONDS = 2.0
INSTALL = (
    "--core-tools needs Azure Functions Core Tools 4 (`func`), and there is none on PATH. "
    "https://learn.microsoft.com/azure/azure-functions/functions-run-local says how to install it; "
    "without it, ./dev up uses the project's own host."
)


@dataclass(frozen=True)
class CoreTools:
    """What `func start` is started with."""

    port: int
    environment: Mapping[str, str]
    storage: str  # connection string, blobs included
    log: Path

    @property
    def url(self) -> str:
        """Where the app will answer."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, children: Children) -> Child:
        """Start it, and wait until the app answers."""
        child = children.start(self._command())
        wait_until(self._answers, child, READY_LIMIT_SECONDS)
        return child

    def _command(self) -> Command:
        path = f"{paths.PYTHON.parent}:{self.environment.get('PATH', '')}"
        ours = {
            "PATH": path,  # func runs the `python` that it finds
            "VIRTUAL_ENV": str(paths.PYTHON.parent.parent),
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsStorage": self.storage,
        }
        return Command(
            name="Azure Functions Core Tools",
            argv=[func(), "start", "--port", str(self.port)],
            env={**self.environment, **ours},
            cwd=paths.ROOT,
            log=self.log,
            grace_seconds=STOP_SECONDS,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=ANSWER_SECONDS):  # noqa: S310 - loopback
                return True
        except urllib.error.HTTPError:
            return True  # unhealthy, but there
        except OSError:
            return False


def func() -> str:
    """Return where `func` is, or say how it is installed."""
    found = shutil.which("func")
    if found is None:
        raise Failed(INSTALL)
    return found
