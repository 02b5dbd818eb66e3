"""A running emulator for tests: the real thing on real sockets, in a thread of its own."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import httpx2

from emulator import topology as topologies
from emulator.clock import Clock
from emulator.topology import Topology
from emulator.world import World

LAB = Path(topologies.__file__).parent / "topologies" / "lab.json"
ANCHOR = datetime(2026, 11, 22, 9, tzinfo=UTC)
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-0000000000aa"
PROFILE_TYPE = "Microsoft.Network/trafficManagerProfiles"
PROFILE = f"{SUBSCRIPTION}/resourceGroups/switchback-lab/providers/{PROFILE_TYPE}/lab"
EASTUS = f"{SUBSCRIPTION}/resourceGroups/switchback-lab-eastus/providers"
WESTEUROPE = f"{SUBSCRIPTION}/resourceGroups/switchback-lab-westeurope/providers"
VIRGINIA_IP = f"{EASTUS}/Microsoft.Network/publicIPAddresses/virginia-ip"
AMSTERDAM_IP = f"{WESTEUROPE}/Microsoft.Network/publicIPAddresses/amsterdam-ip"
VIRGINIA_VM = f"{EASTUS}/Microsoft.Compute/virtualMachines/virginia-vm"
FQDN = "switchback-lab.trafficmanager.net"
VIRGINIA_FQDN = "switchback-virginia.eastus.cloudapp.azure.com"
AMSTERDAM_FQDN = "switchback-amsterdam.westeurope.cloudapp.azure.com"
WAIT_SECONDS_MAX = 15.0  # wall; a test that waits longer has failed

Json = dict[str, Any]


def lab_topology(**parts: Json) -> Topology:
    """Return the lab's topology with some of its parts' members changed."""
    described = json.loads(LAB.read_text())
    for name, changes in parts.items():
        described[name] = described.get(name, {}) | changes
    return Topology.model_validate(described)


def azure_endpoint(name: str, resource: str, **properties: object) -> Json:
    """Return the body of an azureEndpoint."""
    return {
        "name": name,
        "type": f"{PROFILE_TYPE}/azureEndpoints",
        "properties": {"targetResourceId": resource} | properties,
    }


def lab_profile(ttl: int = 100, **monitor: object) -> Json:
    """Return the body of the lab's profile."""
    return {
        "location": "global",
        "properties": {
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {"relativeName": "switchback-lab", "ttl": ttl},
            "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"} | monitor,
            "endpoints": [
                azure_endpoint("virginia", VIRGINIA_IP, priority=1),
                azure_endpoint("amsterdam", AMSTERDAM_IP, priority=2),
            ],
        },
    }


def external(name: str = "x", **properties: object) -> Json:
    """Return the body of an external endpoint."""
    given = {"target": "www.example.org"} | properties
    return {"name": name, "type": f"{PROFILE_TYPE}/externalEndpoints", "properties": given}


def with_endpoints(*endpoints: Json, **properties: object) -> Json:
    """Return the lab's profile with other endpoints and properties."""
    body = lab_profile()
    body["properties"] |= {"endpoints": list(endpoints)} | properties
    return body


class Emulator:
    """A running emulator and the few things that tests ask of it."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop, speed: float) -> None:
        self.world, self.loop, self.speed = world, loop, speed
        self.url = str(world.ready["arm"])
        # No TLS here: loading the certificate store would be most of a test's time.
        self.http = httpx2.Client(base_url=self.url, verify=False)
        self.authoritative: list[str] = world.ready["authoritative"]  # type: ignore[assignment]
        self.public_ip_zone: list[str] = world.ready["publicIpZone"]  # type: ignore[assignment]
        self.resolvers: list[str] = world.ready["resolvers"]  # type: ignore[assignment]
        pairs = str(world.ready["connectTo"]).split(",")
        self.connect_to = dict(pair.split("=") for pair in pairs)

    def arm(
        self, method: str, path: str, body: object = None, version: str = "2026-09-01", **query: str
    ) -> httpx2.Response:
        """Send one request to ARM."""
        params = {"api-version": version} | query
        return self.http.request(method, path, params=params, json=body)

    def token(self, resource: str = "https://management.azure.com") -> str:
        """Return a token as a process with a managed identity gets one."""
        header = {"X-IDENTITY-HEADER": str(self.world.ready["identityHeader"])}
        asked = {"api-version": "2019-08-01", "resource": resource}
        place = str(self.world.ready["identityEndpoint"])
        given: str = self.http.get(place, params=asked, headers=header).json()["access_token"]
        return given

    def ask(
        self,
        server: str,
        name: str = FQDN,
        kind: str = "A",
        *,
        tcp: bool = False,
        timeout: float = 2.0,
    ) -> dns.message.Message:
        """Ask a name server or resolver."""
        address, port = server.split(":")
        question = dns.message.make_query(name, dns.rdatatype.from_text(kind))
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(question, address, timeout=timeout, port=int(port))

    def truth(self, kind: str | None = None, subject: str | None = None) -> list[Json]:
        """Return the truth log, or the events of one kind and subject."""
        events: list[Json] = self.http.get("/emulator/truth").json()["events"]
        events = [e for e in events if kind in (None, e["kind"])]
        return [e for e in events if subject is None or e["subject"].endswith(subject)]

    def wait_for(self, kind: str, subject: str, value: object, count: int = 1) -> Json:
        """Return the event, as soon as it has happened so many times."""
        give_up_at = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < give_up_at:
            found = [e for e in self.truth(kind, subject) if e["value"] == value]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.005)
        raise AssertionError(f"{kind} {subject} {value} did not happen: {self.truth()}")

    def wait_until_online(self) -> None:
        """Wait until both of the lab's endpoints have passed their first probe."""
        for endpoint in ("virginia", "amsterdam"):
            self.wait_for("endpointMonitorStatus", endpoint, "Online")


def at(event: Json) -> datetime:
    """Return an event's instant."""
    return datetime.fromisoformat(event["at"])


def seconds_between(earlier: Json, later: Json) -> float:
    """Return the virtual seconds between two events."""
    return (at(later) - at(earlier)).total_seconds()


@contextlib.contextmanager
def running(
    speed: float = 1.0, topology: Topology | None = None, seed: int | None = None
) -> Iterator[Emulator]:
    """Run an emulator until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="emulator")
    thread.start()
    clock = Clock(ANCHOR, time.monotonic(), speed)
    world = World(topology or lab_topology(), clock, seed)
    try:
        asyncio.run_coroutine_threadsafe(world.start(), loop).result(WAIT_SECONDS_MAX)
        emulator = Emulator(world, loop, speed)
        with contextlib.closing(emulator.http):
            emulator.http.headers["Authorization"] = f"Bearer {emulator.token()}"
            yield emulator
    finally:
        asyncio.run_coroutine_threadsafe(_stop(world), loop).result(WAIT_SECONDS_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_SECONDS_MAX)
        loop.close()


async def _stop(world: World) -> None:
    """Stop the world and let whatever it cancelled come to its end."""
    await world.stop()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
