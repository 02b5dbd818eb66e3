"""A local Functions host in a process of its own, and HTTP requests to it."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"
START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 15.0
REQUEST_SECONDS_MAX = 10.0
POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class HostProcess:
    """A started host; `url` is known once it is ready."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    log_file: Path
    url: str = ""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return self.log_file.read_text(encoding="utf-8")

    def wait_ready(self) -> None:
        """Wait for the ready file."""
        wait_for(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.ready_file.exists(), self.log
        ready = json.loads(self.ready_file.read_text(encoding="utf-8"))
        assert ready["pid"] == self.process.pid
        self.url = ready["url"]

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=REQUEST_SECONDS_MAX)
        with contextlib.closing(connection):
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            cookies = response.headers.get_all("set-cookie") or []
            return Reply(response.status, names, response.read(), cookies)

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Reply:
        """GET."""
        return self.request("GET", target, headers)

    def wait_exit(self) -> int:
        """The exit code."""
        return self.process.wait(STOP_SECONDS_MAX)


@contextlib.contextmanager
def started_host(
    directory: Path, app: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> Iterator[HostProcess]:
    """A host that may not be ready yet; ended when the block ends. `directory` takes its files."""
    ready_file, log_file = directory / "ready.json", directory / "host.log"
    ready_file.unlink(missing_ok=True)
    command = [sys.executable, "-W", "error", "-m", "localhost", "--app", str(app)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--ready", str(ready_file), *arguments],
            cwd=REPOSITORY,
            env={**_clean_environment(), **(settings or {})},
            stdin=subprocess.PIPE,
            stderr=log,
        )
    with process:
        try:
            yield HostProcess(process, ready_file, log_file)
        finally:
            process.kill()


@contextlib.contextmanager
def running_host(
    directory: Path, app: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> Iterator[HostProcess]:
    """A host that answers."""
    with started_host(directory, app, *arguments, settings=settings) as host:
        host.wait_ready()
        yield host


def wait_for(happened: Callable[[], bool], seconds_max: float = START_SECONDS_MAX) -> None:
    """Poll until it happened."""
    give_up_at = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < give_up_at, "It did not happen in time."
        time.sleep(POLL_SECONDS)


def _clean_environment() -> dict[str, str]:
    """The tests' own environment without what would change a host's behaviour."""
    return {name: value for name, value in os.environ.items() if name != "CLOCK"}
