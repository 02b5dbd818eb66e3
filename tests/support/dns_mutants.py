"""DNS answers, good and then damaged: what a strict reader must not read differently."""

import random
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode

from shared.core.dns_queries import Query, write_query
from tests.support.dns_server import reply

NAME = "switchback.trafficmanager.test"
TARGET = "switchback-virginia.eastus.test"
CNAME = f"{NAME}. 100 IN CNAME {TARGET}."
ADDRESS = f"{TARGET}. 10 IN A 127.1.0.4"
RECORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("A", (CNAME, ADDRESS)),
    ("A", (CNAME,)),
    ("AAAA", (CNAME, f"{TARGET}. 10 IN AAAA 2603:1030:20e::4")),
    ("A", (f"{NAME}. 60 IN A 127.1.0.4", f"{NAME}. 60 IN A 127.1.0.5")),
    ("A", (CNAME, f"{TARGET}. 9 IN CNAME c.test.", "c.test. 8 IN A 127.1.0.6")),
    ("AAAA", (f"{NAME}. 9 IN AAAA 2603:0:0:1::5", f"{NAME}. 9 IN AAAA 2603:1:2:3:4:5:6:7")),
    ("A", ()),
    ("AAAA", (f"{NAME}. 10 IN AAAA ::ffff:1.2.3.4",)),
    ("AAAA", (CNAME, ADDRESS)),
    ("A", (ADDRESS, CNAME)),
    ("A", (f"{NAME}. 1 IN CNAME b.test.", f"b.test. 1 IN CNAME {NAME}.")),
    ("A", (CNAME, f"{TARGET}. 10 IN TXT hello")),
    ("A", (f"{NAME}. 5 IN CNAME a\\.b.test.", "a\\.b.test. 5 IN A 127.1.0.4")),
)
"""The ordinary ones first."""
SOA = "trafficmanager.test. 30 IN SOA ns.test. admin.test. 1 2 3 4 5"
TELLING = (0, 1, 2, 5, 6, 12, 28, 41, 63, 64, 0x7F, 0x80, 0xC0, 0xC1, 0xFF)
"""Octets that mean something somewhere: types, lengths, pointers, signs."""
EDITS_OF_ONE = (1, 1, 1, 2, 3)
DAMAGED_HEADS = 0.3
QUESTION_END = 12 + len(NAME) + 2 + 4


class Mutant(NamedTuple):
    """An answer, and the query that it may or may not be an answer to."""

    text: bytes
    query: Query


def mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Yield so many answers, the undamaged ones first; the same seed yields the same."""
    dice = random.Random(seed)  # noqa: S311 (damage, not a secret)
    whole = answers()
    yield from whole[:count]
    for _ in range(count - len(whole)):
        origin = whole[int(len(whole) * dice.random() ** 2)]  # the common ones more often
        # Mostly behind the question: where that is damaged, no reader looks any further.
        begin = 0 if dice.random() < DAMAGED_HEADS else QUESTION_END
        text = bytearray(origin.text[begin:])
        for _ in range(dice.choice(EDITS_OF_ONE)):
            dice.choice(EDITS)(text, dice)
        yield Mutant(origin.text[:begin] + bytes(text), origin.query)


@cache
def answers() -> tuple[Mutant, ...]:
    """Return good answers of every shape that servers give, and some that they should not."""
    return tuple(
        Mutant(text, query)
        for shapes in (_ordinary, _odd)
        for record_type, records in RECORDS
        for query in (write_query(NAME, record_type, recursion_desired=True),)
        for text in shapes(dns.message.from_wire(b"\0\0" + query.text), records)
    )


def _ordinary(asked: dns.message.Message, records: tuple[str, ...]) -> Iterator[bytes]:
    yield reply(asked, *records).to_wire()
    yield reply(asked, *records, rcode=dns.rcode.NXDOMAIN).to_wire()
    message = reply(asked, *records)
    for code, said in ((3, "stale"), (19, None), (22, "no reachable authority")):
        message.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(code), said)])
        yield message.to_wire()
    message.use_edns(False)
    yield message.to_wire()


def _odd(asked: dns.message.Message, records: tuple[str, ...]) -> Iterator[bytes]:
    message = reply(asked, *records)
    for option in (
        dns.edns.GenericOption(dns.edns.OptionType(65_001), b"x"),
        dns.edns.EDEOption(dns.edns.EDECode(3), "überholt"),
    ):
        message.use_edns(0, options=[option])
        yield message.to_wire()
    message.authority = reply(asked, SOA).answer
    yield message.to_wire()
    message.flags |= dns.flags.TC
    yield message.to_wire()
    yield reply(asked, *records, rcode=dns.rcode.BADVERS).to_wire()


def _replace(text: bytearray, dice: random.Random) -> None:
    if text:
        text[dice.randrange(len(text))] = dice.choice((*TELLING, dice.randrange(256)))


def _flip(text: bytearray, dice: random.Random) -> None:
    if text:
        text[dice.randrange(len(text))] ^= 1 << dice.randrange(8)


def _flip_case(text: bytearray, dice: random.Random) -> None:
    if text:
        text[dice.randrange(len(text))] ^= 0x20


def _point(text: bytearray, dice: random.Random) -> None:
    """Write a pointer somewhere."""
    if len(text) > 1:
        at, to = dice.randrange(len(text) - 1), dice.randrange(len(text))
        text[at : at + 2] = (0xC000 | to).to_bytes(2, "big")


def _insert(text: bytearray, dice: random.Random) -> None:
    text.insert(dice.randrange(len(text) + 1), dice.choice(TELLING))


def _remove(text: bytearray, dice: random.Random) -> None:
    if text:
        del text[dice.randrange(len(text))]


def _cut(text: bytearray, dice: random.Random) -> None:
    del text[dice.randrange(len(text) + 1) :]


def _repeat(text: bytearray, dice: random.Random) -> None:
    """Repeat a stretch, as a record that comes twice does."""
    begin = dice.randrange(len(text) + 1)
    end = dice.randrange(begin, len(text) + 1)
    text[end:end] = text[begin:end]


EDITS = (_replace, _replace, _flip, _flip_case, _point, _insert, _remove, _cut, _repeat)
