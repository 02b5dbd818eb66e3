"""The strict reader of DNS answers: it tells what is proven and leaves the rest."""

from collections.abc import Sequence

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from shared.core.dns_answers import Odd, Read, read_answer
from shared.core.dns_queries import Query, write_query
from tests.support.dns_server import reply

NAME, TARGET = "switchback.trafficmanager.test", "switchback-virginia.eastus.test"
CNAME = f"{NAME}. 100 IN CNAME Switchback-Virginia.eastus.test."
ADDRESS = f"{TARGET}. 10 IN A 127.1.0.4"
QUERY = write_query(NAME, "A", recursion_desired=True)


def answered(*records: str, query: Query = QUERY) -> dns.message.Message:
    """Return a message that answers the query with these records."""
    return reply(dns.message.from_wire(b"\0\0" + query.text), *records)


def read(message: dns.message.Message, query: Query = QUERY) -> Read:
    """Return what the strict reader makes of the message."""
    return read_answer(message.to_wire(), query)


def test_a_chain_is_names_then_addresses() -> None:
    """In lower case, and the TTL is the first record's: it is the profile's."""
    told = read(answered(CNAME, ADDRESS))

    assert told == Read(0, f"{TARGET}>127.1.0.4", 100, least_ttl_seconds=10)


def test_an_answer_needs_no_edns() -> None:
    """Some servers know none."""
    message = answered(CNAME, ADDRESS)
    message.use_edns(False)

    assert read(message).chain == f"{TARGET}>127.1.0.4"


def test_a_name_may_be_spelt_out() -> None:
    """Compression is a server's choice, and so is the case of letters."""
    text = answered(CNAME, ADDRESS).to_wire()
    owner = b"\x13SWITCHBACK-virginia\x06eastus\x04test\0"

    assert read_answer(text[:-27] + owner + text[-25:], QUERY).chain == f"{TARGET}>127.1.0.4"


def test_a_chain_may_have_many_names() -> None:
    """Nested profiles answer like that."""
    records = (CNAME, f"{TARGET}. 9 IN CNAME c.test.", "c.test. 8 IN A 127.1.0.6")

    assert read(answered(*records)).chain == f"{TARGET}>c.test>127.1.0.6"


def test_a_set_of_addresses_has_its_least_ttl() -> None:
    """Some servers send different ones; a cache keeps the set no longer than the least."""
    message = answered(f"{NAME}. 60 IN A 127.1.0.4")
    text = message.to_wire()[:7] + b"\x02" + message.to_wire()[8:]
    opt = text[-11:]
    record = text[len(text) - 11 - 16 : -11]
    second = record[:6] + (50).to_bytes(4, "big") + record[10:15] + b"\x05"

    told = read_answer(text[:-11] + second + opt, QUERY)
    assert told == Read(0, "127.1.0.4>127.1.0.5", 50, least_ttl_seconds=50)


def test_ipv6_addresses_are_read() -> None:
    """As everybody writes them."""
    query = write_query(NAME, "AAAA", recursion_desired=False)
    message = answered(f"{NAME}. 60 IN AAAA 2603:1030:0:0:1::4", query=query)

    assert read(message, query).chain == "2603:1030::1:0:0:4"


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_an_rcode_is_told(rcode: dns.rcode.Rcode) -> None:
    """Such an answer names nothing, even if it has records."""
    message = answered(CNAME)
    message.set_rcode(rcode)

    assert read(message) == Read(int(rcode), TARGET, 100, least_ttl_seconds=100)
    assert not read(message).names_something
    assert not read(answered()).names_something
    assert read(answered(CNAME)).names_something


@pytest.mark.parametrize(
    ("codes", "is_stale"),
    [((3,), True), ((19,), True), ((22,), False), ((22, 3), True), ((), False)],
)
def test_a_server_may_say_that_its_answer_is_stale(codes: Sequence[int], is_stale: bool) -> None:
    """RFC 8914: a resolver that cannot reach anybody serves what it has, and says so."""
    message = answered(CNAME)
    message.use_edns(
        0, options=[dns.edns.EDEOption(dns.edns.EDECode(code), "why") for code in codes]
    )

    assert read(message).is_stale is is_stale


