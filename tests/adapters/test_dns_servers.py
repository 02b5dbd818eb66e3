"""Finding the name servers that a drill will ask."""

from pathlib import Path

import dns.message
import pytest

from shared.adapters.dns_servers import find_authoritative, system_resolvers
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
