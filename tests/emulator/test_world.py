"""The whole emulator on real sockets: switches of the topology, and what the truth tells."""

import dns.rcode

from emulator.choices import habits_of, rules_of
from emulator.prober import Cadence, Habits, Phases
from emulator.rules import EmptyProfile, NestedTtl, OtherTypes, Rules
from emulator.topology import Topology
from tests.emulator.running import (
    FQDN,
    PROFILE,
    PROFILE_TYPE,
    VIRGINIA_FQDN,
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


def test_a_nested_profile_end_to_end(emulator: Emulator) -> None:
    """Over ARM and real DNS: the parent's TTL, the child's target, and whose news is whose."""
    child = f"{PROFILE.rpartition('/')[0]}/child"
    body = lab_profile(ttl=7)
    body["properties"]["dnsConfig"]["relativeName"] = "child"
    assert emulator.arm("PUT", child, body).status_code == 201
    nested = {"name": "down", "type": f"{PROFILE_TYPE}/nestedEndpoints"}
    properties = {"targetResourceId": child, "minChildEndpoints": 1}
    parent = lab_profile(ttl=100)
    parent["properties"]["endpoints"] = [nested | {"properties": properties}]
    assert emulator.arm("PUT", PROFILE, parent).status_code == 201

    for server in (emulator.authoritative[0], emulator.resolvers[0]):
        alias = emulator.ask(server).answer[0]
        assert alias.to_text() == f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}."
    told = [(e["profile"], e["value"]) for e in emulator.truth("resolverAnswer")]
    assert told == [("lab", "down")]
    emulator.arm("DELETE", child)
    assert emulator.ask(emulator.authoritative[0]).rcode() == dns.rcode.NXDOMAIN


def test_every_switch_of_the_topology_reaches_what_it_switches() -> None:
    """Whatever differs from its default here must differ there."""
    switches = {
        "probers": 3,
        "proberQuorum": 2,
        "proberPhases": "drawn",
        "probeMethod": "HEAD",
        "probeServerName": False,
        "probeCadence": "afterTimeout",
        "unmonitoredCountsAsOnline": False,
        "nestedTtl": "answering",
        "otherQueryTypes": "cname",
        "emptyProfile": "noData",
    }
    chosen = lab_topology(switches=switches).switches

    assert rules_of(chosen) == Rules(
        probers=3,
        quorum=2,
        unmonitored_counts_as_online=False,
        nested_ttl=NestedTtl.ANSWERING,
        other_types=OtherTypes.CNAME,
        empty_profile=EmptyProfile.NO_DATA,
    )
    assert habits_of(chosen, 7) == Habits(
        seed=7,
        probers=3,
        cadence=Cadence.AFTER_TIMEOUT,
        phases=Phases.DRAWN,
        method="HEAD",
        has_server_name=False,
    )
    assert rules_of(lab_topology().switches) == Rules()
    assert habits_of(lab_topology().switches, 1) == Habits()


def test_several_probers_on_the_wire() -> None:
    """Three probers send three times as many requests; a head may be all they ask for."""
    switches = {"probers": 3, "probeMethod": "HEAD", "probeServerName": False}
    with running(speed=40, topology=lab_topology(switches=switches)) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile())
        emulator.wait_until_online()
        assert {len(tasks) for tasks in emulator.world.prober._loops.values()} == {3}


def test_another_seed_on_the_command_line_wins_over_the_topologys() -> None:
    """One topology, many phases."""
    with running(seed=5) as five, running() as one:
        assert (five.world.prober.habits.seed, one.world.prober.habits.seed) == (5, 1)


def test_instants_never_run_backwards(lab: Emulator) -> None:
    """The log is in order of time."""
    lab.arm("PATCH", VIRGINIA, OFF)
    instants = [at(event) for event in lab.truth()]

    assert instants == sorted(instants)
