"""A whole local stack for a test: provision, drill, break, look; in virtual time."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from azure.data.tables import TableServiceClient  # noqa: TID251 (the real service)

from devtools import stack
from devtools.clock import parse_instant
from devtools.demo import Monitor, Plan
from devtools.processes import Child, Children

Json = dict[str, Any]
Dump = dict[tuple[str, str, str], Json]

PROFILE = "lab"
POLL_SECONDS = 0.05
DRILL_POLL_SECONDS = 0.25  # a look at a drill reads its timeline: it must not disturb sampling
HTTP_SECONDS = 30.0
ONLINE_SECONDS = 180.0  # virtual: three probes at the slowest cadence, and the tick between
SPARE_SECONDS = 30.0  # wall: on top of virtual limits, for a busy machine
VIRGINIA_VM = "virginia-vm"
NO_TIMERS = {
    f"AzureWebJobs.{name}.Disabled": "true"
    for name in ("take_samples", "advance_drills", "restore_overdue", "remove_expired")
}


@dataclass(frozen=True)
class Answered:
    """What the REST API said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  JSON is what it is
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Json:
        """The error's members."""
        told: Json = self.json["error"]
        return told


@dataclass
class Lab:
    """A running stack, and what tests do with it."""

    stack: stack.Stack
    host: Child

    def call(self, method: str, path: str, body: object = None) -> Answered:
        """Send one request to the REST API; text and bytes go as they are, all else as JSON."""
        content = body.encode() if isinstance(body, str) else body
        if content is not None and not isinstance(content, bytes):
            content = json.dumps(content).encode()
        address = self.stack.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=HTTP_SECONDS)
        headers = {"x-functions-key": self.stack.key, "content-type": "application/json"}
        try:
            connection.request(method, f"/api{path}", content, headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, told, answer.read())
        finally:
            connection.close()

    def must(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  JSON
        """Send one request that has to succeed; its JSON."""
        answer = self.call(method, path, body)
        assert 200 <= answer.status < 300, f"{method} {path}: {answer.status} {answer.body!r}"
        return answer.json if answer.body else None

    def provision(self, body: Json, name: str = PROFILE) -> None:
        """PUT a profile and wait until every endpoint of it is Online."""
        self.must("PUT", f"/profiles/{name}", body)
        self.wait_online(name)

    def wait_online(self, name: str = PROFILE) -> None:
        """Wait until every endpoint of the profile is Online."""
        for _ in self.turns(ONLINE_SECONDS, f"{name} to be Online"):
            endpoints = self.must("GET", f"/profiles/{name}")["endpoints"]
            if {each["endpointMonitorStatus"] for each in endpoints} == {"Online"}:
                return

    def start_drill(self, drill_id: str, plan: Json) -> Json:
        """PUT a drill that has to start."""
        answer = self.call("PUT", f"/drills/{drill_id}", plan)
        assert answer.status == 201, f"{answer.status} {answer.body!r}"
        drill: Json = answer.json
        return drill

    def wait_closed(self, drill_id: str, limit_seconds: float) -> Json:
        """Wait until the drill is closed, that many virtual seconds at most."""
        for _ in self.turns(limit_seconds, f"{drill_id} to close", DRILL_POLL_SECONDS):
            drill: Json = self.must("GET", f"/drills/{drill_id}")
            if drill["phase"] == "closed":
                return drill
        raise AssertionError  # turns() has raised

    def report(self, drill_id: str) -> Json:
        """The drill's report."""
        report: Json = self.must("GET", f"/drills/{drill_id}/report")
        return report

    def truth(self, kind: str = "") -> list[Json]:
        """What really happened, of one kind or of all."""
        events: list[Json] = self.stack.arm.get("/emulator/truth").json["events"]
        return [event for event in events if kind in ("", event["kind"])]

    def power_states(self, vm: str = VIRGINIA_VM) -> list[Json]:
        """How a machine's power state has changed."""
        return [e for e in self.truth("powerState") if e["subject"].endswith(f"/{vm}")]

    def is_running(self, vm: str = VIRGINIA_VM) -> bool:
        """The machine runs; it did when the stack started."""
        states = self.power_states(vm)
        return not states or states[-1]["value"] == "running"

    def writes(self) -> list[str]:
        """Every write that has reached ARM, in order."""
        requests = self.stack.arm.get("/emulator/requests").json["requests"]
        return [f"{r['method']} {r['path']}" for r in requests if r["method"] != "GET"]

    def tables(self) -> Dump:
        """Every row of every table."""
        with TableServiceClient.from_connection_string(self.stack.tables) as service:
            return {
                (table.name, row["PartitionKey"], row["RowKey"]): dict(row)
                for table in service.list_tables()
                for row in service.get_table_client(table.name).list_entities()
            }

    def freeze(self, child: Child, virtual_seconds: float) -> None:
        """Stop a process where it is for a while."""
        child.process.send_signal(signal.SIGSTOP)
        try:
            self.pause(virtual_seconds)
        finally:
            child.process.send_signal(signal.SIGCONT)

    def kill_host(self) -> None:
        """Kill the function host, with -9."""
        os.killpg(self.host.process.pid, signal.SIGKILL)
        self.host.process.wait()
        self.stack.children.forget(self.host)

    def start_host(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the function host again: same port, tables, clock and timer state."""
        if settings is not None:
            self.stack.options = replace(self.stack.options, settings=settings)
        self.host = self.stack.start_host()

    def restart_host(self, settings: Mapping[str, str] | None = None) -> None:
        """Stop the function host and start it again."""
        self.stack.children.forget(self.host)
        self.start_host(settings)

    def now(self) -> datetime:
        """The virtual time."""
        return self.stack.clock.now()

    def pause(self, virtual_seconds: float) -> None:
        """Let virtual time pass."""
        time.sleep(max(0.0, virtual_seconds) / self.stack.options.speed)

    def sleep_until(self, at: datetime) -> None:
        """Let virtual time pass until then."""
        self.pause((at - self.now()) / timedelta(seconds=1))

    def turns(
        self, limit_seconds: float, awaited: str, poll_seconds: float = POLL_SECONDS
    ) -> Iterator[None]:
        """Turns of a wait, for so many virtual seconds; fails when they have passed."""
        end = time.monotonic() + limit_seconds / self.stack.options.speed + SPARE_SECONDS
        while time.monotonic() < end:
            yield
            time.sleep(poll_seconds)
        raise AssertionError(f"Gave up waiting for {awaited} at {self.now():%H:%M:%S}.")


@contextmanager
def running_lab(options: stack.Options) -> Iterator[Lab]:
    """Run a stack of its own, Azurite included; nothing of it is left afterwards."""
    with stack.directory(options.name) as directory, Children() as children:
        started = stack.start(children, options, directory)
        assert started.host is not None
        yield Lab(started, started.host)


def lab_profile(monitor: str = "30/10/3", ttl_seconds: int = 100) -> Json:
    """The body of the lab's profile; its endpoints' order and priorities are the lab's."""
    plan = Plan(Monitor.parse(monitor), 1, ttl_seconds, 300, 60, 120)
    return json.loads(json.dumps(plan.profile(SUBSCRIPTION)))  # type: ignore[no-any-return]


SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
QUICK_PLAN: Json = {
    # As short as a drill can be: nothing closes before its fault's request cannot arrive late.
    "profile": PROFILE,
    "rtoSeconds": 300,
    "steadySeconds": 10,
    "holdSeconds": 10,
    "stabilitySeconds": 10,
}


def at(text: str) -> datetime:
    """An instant, as the report and the truth write it."""
    return parse_instant(text)
