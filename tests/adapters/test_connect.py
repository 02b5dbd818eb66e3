"""Where our requests may go, and where they go instead in development."""

import pytest

from shared.adapters import connect
from shared.adapters.connect import Guard, connect_to, peer

FORBIDDEN = {
    "the metadata service": "169.254.169.254",
    "Azure's wire server": "168.63.129.16",
    "link-local": "fe80::1",
    "site-local": "fec0::1",
    "multicast": "224.0.0.1",
    "multicast, IPv6": "ff02::1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified": "0.0.0.0",
    "unspecified, IPv6": "::",
    "this network": "0.1.2.3",
    "protocol assignments": "192.0.0.8",
    "metadata, mapped": "::ffff:169.254.169.254",
    "metadata, 6to4": "2002:a9fe:a9fe::1",
    "metadata, NAT64": "64:ff9b::a9fe:a9fe",
    "metadata, Teredo": "2001:0:4136:e378:8000:63bf:5601:5601",
    "metadata, compatible": "::169.254.169.254",
    "wire server, mapped": "::ffff:168.63.129.16",
    "metadata elsewhere": "fd00:ec2::254",
    "a name": "localhost",
    "a number": "2130706433",
    "nothing": "",
}
PRIVATE = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "::ffff:10.1.2.3")
LOOPBACK = ("127.0.0.1", "127.1.0.4", "::1", "::ffff:127.0.0.1")


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN)
def test_some_addresses_are_never_connected_to(address: str) -> None:
    """Behind them lie tokens, or nothing that a drill has any business with."""
    everything = Guard(allow_loopback=True, private_ranges=("0.0.0.0/0", "::/0"))

    assert not everything.allows(address)


@pytest.mark.parametrize("address", ["20.62.1.4", "2603:1030:20e::4", "64:ff9b::1402:0304"])
def test_public_addresses_are_open(address: str) -> None:
    """Endpoints are public."""
    assert Guard().allows(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_open_only_if_listed(address: str) -> None:
    """A drill must not become a way to look around in a network."""
    listed = Guard(private_ranges=(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
    ))  # fmt: skip

    assert not Guard(allow_loopback=True).allows(address)
    assert listed.allows(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_open_only_where_azure_is_emulated(address: str) -> None:
    """There the endpoints are on this machine; anywhere else nothing of a drill is."""
    assert not Guard(private_ranges=("127.0.0.0/8", "::/0")).allows(address)
    assert Guard(allow_loopback=True).allows(address)


def test_what_was_judged_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """And judged alike ever after."""
    monkeypatch.setattr(connect, "JUDGED_KEPT_MAX", 2)
    guard, addresses = Guard(), ("20.62.1.4", "10.0.0.4", "20.62.1.5", "169.254.169.254")

    judged = [[guard.allows(address) for address in addresses] for _ in range(2)]

    assert judged == [[True, False, True, False]] * 2


def test_connect_to_is_read_as_curl_reads_it() -> None:
    """What is asked for stays as it is; only the connection goes elsewhere."""
    assert connect_to("127.1.0.4:80=127.1.0.4:40123, [::1]:443=127.0.0.1:9") == {
        ("127.1.0.4", 80): ("127.1.0.4", 40123),
        ("::1", 443): ("127.0.0.1", 9),
    }
    assert connect_to("") == {}


@pytest.mark.parametrize(
    "text", ["127.1.0.4:80", "a:80=127.0.0.1:80", "127.0.0.1:80=127.0.0.1:0", "=", "1.2.3.4=1:2"]
)
def test_a_malformed_detour_says_what_would_be_right(text: str) -> None:
    """A detour that is guessed at would break the wrong thing."""
    with pytest.raises(ValueError, match=r"is not address:port"):
        connect_to(text)


@pytest.mark.parametrize("text", ["127.0.0.1", "ns1.test:53", "127.0.0.1:99999", "127.0.0.1:x"])
def test_a_server_is_an_address_and_a_port(text: str) -> None:
    """A name would ask a resolver that nobody configured."""
    with pytest.raises(ValueError, match=r"e\.g\. 127\.1\.0\.4:80"):
        peer(text)
