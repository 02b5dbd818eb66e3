"""Finding name servers, when a drill begins. Not a sample: here a library may ask twice."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.adapters.connect import peer
from shared.core.errors import UpstreamUnavailable

if TYPE_CHECKING:
    import dns.resolver

log = logging.getLogger(__name__)

PORT = 53
LOOKUP_SECONDS_MAX = 5.0
SERVERS_MAX = 8
"""Traffic Manager has half as many; each is asked every second of a drill."""


def resolvers(configured: tuple[str, ...], *, with_system: bool) -> tuple[str, ...]:
    """Return the resolvers to be asked as `address:port`: configured ones, then the system's.

    UpstreamUnavailable if there are none.
    """
    if not with_system and configured:
        return configured
    try:
        return tuple(dict.fromkeys((*configured, *system_resolvers())))
    except UpstreamUnavailable:
        if not configured:
            raise
        log.warning("system resolvers unknown; only the configured ones are vantages")
        return configured


def system_resolvers() -> tuple[str, ...]:
    """Return the system's resolvers as `address:port`; UpstreamUnavailable if it has none."""
    import dns.exception
    import dns.resolver

    try:
        servers = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException as error:
        raise UpstreamUnavailable(
            f"The system's resolvers are not known ({error}): set DNS_RESOLVERS."
        ) from error
    return tuple(_with_port(str(server)) for server in servers)


def find_authoritative(zone: str, resolvers: Iterable[str]) -> tuple[str, ...]:
    """Return the zone's name servers as `address:port`, sorted by name.

    One whose address is not found is left out. UpstreamUnavailable if none is left.
    """
    import dns.exception
    import dns.nameserver
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(*peer(text)) for text in resolvers]
    resolver.lifetime = LOOKUP_SECONDS_MAX
    try:
        names = sorted(record.target.to_text() for record in resolver.resolve(zone, "NS"))
    except dns.exception.DNSException as error:
        raise _none_found(zone, str(error)) from error
    if len(names) > SERVERS_MAX:
        log.warning("name servers not asked zone=%s names=%s", zone, names[SERVERS_MAX:])
    found = [_address(resolver, name) for name in names[:SERVERS_MAX]]
    addresses = tuple(dict.fromkeys(_with_port(address) for address in found if address))
    if not addresses:
        raise _none_found(zone, "none of their names has an address")
    return addresses


def _address(resolver: "dns.resolver.Resolver", name: str) -> str | None:
    """Return a name server's address, IPv4 if it has one; None if none is found."""
    import dns.exception

    why: dns.exception.DNSException | None = None
    for record_type in ("A", "AAAA"):
        try:
            return str(resolver.resolve(name, record_type)[0].address)
        except dns.exception.DNSException as error:
            why = error
    log.warning("name server has no address name=%s error=%s", name, why)
    return None


def _none_found(zone: str, why: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"The name servers of {zone} were not found ({why}): set DNS_AUTHORITATIVE."
    )


def _with_port(address: str) -> str:
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
