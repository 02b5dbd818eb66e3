"""Debian's `dig` against the emulated servers: the documented answers, over UDP and TCP."""

import os
import re
import shutil
import subprocess

import pytest

from tests.emulator.running import FQDN, PROFILE, VIRGINIA_FQDN, Emulator, lab_profile

pytestmark = pytest.mark.skipif(
    shutil.which("dig") is None and os.geteuid() != 0,
    reason="dig is absent: install bind9-dnsutils",
)

TRANSPORTS = pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
SOA = "trafficmanager.net. 30 IN SOA tm1.msft.net. hostmaster.trafficmanager.net."


def dig(server: str, *words: str) -> str:
    """Return what dig prints, runs of white space folded."""
    address, port = server.split(":")
    command = ["dig", f"@{address}", "-p", port, "+tries=1", "+time=3", *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.sub(r"[ \t]+", " ", printed)


@TRANSPORTS
@pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME"])
def test_a_profiles_name_is_one_cname(emulator: Emulator, kind: str, transport: str) -> None:
    """With the profile's TTL; the server does not chase it."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=100))

    printed = dig(emulator.authoritative[0], "+norecurse", transport, kind, FQDN)

    assert "status: NOERROR" in printed
    assert f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}." in printed
    assert "ANSWER: 1," in printed


@TRANSPORTS
def test_a_missing_name_is_nxdomain_with_its_soa(emulator: Emulator, transport: str) -> None:
    """Negative answers may be kept for thirty seconds."""
    printed = dig(emulator.authoritative[0], "+norecurse", transport, "A", f"no-{FQDN}")

    assert "status: NXDOMAIN" in printed
    assert SOA in printed


@TRANSPORTS
def test_a_public_ips_name_is_its_address_for_ten_seconds(
    emulator: Emulator, transport: str
) -> None:
    """Another zone, another server."""
    printed = dig(emulator.public_ip_zone[0], "+norecurse", transport, "A", VIRGINIA_FQDN)

    assert f"{VIRGINIA_FQDN}. 10 IN A 127.1.0.4" in printed


def test_a_public_ip_has_no_ipv6_address(emulator: Emulator) -> None:
    """NODATA: no answer, and the zone's SOA."""
    printed = dig(emulator.public_ip_zone[0], "+norecurse", "AAAA", VIRGINIA_FQDN)

    assert "status: NOERROR" in printed
    assert "ANSWER: 0," in printed
    assert " IN SOA " in printed


@TRANSPORTS
def test_a_resolver_gives_the_whole_chain(emulator: Emulator, transport: str) -> None:
    """The name, and the address behind it."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=100))

    printed = dig(emulator.resolvers[0], transport, "A", FQDN)

    assert f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}." in printed
    assert f"{VIRGINIA_FQDN}. 10 IN A 127.1.0.4" in printed
