"""Finding the name servers that a drill will ask."""

from pathlib import Path

import dns.message
import pytest

from shared.adapters import dns_servers
from shared.adapters.dns_servers import find_authoritative, resolvers, system_resolvers
from shared.core.errors import UpstreamUnavailable
from tests.support.dns_server import answering, dns_server, reply


def zone(query: dns.message.Message) -> list[bytes]:
    """Answer for a zone with two name servers."""
    name = query.question[0].name.to_text()
    records = {
        "trafficmanager.test.": (
            "trafficmanager.test. 60 IN NS b.test.",
            "trafficmanager.test. 60 IN NS a.test.",
        ),
        "a.test.": ("a.test. 60 IN A 127.1.1.1",),
        "b.test.": ("b.test. 60 IN A 127.1.1.2",),
    }
    return [reply(query, *records[name]).to_wire()]


def test_name_servers_are_found_by_ns() -> None:
    """In order of their names, so that every drill asks the same ones in the same order."""
    with dns_server(zone) as server:
        found = find_authoritative("trafficmanager.test", [server.address])

    assert found == ("127.1.1.1:53", "127.1.1.2:53")


def test_a_zone_without_name_servers_is_said() -> None:
    """With the setting that helps."""
    with dns_server(answering()) as server, pytest.raises(UpstreamUnavailable, match="DNS_AUTH"):
        find_authoritative("trafficmanager.test", [server.address])


def test_the_system_s_resolvers_carry_their_port() -> None:
    """So that series are named alike, whoever configured the resolver."""
    if not Path("/etc/resolv.conf").exists():
        pytest.skip("this machine has no /etc/resolv.conf")

    assert all(server.endswith(":53") for server in system_resolvers())


def test_a_name_server_without_an_address_is_left_out() -> None:
    """The others are asked; of a server with an IPv6 address only, that one."""

    def partly(query: dns.message.Message) -> list[bytes]:
        asked = query.question[0]
        name = asked.name.to_text()
        if name == "a.test.":
            return [reply(query).to_wire()]
        if name == "b.test.":
            records = ("b.test. 60 IN AAAA 2001:db8::2",) if asked.rdtype == 28 else ()
            return [reply(query, *records).to_wire()]
        return zone(query)

    with dns_server(partly) as server:
        found = find_authoritative("trafficmanager.test", [server.address])

    assert found == ("[2001:db8::2]:53",)


def test_name_servers_of_which_none_has_an_address_are_said() -> None:
    """There is nobody to ask."""

    def nowhere(query: dns.message.Message) -> list[bytes]:
        is_zone = query.question[0].name.to_text() == "trafficmanager.test."
        return zone(query) if is_zone else [reply(query).to_wire()]

    with dns_server(nowhere) as server, pytest.raises(UpstreamUnavailable, match="DNS_AUTH"):
        find_authoritative("trafficmanager.test", [server.address])


def test_the_system_s_resolvers_are_asked_beside_the_configured_ones() -> None:
    """Configured ones first; each once."""
    own = system_resolvers()

    assert resolvers((), with_system=True) == own
    assert resolvers(("192.0.2.1:53", own[0]), with_system=True)[:2] == ("192.0.2.1:53", own[0])
    assert set(resolvers(("192.0.2.1:53",), with_system=True)) == {"192.0.2.1:53", *own}


def test_before_an_emulated_azure_only_configured_resolvers_are_asked() -> None:
    """Nobody outside knows its names."""
    assert resolvers(("127.1.2.1:5300",), with_system=False) == ("127.1.2.1:5300",)


def test_a_system_without_resolvers_leaves_the_configured_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without those it is said."""

    def unknown() -> tuple[str, ...]:
        raise UpstreamUnavailable("There are none.")

    monkeypatch.setattr(dns_servers, "system_resolvers", unknown)

    assert resolvers(("192.0.2.1:53",), with_system=True) == ("192.0.2.1:53",)
    with pytest.raises(UpstreamUnavailable):
        resolvers((), with_system=True)
