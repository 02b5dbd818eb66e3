"""A stack whose function host reaches its tables and ARM through proxies that know every request.

At one request of a drill the host is killed and started again, or frozen and thawed.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from devtools.clock import parse_instant
from tests.support.http_proxy import running_http_proxy
from tests.support.lab import Json, Lab
from tests.support.phases import phase_of
from tests.support.request_points import Fate, Trap, WirePoint

FREEZE_SECONDS = 90.0
"""Virtual; longer than an injection may take, so that a thawed host finds its decision stale."""
POLL_SECONDS = 0.1


@dataclass
class WiredLab:
    """A running stack, and the trap that its requests pass."""

    lab: Lab
    trap: Trap

    def run_drill(self, drill_id: str, plan: Json, point: WirePoint | None) -> datetime:
        """Run a drill to its end, whatever befalls the host meanwhile; when it started."""
        self.trap.set(point)
        self._start(drill_id, plan)
        for _ in self.lab.turns(LIMIT_SECONDS, f"{drill_id} to close", POLL_SECONDS):
            self._raise_the_dead()
            if phase_of(self.lab, drill_id) == "closed":
                break
        # Closing may have been the very request.
        self._raise_the_dead()
        started: str = self.lab.must("GET", f"/drills/{drill_id}")["startedAt"]
        return parse_instant(started)

    def _start(self, drill_id: str, plan: Json) -> None:
        """Ask for the drill until somebody answers."""
        for _ in self.lab.turns(START_SECONDS, f"{drill_id} to start", POLL_SECONDS):
            self._raise_the_dead()
            with suppress(OSError, HTTPException):
                answer = self.lab.call("PUT", f"/drills/{drill_id}", plan)
                assert answer.status in (200, 201, 503), f"{answer.status} {answer.body!r}"
                if answer.status in (200, 201):
                    return

    def _raise_the_dead(self) -> None:
        if self.trap.struck.is_set() and self.lab.host.process.poll() is not None:
            self.lab.start_host()


LIMIT_SECONDS, START_SECONDS = 3_000.0, 300.0


def befall(lab: Lab, fate: Fate) -> None:
    """Kill the host, or freeze it; it thaws by itself."""
    process = lab.host.process
    if fate is Fate.KILL:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return
    process.send_signal(signal.SIGSTOP)
    seconds = FREEZE_SECONDS / lab.stack.options.speed
    threading.Timer(seconds, process.send_signal, [signal.SIGCONT]).start()


@contextmanager
def wired(lab: Lab) -> Iterator[WiredLab]:
    """Put proxies between the function host of a stack and the rest of its world."""
    direct = lab.stack.tables
    tables_port = direct.rpartition("127.0.0.1:")[2].partition("/")[0]
    arm_port = str(lab.stack.azure["arm"]).rpartition(":")[2]
    trap = Trap(lambda fate: befall(lab, fate))
    with (
        running_http_proxy(int(tables_port), trap.watch_tables) as tables,
        running_http_proxy(int(arm_port), trap.watch_arm) as arm,
    ):
        lab.restart_host(
            {
                "TABLES_CONNECTION": direct.replace(f":{tables_port}/", f":{tables.port}/"),
                "ARM_ENDPOINT": f"http://127.0.0.1:{arm.port}",
            }
        )
        yield WiredLab(lab, trap)
