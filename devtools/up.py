"""`./dev up`: the local stack, until Ctrl-C."""

import contextlib
import fcntl
import time
from collections.abc import Iterator

from devtools import paths
from devtools.console import paint, say
from devtools.processes import Failed
from devtools.stack import Stack

LOOK_SECONDS = 0.5  # how soon a process that died is noticed
DATA = paths.LOCAL / "azurite-data"
SETTINGS = {"BASELINE_INTERVAL_SECONDS": "60"}  # here profiles live on, drill or no drill


def stay(stack: Stack) -> None:
    """Say where everything is, and stay until a signal comes or a process dies."""
    _show(stack)
    while True:
        stack.children.check()
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def data_alone() -> Iterator[None]:
    """Hold the local tables: Azurite keeps them whole in memory, so two would lose writes."""
    paths.LOCAL.mkdir(exist_ok=True)
    with (paths.LOCAL / "azurite-data.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("Another ./dev up runs in this checkout: its tables are these.") from None
        yield


def _show(stack: Stack) -> None:
    azure = stack.azure
    url, header = f"{stack.url}/api", f"-H 'x-functions-key: {stack.key}'"
    say()
    say(paint("Switchback is up; Ctrl-C ends it.", "bold"))
    say(f"  REST API       {url}   x-functions-key: {stack.key}")
    say(f"  emulated ARM   {azure['arm']}   subscription {azure['subscriptionId']}")
    say(f"  name servers   {_listed(azure['authoritative'])}   (Traffic Manager)")
    say(f"                 {_listed(azure['publicIpZone'])}   (public IPs)")
    say(f"  resolvers      {_listed(azure['resolvers'])}")
    say(f"  tables         {stack.tables}")
    say(f"  clock          {stack.clock.text}")
    say(f"  logs           {paths.shown(paths.LOGS)}/{stack.options.name}-*.log")
    say()
    say("Try:")
    say(f"  curl {url}/health")
    say(f"  curl {header} {url}/profiles")
    say(f"  curl {header} {url}/drills")
    say(f"  curl {azure['arm']}/emulator/truth")
    address, _, port = azure["authoritative"][0].partition(":")
    say(f"  dig @{address} -p {port} switchback-lab.trafficmanager.net")
    say()


def _listed(addresses: list[str]) -> str:
    return ", ".join(addresses)
