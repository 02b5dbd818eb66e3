"""Odd answers are read by dnspython; what the strict reader tells, it never tells differently."""

import dns.edns
import dns.message
import dns.rcode
import pytest

from shared.adapters.dns_odd import read_odd
from shared.core.dns_answers import Odd, Read, read_answer
from shared.core.dns_queries import write_query
from tests.support.dns_mutants import CNAME, NAME, SOA, TARGET, mutants
from tests.support.dns_server import cut_off, reply

QUERY = write_query(NAME, "A", recursion_desired=True)
ASKED = dns.message.from_wire(b"\0\0" + QUERY.text)
MANY, VERY_MANY = 30_000, 300_000
SEED = 20_261_122


def told_differently(count: int) -> tuple[int, list[bytes]]:
    """Return how many answers the strict reader vouched for, and those that dnspython denies."""
    vouched, wrong = 0, []
    for text, query in mutants(count, SEED):
        try:
            read = read_answer(text, query)
        except Odd:
            continue
        vouched += 1
        if read != read_odd(text[2:], query):
            wrong.append(text)
    return vouched, wrong


def test_no_damaged_answer_of_thirty_thousand_is_read_differently() -> None:
    """Octets changed, inserted, lost, repeated; pointers bent; and enough is still vouched for."""
    vouched, wrong = told_differently(MANY)

    assert wrong == []
    assert vouched > MANY // 20


@pytest.mark.soak
def test_no_damaged_answer_of_very_many_is_read_differently() -> None:
    """The same, ten times as long."""
    vouched, wrong = told_differently(VERY_MANY)

    assert wrong == []
    assert vouched > VERY_MANY // 20


def test_what_the_strict_reader_leaves_is_read_here() -> None:
    """A chain out of order is a chain; an authority section changes nothing."""
    out_of_order = reply(ASKED, f"{TARGET}. 10 IN A 127.1.0.4", CNAME)
    denied = reply(ASKED)
    denied.authority = reply(ASKED, SOA).answer
    denied.set_rcode(dns.rcode.NXDOMAIN)

    chain = f"{TARGET}>127.1.0.4"
    told = read_odd(out_of_order.to_wire()[2:], QUERY)
    assert told == Read(0, chain, 100, least_ttl_seconds=10)
    assert read_odd(denied.to_wire()[2:], QUERY) == Read(3)


def test_an_answer_that_was_cut_off_says_so() -> None:
    """Anywhere: nothing of it is read but the question."""
    text = cut_off(ASKED).to_wire()

    assert read_odd(text[2:] + b"\x05rest", QUERY) == Read(0, is_cut_off=True)


def test_stale_answers_are_recognised_among_other_options() -> None:
    """Whatever else a server sends along."""
    message = reply(ASKED, CNAME)
    options = [
        dns.edns.GenericOption(dns.edns.OptionType(65_001), b"x"),
        dns.edns.EDEOption(dns.edns.EDECode(19), "überholt"),
    ]
    message.use_edns(0, options=options)

    read = read_odd(message.to_wire()[2:], QUERY)
    assert read is not None
    assert read.is_stale


@pytest.mark.parametrize("text", [b"", b"rubbish", ASKED.to_wire()[2:]])
def test_what_is_no_answer_is_none(text: bytes) -> None:
    """The real one is still awaited."""
    assert read_odd(text, QUERY) is None
