"""Table storage that fails in the middle of a drill, as drills over real sockets meet it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.lab import QUICK_PLAN, Lab, at
from tests.support.proxy import Proxy, running_proxy

Json = dict[str, Any]

CLOSED_SECONDS = 3_000.0


@dataclass
class Behind:
    """A stack whose function host reaches the Table service through a proxy."""

    lab: Lab
    proxy: Proxy


@contextmanager
def behind_a_proxy(lab: Lab) -> Iterator[Behind]:
    """Have the function host of a lab reach its tables through a proxy."""
    direct = lab.stack.tables
    port = direct.rpartition("127.0.0.1:")[2].partition("/")[0]
    with running_proxy(int(port)) as proxy:
        through = direct.replace(f"127.0.0.1:{port}", f"127.0.0.1:{proxy.port}")
        lab.restart_host({"TABLES_CONNECTION": through})
        yield Behind(lab, proxy)


def refuse(behind: Behind, virtual_seconds: float) -> None:
    """Nobody listens where the tables are."""
    behind.proxy.refuse()
    behind.lab.pause(virtual_seconds)
    behind.proxy.resume()


def hang(behind: Behind, virtual_seconds: float) -> None:
    """The way to the tables swallows everything for a while."""
    behind.proxy.hang()
    behind.lab.pause(virtual_seconds)
    behind.proxy.resume()


def freeze(behind: Behind, virtual_seconds: float) -> None:
    """The Table service itself stands still."""
    behind.lab.freeze(behind.lab.stack.azurite.child, virtual_seconds)


OUTAGES = {"refuses": refuse, "hangs": hang, "freezes": freeze}


def gaps(report: Json, since: datetime, until: datetime) -> list[Json]:
    """The gaps that the report states of that time."""
    return [
        gap
        for gap in report["samples"]["gaps"]
        if at(gap["after"]) < until and at(gap["until"]) > since
    ]


@dataclass
class Drilled:
    """A drill that went through an outage, from when to when."""

    closed: Json
    report: Json
    since: datetime
    until: datetime


def drill_through(behind: Behind, outage: str, virtual_seconds: float) -> Drilled:
    """Run a drill whose tables go when its machine has stopped, and come back."""
    lab, drill_id = behind.lab, f"{outage}-{virtual_seconds:g}"
    lab.wait_online()
    lab.start_drill(drill_id, QUICK_PLAN)
    for _ in lab.turns(300, "the machine to be stopped"):
        if not lab.is_running():
            break
    since = lab.now()
    OUTAGES[outage](behind, virtual_seconds)
    until = lab.now()
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)
    return Drilled(closed, lab.report(drill_id), since, until)
