"""DNS queries as bytes, without their id: what a sampler sends, and what an answer must repeat."""

import re
import struct
from ipaddress import ip_network
from typing import NamedTuple

TYPES = {"A": 1, "AAAA": 28}
CLASS_IN = 1
RECURSION_DESIRED = 0x0100
OPT = 41
CLIENT_SUBNET = 8
FAMILIES = {4: 1, 6: 2}
"""IANA's address families, by IP version."""
UDP_OCTETS = 1_232
"""What fits into a packet on every network; beyond it servers say TC, and TCP it is."""
NAME_OCTETS_MAX = 255
NAME = re.compile(rb"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")


class Query(NamedTuple):
    """A query: its bytes after the id, and what of it is asked."""

    text: bytes
    question: bytes
    name: bytes
    """In lower case, without the last dot."""
    record_type: int
    client_subnet: bytes = b""


def write_query(
    name: str, record_type: str, *, recursion_desired: bool, client_subnet: str = ""
) -> Query:
    """Return the query; ValueError, with what would be right, if there is none such.

    It says EDNS, for only then may a server tell that its answer is stale (RFC 8914, section 3).
    """
    plain = name.encode("ascii", "replace").removesuffix(b".")
    if not NAME.fullmatch(plain) or len(plain) + 2 > NAME_OCTETS_MAX:
        raise ValueError(f"name is {name!r}; it must be a host name of at most 253 characters.")
    if record_type not in TYPES:
        raise ValueError(f"record_type is {record_type!r}; it must be one of {', '.join(TYPES)}.")
    labels = b"".join(bytes((len(label),)) + label for label in plain.split(b"."))
    question = labels + b"\0" + struct.pack("!HH", TYPES[record_type], CLASS_IN)
    flags = RECURSION_DESIRED if recursion_desired else 0
    head = struct.pack("!HHHHH", flags, 1, 0, 0, 1)
    subnet = _client_subnet(client_subnet) if client_subnet else b""
    options = struct.pack("!HH", CLIENT_SUBNET, len(subnet)) + subnet if subnet else b""
    opt = b"\0" + struct.pack("!HHIH", OPT, UDP_OCTETS, 0, len(options)) + options
    return Query(head + question + opt, question, plain.lower(), TYPES[record_type], subnet)


def _client_subnet(text: str) -> bytes:
    """Return EDNS Client Subnet (RFC 7871, section 6): as many octets as the prefix needs."""
    network = ip_network(text)
    octets = network.network_address.packed[: -(-network.prefixlen // 8)]
    return struct.pack("!HBB", FAMILIES[network.version], network.prefixlen, 0) + octets
