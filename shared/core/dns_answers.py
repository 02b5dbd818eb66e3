"""The ordinary DNS answer, read strictly: what is proven is told, what is odd is left to others.

1. A response to our very question (same bytes), not cut off, with no authority section.
2. Its answers are a chain in order: CNAMEs, each owned by what the one before leads to, then
   addresses of the type asked for, all owned by the chain's end. No name and no address twice.
3. Names are letters, digits, hyphens and underscores; pointers lead back, never into the header.
4. After them nothing but an OPT record of version 0, with nothing in it but extended errors and
   our own client subnet.

A full parser costs thirty times as much. It must never come to another result (it may refuse to
parse what is accepted here in no case either), so in doubt the answer is Odd.
"""

import struct
from ipaddress import IPv6Address
from typing import NamedTuple

from shared.core.dns_queries import CLASS_IN, CLIENT_SUBNET, OPT, Query

HEAD = struct.Struct("!HHHHH")
RECORD = struct.Struct("!HHIH")
OPTION = struct.Struct("!HH")
ORDINARY_MASK, ORDINARY = 0xFA00, 0x8000
"""A response (QR), opcode 0, not truncated (TC)."""
RCODE_MASK, NOERROR = 0x000F, 0
HEAD_END = 12
A, CNAME, AAAA = 1, 5, 28
ADDRESS_OCTETS = {A: 4, AAAA: 16}
NAME_OCTETS_MAX, LABEL_OCTETS_MAX = 255, 63
POINTER = 0xC0
TTL_MAX = 2**31 - 1
CNAMES_MAX = 8
EXTENDED_ERROR, INFO_CODE_OCTETS = 15, 2
SCOPE_AT, SCOPE_MAX = 3, 32
STALE = frozenset({3, 19})
"""Stale Answer and Stale NXDOMAIN Answer (RFC 8914, section 4)."""
NAME_OCTETS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.")


class Odd(Exception):
    """This reader does not vouch for the answer; nothing is wrong with it by that alone."""


class Read(NamedTuple):
    """What an answer says: the chain of names and addresses, joined by ">", and its first TTL."""

    rcode: int
    chain: str = ""
    ttl_seconds: int | None = None
    is_stale: bool = False
    is_cut_off: bool = False
    least_ttl_seconds: int | None = None
    """Of all its records: whoever keeps the answer keeps it no longer."""

    @property
    def names_something(self) -> bool:
        """The server found what was asked for."""
        return self.rcode == NOERROR and self.chain != ""


def read_answer(text: bytes, query: Query) -> Read:
    """Return what the message says in answer to the query, or raise Odd."""
    try:
        return _read(text, query)
    except (IndexError, struct.error) as error:
        raise Odd from error


def _read(text: bytes, query: Query) -> Read:
    flags, questions, answers, authorities, others = HEAD.unpack_from(text, 2)
    end = HEAD_END + len(query.question)
    is_ordinary = flags & ORDINARY_MASK == ORDINARY and questions == 1 and authorities == 0
    if not is_ordinary or others > 1 or text[HEAD_END:end] != query.question:
        raise Odd
    chain = _Chain(query)
    for _ in range(answers):
        end = chain.take(text, end)
    is_stale = False
    if others:
        is_stale, end = _opt(text, end, query.client_subnet)
    if end != len(text):
        raise Odd
    rcode, least = flags & RCODE_MASK, chain.least_ttl_seconds
    return Read(rcode, chain.text(), chain.ttl_seconds, is_stale, least_ttl_seconds=least)


