"""Azurite: the local storage service, a process for each of its services that is asked for."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from devtools import environment, paths, setup
from devtools.processes import Child, Children, Command, Failed, wait_until

READY_LIMIT_SECONDS = 60.0
PORT_ATTEMPTS = 3  # another process may take the port between our look and Azurite's
# Azurite's account and key, the same in every installation and printed in its documentation.
_ACCOUNT = "devstoreaccount1"
_ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_AZURITE_WORDS = (
    "--skipApiVersionCheck",
    "--disableTelemetry",
    "--silent",
)
_AZURITE_READY = "successfully started"


@dataclass(frozen=True)
class Place:
    """Where a service listens, and where it keeps its data (None: in memory)."""

    service: str
    port: int
    data: Path | None


@dataclass(frozen=True)
class Azurite:
    """One of Azurite's services."""

    child: Child
    connection: str

    @property
    def endpoint(self) -> str:
        """The part of the connection string that names the service's address."""
        return self.connection.split(";", 3)[3]

    @classmethod
    def start(
        cls,
        children: Children,
        location: Path,
        *,
        log_name: str,
        in_memory: bool = True,
        service: str = "table",
    ) -> "Azurite":
        """Start it, and wait until it answers."""
        location.mkdir(parents=True, exist_ok=True)
        log = paths.LOGS / f"{log_name}.log"
        for attempt in range(1, PORT_ATTEMPTS + 1):
            port = free_port()
            place = Place(service, port, location if not in_memory else None)
            child = children.start(_azurite_command(place, location, log))
            try:
                wait_until(lambda: _AZURITE_READY in log.read_text(), child, READY_LIMIT_SECONDS)
            except Failed:
                children.forget(child)
                if attempt == PORT_ATTEMPTS or "EADDRINUSE" not in log.read_text():
                    raise
            else:
                return cls(child, _connection(service, port))
        raise AssertionError  # the last attempt returns or raises


def _azurite_command(place: Place, directory: Path, log: Path) -> Command:
    name = f"--{place.service}"
    where = ["--location", str(place.data)] if place.data else ["--inMemoryPersistence"]
    listen = [f"{name}Host", "127.0.0.1", f"{name}Port", str(place.port)]
    # At its default of 5 s a busy client meets resets.
    listen += [f"{name}KeepAliveTimeout", "60"]
    script = paths.AZURITE / "node_modules" / "azurite" / "dist" / "src" / place.service / "main.js"
    return Command(
        name="Azurite",
        argv=[setup.node(), str(script), *listen, *where, *_AZURITE_WORDS],
        env=environment.common(),
        cwd=directory,
        log=log,
        # On SIGINT it saves its tables first; with nothing to save it need not be asked.
        stop_signal=signal.SIGKILL if place.data is None else signal.SIGINT,
    )


def _connection(service: str, port: int) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_ACCOUNT_KEY};"
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
    )


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
