"""Where our own requests may connect to: the guard against forged targets, and CONNECT_TO."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Peer = tuple[str, int]
"""Address and port."""

PORT_MAX = 65_535
JUDGED_KEPT_MAX = 4_096
"""Addresses whose judgement is remembered: to judge costs half as much as to connect."""

NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, with the metadata service that hands out tokens
        "168.63.129.16/32",  # Azure's wire server; a global address to Python
        "192.0.0.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",  # site-local: deprecated, and global to Python
        "ff00::/8",
        "fd00:ec2::254/128",  # another cloud's metadata service
    )
)
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


class Guard:
    """Judges the address that is really connected to, so neither name nor rebinding matters.

    Loopback is open only where Azure is emulated, private ranges only where they are listed.
    """

    def __init__(self, *, allow_loopback: bool = False, private_ranges: Iterable[str] = ()) -> None:
        self._allow_loopback = allow_loopback
        self._listed = tuple(ip_network(text) for text in private_ranges)
        self._judged: dict[str, bool] = {}

    def allows(self, address: str) -> bool:
        """The address, and every IPv4 address that it carries, may be connected to."""
        judged = self._judged.get(address)
        if judged is None:
            if len(self._judged) >= JUDGED_KEPT_MAX:
                self._judged.clear()
            judged = self._judged[address] = self._judge(address)
        return judged

    def _judge(self, address: str) -> bool:
        try:
            outer = ip_address(address)
        except ValueError:
            return False
        return all(self._allows(inner) for inner in _carried(outer))

    def _allows(self, address: Address) -> bool:
        if _lies_in(address, NEVER):
            return False
        if address.is_loopback:
            return self._allow_loopback
        if address.is_reserved:
            return False
        return address.is_global or _lies_in(address, self._listed)


def _carried(address: Address) -> Iterator[Address]:
    """Yield the IPv4 addresses inside an IPv6 one (mapped, NAT64, 6to4, Teredo), else itself."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif _lies_in(address, NAT64) or (int(address) >> 32 == 0 and int(address) > 1):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo
    else:
        yield address


def _lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def peer(text: str) -> Peer:
    """Return the address and port that `address:port` (`[address]:port` of IPv6) names.

    ValueError, with what would be right, if it is none.
    """
    address, _, port = text.strip().rpartition(":")
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        known = ip_address(bare)
    except ValueError:
        known = None
    if known is None or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise ValueError(f"{text!r} is not address:port, e.g. 127.1.0.4:80.")
    return str(known), int(port)


def connect_to(text: str) -> Mapping[Peer, Peer]:
    """Return the detours that CONNECT_TO names; ValueError, with what would be right, if none."""
    detours: dict[Peer, Peer] = {}
    for detour in filter(None, map(str.strip, text.split(","))):
        instead_of, equals, real = detour.partition("=")
        if not equals:
            raise ValueError(f"{detour!r} is not address:port=address:port.")
        detours[peer(instead_of)] = peer(real)
    return detours
