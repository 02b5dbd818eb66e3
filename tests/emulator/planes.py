"""A data plane without sockets, on a clock that moves only when a test says so."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import dns.message
import dns.rcode

from emulator import topology as topologies
from emulator import wire
from emulator.clock import Clock
from emulator.cloud import Cloud, Endpoint, EndpointKind, Profile
from emulator.dns import Answers
from emulator.plane import DataPlane, NameServer
from emulator.rules import DEFAULT_RULES, Rules
from emulator.truth import Truth
from emulator.zones import Authority, TrafficManagerZone
from tests.emulator.running import AMSTERDAM_FQDN, ANCHOR, LAB, VIRGINIA_FQDN
from tests.emulator.values import endpoint, profile


class SetClock(Clock):
    """A clock that moves only when a test says so."""

    def __init__(self) -> None:
        super().__init__(ANCHOR)
        self.instant = ANCHOR

    def now(self) -> datetime:
        """Return the instant that was set."""
        return self.instant


class Plane:
    """A data plane with two name servers over the lab's cloud."""

    def __init__(self, rules: Rules = DEFAULT_RULES) -> None:
        self.clock, self.truth = SetClock(), Truth()
        self.cloud: Cloud = topologies.build(topologies.read(Path(LAB)))
        self.plane = DataPlane(self.cloud, self.clock, self.truth, rules)
        zones = [TrafficManagerZone(rules) for _ in range(2)]
        for name, zone in zip(("ns1:53", "ns2:53"), zones, strict=True):
            server = NameServer(zone, 0)
            server.name = name
            self.plane.name_servers.append(server)
        self.answers = Answers(Authority((zones[0],)).choices, "seed")
        zones[0].on_publish = self.answers.forget

    def news(self) -> list[tuple[str, str, str | bool]]:
        """Return the events since the last look; all must be of this very instant."""
        events, self.truth.events = self.truth.events, []
        assert {e.at for e in events} <= {self.clock.instant}
        return [(e.kind.value, e.subject, e.value) for e in events]

    def probe(self, name: str, *results: bool, of: str = "lab", prober: int = 0) -> None:
        """Let probes come in, a second apart."""
        for succeeded in results:
            self.clock.instant += timedelta(seconds=1)
            key = f"externalendpoints/{name}"
            self.plane.probed(f"group/{of}", key, succeeded=succeeded, prober=prober)

    def status(self, name: str, of: str = "lab") -> str:
        """Return an endpoint's monitor status."""
        stored = self.cloud.profiles.by_key(f"group/{of}")
        found = next(e for e in stored.endpoints if e.name == name)
        return self.plane.status_of(stored, found).value

    def profile_status(self, of: str = "lab") -> str:
        """Return a profile's monitor status."""
        return self.plane.profile_status_of(self.cloud.profiles.by_key(f"group/{of}")).value

    def ask(self, name: str = "lab", kind: str = "A") -> dns.message.Message:
        """Ask the first name server, by way of the octets that it would send."""
        question = dns.message.make_query(f"{name}.trafficmanager.net", kind).to_wire()
        body = self.answers.prepared.get(question[2:])
        if isinstance(body, bytes):
            return dns.message.from_wire(question[:2] + body)
        query = wire.read_query(question)
        assert query is not None
        if body is None:
            return dns.message.from_wire(question[:2] + self.answers.prepare(question, query))
        return dns.message.from_wire(question[:2] + body.draw())

    def answer(self, name: str = "lab", kind: str = "A") -> str:
        """Return what the first name server says in a word: record, NODATA or the code."""
        message = self.ask(name, kind)
        if message.answer:
            assert len(message.answer) == 1
            assert len(message.answer[0]) == 1
            return str(message.answer[0][0]).rstrip(".")
        return "NODATA" if message.rcode() == 0 else dns.rcode.to_text(message.rcode())


def lab_profile(**changes: object) -> Profile:
    """Return the lab's profile over external endpoints."""
    return profile(
        endpoint("virginia", 1, target=VIRGINIA_FQDN),
        endpoint("amsterdam", 2, target=AMSTERDAM_FQDN),
        **changes,
    )


def nested(name: str, child: str, priority: int = 1, **changes: object) -> Endpoint:
    """Return a nested endpoint on the profile of this relative name."""
    return endpoint(
        name, priority, kind=EndpointKind.NESTED, target=f"{child}.trafficmanager.net", **changes
    )


def dice(seed: object) -> random.Random:
    """Return dice that fall the same way in every run."""
    return random.Random(str(seed))  # noqa: S311 - to be repeatable
