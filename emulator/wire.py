"""DNS messages as bytes: reads queries, writes answers; nothing of zones or sockets.

Written by hand because authoritative answers are the emulator's hottest path: a few struct calls
cost a small part of what a general DNS library's parse and render do. RFC 1035, 6891, 7871, 8914.
"""

import ipaddress
import struct
from dataclasses import dataclass, field
from enum import IntEnum

MESSAGE_OCTETS_MAX = 65_535
PLAIN_UDP_OCTETS_MAX = 512  # RFC 1035, for a client that sends no OPT
UDP_OCTETS_MAX = 1_232  # the DNS flag day's figure: never fragmented
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_QUESTION_POINTER = b"\xc0\x0c"  # a compressed name: the question's, at offset 12
_LABEL_OCTETS_MAX, _NAME_OCTETS_MAX = 63, 255
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
_CLIENT_SUBNET, _EXTENDED_ERROR = 8, 15
STALE_ANSWER = 3  # of the extended errors
_SUBNET_HEAD = struct.Struct("!HBB")
_SUBNET_BITS_MAX = {1: 32, 2: 128}  # by address family
_OCTET_BITS = 8
_COMPRESSED = 0xC0


class Type(IntEnum):
    """Record types that the emulator knows by name."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    AAAA = 28
    OPT = 41
    ANY = 255


class Rcode(IntEnum):
    """Response codes; BADVERS needs EDNS for its upper bits."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


CLASS_IN = 1


class MalformedQuery(Exception):
    """A message with a header that can be answered with FORMERR and nothing else."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it was asked; `question` are its bytes, case and all."""

    id: int
    flags: int
    name: str
    type: int
    klass: int
    question: bytes
    has_edns: bool = False
    edns_version: int = 0
    udp_octets_max: int = PLAIN_UDP_OCTETS_MAX
    client_subnet: bytes | None = None
    may_come_again: bool = True  # no option, a cookie say, that makes every message another

    @property
    def opcode(self) -> int:
        """0 for an ordinary query."""
        return (self.flags >> 11) & 0xF

    @property
    def wants_recursion(self) -> bool:
        """Whether RD is set."""
        return bool(self.flags & _RD)


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record; an owner of None is the question's own name."""

    type: int
    ttl_seconds: int
    data: bytes
    owner: str | None = None

    def to_wire(self) -> bytes:
        """Return the record's bytes."""
        owner = _QUESTION_POINTER if self.owner is None else name_to_wire(self.owner)
        fixed = _RECORD.pack(self.type, CLASS_IN, self.ttl_seconds, len(self.data))
        return owner + fixed + self.data


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server says to a query."""

    rcode: Rcode = Rcode.NOERROR
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    is_authoritative: bool = field(default=True, kw_only=True)
    offers_recursion: bool = field(default=False, kw_only=True)
    extended_error: int | None = field(default=None, kw_only=True)


def name_to_wire(name: str) -> bytes:
    """Return a name's bytes, uncompressed; raise ValueError for what is no DNS name."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    if any(len(label) > _LABEL_OCTETS_MAX for label in labels):
        raise ValueError(f"{name!r} has a label of more than {_LABEL_OCTETS_MAX} octets.")
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(wire) > _NAME_OCTETS_MAX:
        raise ValueError(f"{name!r} is longer than {_NAME_OCTETS_MAX} octets.")
    return wire


def address_record(address: str, ttl_seconds: int, owner: str | None = None) -> Record:
    """Return the A or AAAA record of an address."""
    parsed = ipaddress.ip_address(address)
    kind = Type.A if isinstance(parsed, ipaddress.IPv4Address) else Type.AAAA
    return Record(kind, ttl_seconds, parsed.packed, owner)


def cname_record(target: str, ttl_seconds: int, owner: str | None = None) -> Record:
    """Return a CNAME record."""
    return Record(Type.CNAME, ttl_seconds, name_to_wire(target), owner)


def soa_record(zone: str, names: tuple[str, str], numbers: tuple[int, ...], ttl: int) -> Record:
    """Return a zone's SOA; numbers are serial, refresh, retry, expire and negative TTL."""
    data = name_to_wire(names[0]) + name_to_wire(names[1]) + struct.pack("!IIIII", *numbers)
    return Record(Type.SOA, ttl, data, zone)


def read_query(message: bytes) -> Query | None:
    """Return the query, None for what deserves no answer; raise MalformedQuery for a bad one."""
    if len(message) < _HEADER.size:
        return None
    query_id, flags, questions, *others = _HEADER.unpack_from(message)
    if flags & _QR:
        return None
    try:
        if questions != 1:
            raise MalformedQuery
        name, offset = _read_question_name(message)
        kind, klass = struct.unpack_from("!HH", message, offset)
        question = message[_HEADER.size : offset + 4]
        edns = _read_edns(message, offset + 4, sum(others))
    except (struct.error, IndexError) as error:
        raise MalformedQuery from error
    return Query(query_id, flags, name, kind, klass, question, *edns)


