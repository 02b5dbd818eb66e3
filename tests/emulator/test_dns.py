"""Name servers on the wire: the documented answers, over UDP and TCP."""

import socket
import struct
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.emulator.running import (
    AMSTERDAM_FQDN,
    FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    Emulator,
    lab_profile,
    running,
)

SOA = "trafficmanager.net. 30 IN SOA tm1.msft.net. hostmaster.trafficmanager.net. 2003080800 900 300 2419200 30"  # noqa: E501 - one record


def external(target: str) -> dict[str, object]:
    """Return the body of a profile with one external endpoint."""
    body = lab_profile()
    body["properties"]["endpoints"] = [
        {
            "name": "only",
            "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
            "properties": {"target": target},
        }
    ]
    return body


def texts(message: dns.message.Message) -> list[str]:
    """Return the answer section."""
    return [rrset.to_text() for rrset in message.answer]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME", "ANY"])
def test_a_profiles_name_is_one_cname_with_the_profiles_ttl(
    emulator: Emulator, kind: str, tcp: bool
) -> None:
    """The servers do not chase the name: the address is another authority's business."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=100))

    for server in emulator.authoritative:
        message = emulator.ask(server, kind=kind, tcp=tcp)
        assert texts(message) == [f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}."]
        assert message.rcode() == dns.rcode.NOERROR
        assert message.flags & dns.flags.AA


# target of the only endpoint -> what A, AAAA, CNAME, ANY and TXT answer
QUERY_TYPES = {
    "www.example.org": ("CNAME", "CNAME", "CNAME", "CNAME", None),
    "192.0.2.7": ("A", None, None, "A", None),
    "2001:db8::7": (None, "AAAA", None, "AAAA", None),
}


@pytest.mark.parametrize("target", QUERY_TYPES)
def test_query_types(emulator: Emulator, target: str) -> None:
    """Every row of the table; what has no record is NODATA and carries the SOA."""
    assert emulator.arm("PUT", PROFILE, external(target)).status_code == 201

    for kind, expected in zip(
        ("A", "AAAA", "CNAME", "ANY", "TXT"), QUERY_TYPES[target], strict=True
    ):
        message = emulator.ask(emulator.authoritative[0], kind=kind)
        assert message.rcode() == dns.rcode.NOERROR
        if expected is None:
            assert not message.answer
            assert message.authority[0].to_text() == SOA
        else:
            assert texts(message)[0].split()[3] == expected


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_missing_name_is_nxdomain_with_the_soa(emulator: Emulator, tcp: bool) -> None:
    """Negative TTL 30."""
    message = emulator.ask(emulator.authoritative[1], "missing.trafficmanager.net", tcp=tcp)

    assert message.rcode() == dns.rcode.NXDOMAIN
    assert message.authority[0].to_text() == SOA


def test_a_disabled_profile_and_one_without_endpoints_have_no_name(emulator: Emulator) -> None:
    """NXDOMAIN at once, and back at once."""
    server = emulator.authoritative[0]
    empty = lab_profile()
    empty["properties"]["endpoints"] = []

    emulator.arm("PUT", PROFILE, empty)
    assert emulator.ask(server).rcode() == dns.rcode.NXDOMAIN
    emulator.arm("PUT", PROFILE, lab_profile())
    assert emulator.ask(server).rcode() == dns.rcode.NOERROR
    emulator.arm("PATCH", PROFILE, {"properties": {"profileStatus": "Disabled"}})
    assert emulator.ask(server).rcode() == dns.rcode.NXDOMAIN
    emulator.arm("DELETE", PROFILE)
    assert emulator.ask(server).rcode() == dns.rcode.NXDOMAIN


def test_disabling_an_endpoint_changes_the_answer_before_the_write_is_answered(
    emulator: Emulator,
) -> None:
    """No lag unless the topology asks for one."""
    emulator.arm("PUT", PROFILE, lab_profile())
    endpoint = f"{PROFILE}/azureEndpoints/virginia"

    emulator.arm("PATCH", endpoint, {"properties": {"endpointStatus": "Disabled"}})
    assert AMSTERDAM_FQDN in texts(emulator.ask(emulator.authoritative[0]))[0]
    emulator.arm("PATCH", endpoint, {"properties": {"endpointStatus": "Enabled"}})
    assert VIRGINIA_FQDN in texts(emulator.ask(emulator.authoritative[1]))[0]


def test_a_name_with_dots_makes_the_names_above_it_exist(emulator: Emulator) -> None:
    """An empty non-terminal is NODATA, not NXDOMAIN (RFC 8020)."""
    body = lab_profile()
    body["properties"]["dnsConfig"]["relativeName"] = "lab.contoso"
    emulator.arm("PUT", PROFILE, body)
    server = emulator.authoritative[0]

    assert emulator.ask(server, "LAB.Contoso.trafficmanager.NET").answer
    above = emulator.ask(server, "contoso.trafficmanager.net")
    assert (above.rcode(), above.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize("method", ["Performance", "MultiValue"])
def test_methods_that_are_not_emulated_are_refused(emulator: Emulator, method: str) -> None:
    """Stored and shown, but no answer is invented."""
    body = lab_profile()
    body["properties"]["trafficRoutingMethod"] = method
    emulator.arm("PUT", PROFILE, body)

    assert emulator.ask(emulator.authoritative[0]).rcode() == dns.rcode.REFUSED


def weighted_draws(seed: int) -> list[list[str]]:
    """Return which endpoint each server named, question by question."""
    body = lab_profile()
    body["properties"]["trafficRoutingMethod"] = "Weighted"
    for endpoint, weight in zip(body["properties"]["endpoints"], (3, 1), strict=True):
        endpoint["properties"]["weight"] = weight
    with running(seed=seed) as emulator:
        emulator.arm("PUT", PROFILE, body)
        told = [e["value"] for e in emulator.truth("answer")]
        assert told == ["virginia|amsterdam"] * 2
        return [
            [str(emulator.ask(server, tcp=n % 5 == 0).answer[0][0]) for n in range(60)]
            for server in emulator.authoritative
        ]


def test_weighted_answers_are_drawn_for_every_query_as_the_seed_says() -> None:
    """Three to one; each server has dice of its own, over UDP and TCP alike."""
    first, again, other = weighted_draws(1), weighted_draws(1), weighted_draws(2)

    assert first == again != other
    assert first[0] != first[1]
    drawn = [answer for answers in first + other for answer in answers]
    assert 0.6 < drawn.count(f"{VIRGINIA_FQDN}.") / len(drawn) < 0.9


def test_the_public_addresses_have_their_own_zone(emulator: Emulator) -> None:
    """TTL 10; no IPv6; unknown labels do not exist."""
    (server,) = emulator.public_ip_zone

    assert texts(emulator.ask(server, VIRGINIA_FQDN)) == [f"{VIRGINIA_FQDN}. 10 IN A 127.1.0.4"]
    nodata = emulator.ask(server, VIRGINIA_FQDN, "AAAA")
    assert (nodata.rcode(), nodata.answer, len(nodata.authority)) == (dns.rcode.NOERROR, [], 1)
    missing = emulator.ask(server, "missing.eastus.cloudapp.azure.com")
    assert (missing.rcode(), len(missing.authority)) == (dns.rcode.NXDOMAIN, 1)


def test_other_zones_are_refused(emulator: Emulator) -> None:
    """Each server knows its own zone and nothing else."""
    asked = (
        (emulator.authoritative[0], VIRGINIA_FQDN),
        (emulator.authoritative[0], "example.org"),
        (emulator.public_ip_zone[0], FQDN),
    )

    for server, name in asked:
        assert emulator.ask(server, name).rcode() == dns.rcode.REFUSED


def test_the_zones_own_names_have_soa_and_ns(emulator: Emulator) -> None:
    """So that a resolver that asks for them is not misled."""
    server = emulator.authoritative[0]

    assert texts(emulator.ask(server, "trafficmanager.net", "SOA")) == [SOA]
    assert "tm1.dns-tm.com." in texts(emulator.ask(server, "trafficmanager.net", "NS"))[0]
    assert not emulator.ask(server, "trafficmanager.net", "A").answer


def test_malformed_messages_are_answered_or_ignored_and_stop_nothing(emulator: Emulator) -> None:
    """FORMERR for what has a header, NOTIMP for other opcodes, silence for scraps."""
    address, port = emulator.authoritative[0].split(":")
    header = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        for scrap in (b"", b"x", header[:11]):
            client.sendto(scrap, (address, int(port)))
        client.sendto(header, (address, int(port)))
        assert dns.message.from_wire(client.recv(512)).rcode() == dns.rcode.FORMERR
        client.sendto(b"\0\7\x10\0" + header[4:] + b"\0\0\1\0\1", (address, int(port)))
        assert dns.message.from_wire(client.recv(512)).rcode() == dns.rcode.NOTIMP

    assert emulator.ask(emulator.authoritative[0]).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(
    ("options", "rcode"),
    [({"rdclass": "CH"}, dns.rcode.REFUSED), ({"use_edns": 1}, dns.rcode.BADVERS)],
)
def test_other_classes_and_edns_versions_are_told_so(
    emulator: Emulator, options: dict[str, Any], rcode: dns.rcode.Rcode
) -> None:
    """RFC 6891: BADVERS names the version that would do."""
    address, port = emulator.authoritative[0].split(":")
    question = dns.message.make_query(FQDN, "A", **options)

    assert dns.query.udp(question, address, timeout=2, port=int(port)).rcode() == rcode


def test_several_questions_share_one_tcp_connection(emulator: Emulator) -> None:
    """Pipelined, also when their bytes arrive torn (RFC 7766)."""
    emulator.arm("PUT", PROFILE, lab_profile())
    address, port = emulator.authoritative[0].split(":")
    questions = [dns.message.make_query(FQDN, "A") for _ in range(3)]
    stream = b"".join(len(q.to_wire()).to_bytes(2, "big") + q.to_wire() for q in questions)

    with socket.create_connection((address, int(port)), 2) as client:
        client.sendall(stream[:50])
        client.sendall(stream[50:])
        answers = [dns.query.receive_tcp(client, 2**40)[0] for _ in questions]

    assert [a.id for a in answers] == [q.id for q in questions]