@pytest.mark.parametrize("scope", [0, 16, 24])
def test_our_own_client_subnet_may_come_back(scope: int) -> None:
    """With the scope that the answer is good for."""
    query = write_query(NAME, "A", recursion_desired=True, client_subnet="203.0.113.0/24")
    message = answered(CNAME, query=query)
    message.use_edns(0, options=[dns.edns.ECSOption("203.0.113.0", 24, scope)])

    assert read(message, query).chain == TARGET
    with pytest.raises(Odd):
        read(message)


def odd_messages() -> dict[str, bytes]:
    """Return answers that the strict reader must not vouch for."""
    whole = answered(CNAME, ADDRESS)
    cut_off, other, response = answered(), answered(CNAME, ADDRESS), answered(CNAME)
    cut_off.flags |= dns.flags.TC
    other.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType(65_001), b"x")])
    other_name = write_query("other.test", "A", recursion_desired=True)
    response.flags &= ~dns.flags.QR
    authority = answered()
    authority.authority = answered("test. 30 IN SOA ns.test. a.test. 1 2 3 4 5").answer
    text = whole.to_wire()
    record, opt = text[-27:-11], text[-11:]
    return {
        "an owner that nothing leads to": answered("other.test. 1 IN A 127.1.0.4").to_wire(),
        "an address twice": text[:7] + b"\x03" + text[8:-11] + record + opt,
        "a label of another kind": text.replace(b"\x13Switchback", b"\x53Switchback"),
        "EDNS of another version": text[:-5] + b"\x01" + text[-4:],
        "an option that is longer than all": text[:-2] + b"\x00\x04\x00\x0f\x00\x02\x00\x03",
        "nothing": b"",
        "half a head": text[:11],
        "cut in a record": text[:-20],
        "more after it": text + b"\0",
        "cut off": cut_off.to_wire(),
        "a question": response.to_wire(),
        "another question": answered(query=other_name).to_wire(),
        "an authority section": authority.to_wire(),
        "another option": other.to_wire(),
        "a chain out of order": answered(ADDRESS, CNAME).to_wire(),
        "a circle": answered(
            f"{NAME}. 1 IN CNAME b.test.", f"b.test. 1 IN CNAME {NAME}."
        ).to_wire(),
        "a dot in a label": answered(f"{NAME}. 1 IN CNAME a\\.b.test.").to_wire(),
        "another type": answered(f"{NAME}. 1 IN TXT x").to_wire(),
        "another class": answered(f"{NAME}. 1 CH A example. 1").to_wire(),
        "a TTL below zero": text.replace(b"\0\0\0\x64", b"\x80\0\0\x64"),
        "a longer chain than any": answered(
            *(f"{'x' * n}.test. 1 IN CNAME {'x' * (n + 1)}.test." for n in range(1, 12)),
            query=write_query("x.test", "A", recursion_desired=True),
        ).to_wire(),
    }


@pytest.mark.parametrize("text", odd_messages().values(), ids=odd_messages())
def test_what_is_odd_is_left_to_others(text: bytes) -> None:
    """A wrong reading would be worse than a slow one."""
    for query in (QUERY, write_query("x.test", "A", recursion_desired=True)):
        with pytest.raises(Odd):
            read_answer(text, query)


def test_an_ipv4_address_in_an_ipv6_one_is_odd() -> None:
    """It is written in more than one way."""
    query = write_query(NAME, "AAAA", recursion_desired=True)
    with pytest.raises(Odd):
        read(answered(f"{NAME}. 1 IN AAAA ::ffff:1.2.3.4", query=query), query)


def test_a_pointer_that_leads_forward_is_odd() -> None:
    """Or to itself: there lies no end."""
    text = bytearray(answered(CNAME).to_wire())
    at = 12 + len(QUERY.question)
    for to in (at, at + 2, 4):
        text[at : at + 2] = (0xC000 | to).to_bytes(2, "big")
        with pytest.raises(Odd):
            read_answer(bytes(text), QUERY)