class _Chain:
    """What the question's name leads to, as far as it was read."""

    def __init__(self, query: Query) -> None:
        self._type = query.record_type
        self._names = [query.name]
        self._last_at = HEAD_END
        self._addresses: list[bytes] = []
        self.ttl_seconds: int | None = None
        self.least_ttl_seconds: int | None = None

    def take(self, text: bytes, at: int) -> int:
        """Read the record there and return where it ends."""
        at = self._owner(text, at)
        kind, klass, ttl, length = RECORD.unpack_from(text, at)
        at += RECORD.size
        end: int = at + length
        if klass != CLASS_IN or ttl > TTL_MAX or end > len(text):
            raise Odd
        if kind == self._type and length == ADDRESS_OCTETS[kind]:
            self._address(text[at:end], ttl)
        elif kind == CNAME and not self._addresses and len(self._names) <= CNAMES_MAX:
            self._cname(text, at, end, ttl)
        else:
            raise Odd
        least = self.least_ttl_seconds
        self.least_ttl_seconds = ttl if least is None else min(ttl, least)
        return end

    def text(self) -> str:
        """Return names, then addresses."""
        names = [name.decode("ascii") for name in self._names[1:]]
        return ">".join((*names, *map(_address_text, self._addresses)))

    def _owner(self, text: bytes, at: int) -> int:
        """Return where the record's owner ends; Odd if it is not the chain's last name."""
        if text[at] == POINTER | self._last_at >> 8 and text[at + 1] == self._last_at & 0xFF:
            return at + 2
        owner, end = _name(text, at)
        if owner != self._names[-1]:
            raise Odd
        return end

    def _address(self, address: bytes, ttl: int) -> None:
        if address in self._addresses:
            raise Odd
        self._addresses.append(address)
        if len(self._names) == 1:
            # The records of one set have one TTL, their least (RFC 2181, section 5.2).
            self.ttl_seconds = ttl if self.ttl_seconds is None else min(ttl, self.ttl_seconds)

    def _cname(self, text: bytes, at: int, end: int, ttl: int) -> None:
        name, past = _name(text, at)
        if past != end or name in self._names:
            raise Odd
        if self.ttl_seconds is None:
            self.ttl_seconds = ttl
        self._names.append(name)
        self._last_at = at


def _name(text: bytes, at: int) -> tuple[bytes, int]:
    """Return the name there, in lower case, and where it ends."""
    labels: list[bytes] = []
    end, limit = 0, at
    while length := text[at]:
        if length >= POINTER:
            end = end or at + 2
            at = (length & ~POINTER) << 8 | text[at + 1]
            if not HEAD_END <= at < limit:
                raise Odd
            limit = at
        elif length <= LABEL_OCTETS_MAX:
            labels.append(text[at + 1 : at + 1 + length])
            at += 1 + length
        else:
            raise Odd
    name = b".".join(labels).lower()
    # A dot inside a label would be told from one between labels by nobody.
    is_plain = name.count(b".") == len(labels) - 1 and NAME_OCTETS.issuperset(name)
    if not is_plain or len(name) + 2 > NAME_OCTETS_MAX:
        raise Odd
    return name, end or at + 1


def _address_text(address: bytes) -> str:
    if len(address) == ADDRESS_OCTETS[A]:
        return ".".join(map(str, address))
    if not any(address[:10]):
        raise Odd  # libraries write the IPv4 address in it in more than one way
    return str(IPv6Address(address))


def _opt(text: bytes, at: int, client_subnet: bytes) -> tuple[bool, int]:
    """Return whether the OPT record there says that the answer is stale, and where it ends."""
    kind, _, ttl, length = RECORD.unpack_from(text, at + 1)
    # Of the TTL's octets: the rcode's upper bits, the version, and two of flags.
    if text[at] or kind != OPT or ttl >> 16:
        raise Odd
    at += 1 + RECORD.size
    end = at + length
    is_stale = False
    while at < end:
        code, length = OPTION.unpack_from(text, at)
        at += OPTION.size
        option = text[at : at + length]
        if code == EXTENDED_ERROR and length >= INFO_CODE_OCTETS and option[2:].isascii():
            is_stale = is_stale or int.from_bytes(option[:INFO_CODE_OCTETS], "big") in STALE
        elif code != CLIENT_SUBNET or not _repeats(option, client_subnet):
            raise Odd
        at += length
    if at != end:
        raise Odd
    return is_stale, end


def _repeats(option: bytes, client_subnet: bytes) -> bool:
    """The server says our client subnet again; only the scope is its own (RFC 7871, 7.2.1)."""
    return (
        len(option) == len(client_subnet) > SCOPE_AT
        and option[:SCOPE_AT] == client_subnet[:SCOPE_AT]
        and option[SCOPE_AT + 1 :] == client_subnet[SCOPE_AT + 1 :]
        and option[SCOPE_AT] <= SCOPE_MAX
    )