def _read_question_name(message: bytes) -> tuple[str, int]:
    """Return the question's name in lower case and where its type stands."""
    labels, offset = [], _HEADER.size
    while (length := message[offset]) != 0:
        if length > _LABEL_OCTETS_MAX or offset - _HEADER.size + length > _NAME_OCTETS_MAX:
            raise MalformedQuery
        label = message[offset + 1 : offset + 1 + length]
        labels.append(label)
        offset += 1 + length
    # Octets outside ASCII are legal in DNS and name nothing here; escaping keeps them apart.
    name = b".".join(labels).decode("ascii", "backslashreplace").lower()
    return name, offset + 1


def _skip_name(message: bytes, offset: int) -> int:
    while (length := message[offset]) != 0:
        if length >= _COMPRESSED:
            return offset + 2
        offset += 1 + length
    return offset + 1


_Edns = tuple[bool, int, int, bytes | None, bool]
_NO_EDNS: _Edns = (False, 0, PLAIN_UDP_OCTETS_MAX, None, True)


def _read_edns(message: bytes, offset: int, records: int) -> _Edns:
    """Return whether there is OPT, its version, payload limit, subnet, and whether that is all."""
    for _ in range(records):
        offset = _skip_name(message, offset)
        kind, payload, extended, length = _RECORD.unpack_from(message, offset)
        offset += _RECORD.size
        if offset + length > len(message):
            raise MalformedQuery
        if kind == Type.OPT:
            limit = max(PLAIN_UDP_OCTETS_MAX, min(payload, UDP_OCTETS_MAX))
            subnet, is_all = _find_client_subnet(message[offset : offset + length])
            return True, (extended >> 16) & 0xFF, limit, subnet, is_all
        offset += length
    return _NO_EDNS


def _find_client_subnet(options: bytes) -> tuple[bytes | None, bool]:
    """Return the client subnet option, and whether there is no other option."""
    offset, subnet, is_all = 0, None, True
    while offset + 4 <= len(options):
        code, length = struct.unpack_from("!HH", options, offset)
        if code == _CLIENT_SUBNET:
            subnet = options[offset + 4 : offset + 4 + length]
            _check_client_subnet(subnet)
        else:
            is_all = False
        offset += 4 + length
    return subnet, is_all


def _check_client_subnet(option: bytes) -> None:
    """Raise MalformedQuery for what RFC 7871 (7.1.2) wants FORMERR for.

    That is a prefix longer than an address of its family, another number of octets than the prefix
    needs, a bit set beyond it, or a scope in a query.
    """
    family, prefix, scope = _SUBNET_HEAD.unpack_from(option)
    address = option[_SUBNET_HEAD.size :]
    bits_past = 8 * len(address) - prefix
    is_whole = prefix <= _SUBNET_BITS_MAX.get(family, 0) and 0 <= bits_past <= _OCTET_BITS - 1
    if not is_whole or scope or int.from_bytes(address, "big") & ((1 << bits_past) - 1):
        raise MalformedQuery


def write_reply(query: Query, reply: Reply, octets_max: int) -> bytes:
    """Return the reply's bytes, cut to the question with TC set when they exceed the limit."""
    flags = _QR | (query.flags & (0x7800 | _RD)) | (reply.rcode & 0xF)
    flags |= (_AA if reply.is_authoritative else 0) | (_RA if reply.offers_recursion else 0)
    opt = _opt_to_wire(query, reply)
    counts = (1, len(reply.answers), len(reply.authority), 1 if opt else 0)
    records = b"".join(record.to_wire() for record in (*reply.answers, *reply.authority))
    message = _HEADER.pack(query.id, flags, *counts) + query.question + records + opt
    if len(message) <= octets_max:
        return message
    return _HEADER.pack(query.id, flags | _TC, 1, 0, 0, counts[3]) + query.question + opt


def _opt_to_wire(query: Query, reply: Reply) -> bytes:
    if not query.has_edns:
        return b""
    options = b""
    if query.client_subnet is not None:
        # Scope 0 (RFC 7871, 7.2.1): Priority and Weighted ignore where the question comes from.
        subnet = query.client_subnet[:3] + b"\0" + query.client_subnet[4:]
        options = struct.pack("!HH", _CLIENT_SUBNET, len(subnet)) + subnet
    if reply.extended_error is not None:
        options += struct.pack("!HHH", _EXTENDED_ERROR, 2, reply.extended_error)
    extended = (reply.rcode >> 4) << 24
    return b"\0" + _RECORD.pack(Type.OPT, UDP_OCTETS_MAX, extended, len(options)) + options


def write_format_error(message: bytes) -> bytes:
    """Return FORMERR for a message whose header is all that could be read."""
    query_id, flags = struct.unpack_from("!HH", message)
    flags = _QR | (flags & (0x7800 | _RD)) | Rcode.FORMERR
    return _HEADER.pack(query_id, flags, 0, 0, 0, 0)
