"""Debian's Unbound and BIND before the emulated zones: they resolve and cache through it."""

import time
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from tests.emulator.running import (
    AMSTERDAM_FQDN,
    FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    Emulator,
    lab_profile,
)
from tests.support.real_resolvers import (
    Resolver,
    emulated_zones,
    needs,
    start_bind,
    start_unbound,
)

OFF = {"properties": {"endpointStatus": "Disabled"}}
STARTS = {"unbound": start_unbound, "bind": start_bind}


@pytest.fixture
def resolver(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path
) -> Iterator[Resolver]:
    """A resolver of the make that the test names."""
    zones = emulated_zones(emulator.authoritative, emulator.public_ip_zone)
    started = STARTS[request.param](zones, tmp_path)
    try:
        started.wait()
        yield started
    finally:
        started.stop()


MAKES = pytest.mark.parametrize(
    "resolver",
    [
        pytest.param("unbound", marks=needs("unbound", "unbound")),
        pytest.param("bind", marks=needs("named", "bind9")),
    ],
    indirect=True,
)


@MAKES
def test_the_whole_chain_is_resolved_and_cached(emulator: Emulator, resolver: Resolver) -> None:
    """CNAME with the profile's TTL, address with ten seconds; then from its cache."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=100))

    message = resolver.ask(FQDN)

    assert message.rcode() == dns.rcode.NOERROR
    assert [r.to_text() for r in message.answer] == [
        f"{FQDN}. 100 IN CNAME {VIRGINIA_FQDN}.",
        f"{VIRGINIA_FQDN}. 10 IN A 127.1.0.4",
    ]
    emulator.arm("PATCH", f"{PROFILE}/azureEndpoints/virginia", OFF)
    assert VIRGINIA_FQDN in resolver.ask(FQDN).answer[0].to_text()


@MAKES
def test_absence_is_understood(emulator: Emulator, resolver: Resolver) -> None:
    """NXDOMAIN with its SOA, and NODATA for an address family that is not there."""
    emulator.arm("PUT", PROFILE, lab_profile())

    missing = resolver.ask(f"no-{FQDN}")
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert missing.authority[0].to_text().split()[3] == "SOA"
    nothing = resolver.ask(VIRGINIA_FQDN, "AAAA")
    assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.long
@MAKES
def test_the_ttl_counts_down_and_the_switch_shows_after_expiry(
    emulator: Emulator, resolver: Resolver
) -> None:
    """In real time: a resolver of another make knows no other."""
    emulator.arm("PUT", PROFILE, lab_profile(ttl=5))
    began = time.monotonic()
    assert resolver.ask(FQDN).answer[0].ttl == 5
    emulator.arm("PATCH", f"{PROFILE}/azureEndpoints/virginia", OFF)

    seen: list[tuple[float, int, str]] = []
    while not seen or seen[-1][2] != AMSTERDAM_FQDN:
        time.sleep(0.2)
        alias = resolver.ask(FQDN).answer[0]
        seen.append((time.monotonic() - began, alias.ttl, str(alias[0]).rstrip(".")))
        assert seen[-1][0] < 10

    old = [ttl for _, ttl, target in seen if target == VIRGINIA_FQDN]
    assert old == sorted(old, reverse=True)
    assert {1, 2, 3, 4} <= set(old)
    assert 4.5 <= seen[-1][0] < 7
