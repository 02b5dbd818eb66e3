"""Finding name servers, when a drill begins. Not a sample: here a library may ask twice."""

from collections.abc import Iterable

import dns.exception
import dns.nameserver
import dns.resolver

from shared.adapters.connect import peer
from shared.core.errors import UpstreamUnavailable

PORT = 53
LOOKUP_SECONDS_MAX = 5.0
SERVERS_MAX = 4
"""Traffic Manager has about as many; each is asked every second of a drill."""


def system_resolvers() -> tuple[str, ...]:
    """Return the system's resolvers as `address:port`; UpstreamUnavailable if it has none."""
    try:
        servers = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException as error:
        raise UpstreamUnavailable(
            f"The system's resolvers are not known ({error}): set DNS_RESOLVERS."
        ) from error
    return tuple(_with_port(str(server)) for server in servers)


def find_authoritative(zone: str, resolvers: Iterable[str]) -> tuple[str, ...]:
    """Return the zone's name servers as `address:port`, sorted by name.

    UpstreamUnavailable if the resolvers do not name any.
    """
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(*peer(text)) for text in resolvers]
    resolver.lifetime = LOOKUP_SECONDS_MAX
    try:
        names = sorted(record.target.to_text() for record in resolver.resolve(zone, "NS"))
        found = [resolver.resolve(name, "A")[0].address for name in names[:SERVERS_MAX]]
    except dns.exception.DNSException as error:
        raise UpstreamUnavailable(
            f"The name servers of {zone} were not found ({error}): set DNS_AUTHORITATIVE."
        ) from error
    return tuple(dict.fromkeys(_with_port(address) for address in found))


def _with_port(address: str) -> str:
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
