"""The whole emulator on real sockets: switches of the topology, and what the truth tells."""

import dns.rcode

from emulator.topology import Topology
from tests.emulator.running import (
    FQDN,
    PROFILE,
    PROFILE_TYPE,
    Emulator,
    Json,
    at,
    lab_profile,
    lab_topology,
    running,
    seconds_between,
)

VIRGINIA = f"{PROFILE}/azureEndpoints/virginia"
OFF = {"properties": {"endpointStatus": "Disabled"}}


def changed(**parts: object) -> Topology:
    """Return the lab's topology with whole parts replaced."""
    described = lab_topology().model_dump(by_alias=True) | parts
    return Topology.model_validate(described)


def external(target: str) -> Json:
    """Return the lab's profile with one external endpoint."""
    body = lab_profile(ttl=5)
    body["properties"]["endpoints"] = [
        {
            "name": "only",
            "type": f"{PROFILE_TYPE}/externalEndpoints",
            "properties": {"target": target},
        }
    ]
    return body


def test_a_name_server_may_lag_behind_the_verdict() -> None:
    """The other one answers at once; each answer is stamped when it holds."""
    servers = [{"address": "127.1.1.1"}, {"address": "127.1.1.2", "lagSeconds": 20}]
    with running(speed=40, topology=changed(trafficManagerNameServers=servers)) as emulator:
        prompt, late = emulator.authoritative
        emulator.arm("PUT", PROFILE, lab_profile())
        assert emulator.ask(late).rcode() == dns.rcode.NXDOMAIN
        emulator.wait_for("answer", late, "virginia")

        emulator.arm("PATCH", VIRGINIA, OFF)
        assert "amsterdam" in emulator.ask(prompt).answer[0].to_text()
        assert "virginia" in emulator.ask(late).answer[0].to_text()
        switched = emulator.wait_for("answer", prompt, "amsterdam")
        followed = emulator.wait_for("answer", late, "amsterdam")

    assert 20 <= seconds_between(switched, followed) < 22


def test_a_resolver_may_see_only_some_name_servers() -> None:
    """So that two resolvers can disagree while one server lags."""
    servers = [{"address": "127.1.1.1"}, {"address": "127.1.1.2", "lagSeconds": 3600}]
    resolvers = [
        {"address": "127.1.2.1", "nameServers": ["127.1.1.1", "127.1.1.3"]},
        {"address": "127.1.2.2", "nameServers": ["127.1.1.2", "127.1.1.3"]},
    ]
    topology = changed(trafficManagerNameServers=servers, resolvers=resolvers)
    with running(topology=topology) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile())
        codes = [emulator.ask(resolver).rcode() for resolver in emulator.resolvers]

    assert codes == [dns.rcode.NOERROR, dns.rcode.NXDOMAIN]


def test_what_a_resolver_answers_is_told_once_for_each_change(emulator: Emulator) -> None:
    """The endpoint's name, or "none"; NODATA and other names are no news."""
    resolver = emulator.resolvers[0]
    body = lab_profile(ttl=0)
    emulator.arm("PUT", PROFILE, body)

    for _ in range(3):
        emulator.ask(resolver)
    emulator.ask(resolver, kind="AAAA")
    emulator.ask(resolver, "trafficmanager.net", "SOA")
    emulator.arm("PATCH", VIRGINIA, OFF)
    emulator.ask(resolver)
    emulator.arm("PATCH", PROFILE, {"properties": {"profileStatus": "Disabled"}})
    emulator.ask(resolver)

    told = emulator.truth("resolverAnswer")
    assert [(e["subject"], e["value"]) for e in told] == [
        (resolver, "virginia"),
        (resolver, "amsterdam"),
        (resolver, "none"),
    ]


def test_an_external_endpoint_by_address_is_served_probed_and_told(emulator: Emulator) -> None:
    """Its A record carries the profile's TTL."""
    emulator.arm("PUT", PROFILE, external("127.1.0.4"))

    message = emulator.ask(emulator.resolvers[0])

    assert [r.to_text() for r in message.answer] == [f"{FQDN}. 5 IN A 127.1.0.4"]
    assert [e["value"] for e in emulator.truth("serving", "only")] == [True]
    assert [e["value"] for e in emulator.truth("resolverAnswer")] == ["only"]


def test_another_seed_on_the_command_line_wins_over_the_topologys() -> None:
    """One topology, many phases."""
    with running(seed=5) as five, running() as one:
        assert (five.world.prober.habits.seed, one.world.prober.habits.seed) == (5, 1)


def test_instants_never_run_backwards(lab: Emulator) -> None:
    """The log is in order of time."""
    lab.arm("PATCH", VIRGINIA, OFF)
    instants = [at(event) for event in lab.truth()]

    assert instants == sorted(instants)
