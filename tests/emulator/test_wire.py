"""DNS messages as bytes: read and written as a general DNS library does, and never a crash."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import wire
from emulator.wire import Rcode, Reply, Type


def question(name: str = "LAB.TrafficManager.net", kind: str = "A", **options: object) -> bytes:
    """Return a query's bytes, as dnspython writes them."""
    return dns.message.make_query(name, kind, **options).to_wire()  # type: ignore[arg-type]


def read(message: bytes) -> wire.Query:
    """Return a query that must be readable."""
    query = wire.read_query(message)
    assert query is not None
    return query


def test_a_query_is_read_as_it_was_asked() -> None:
    """The name is compared in lower case; the question keeps its case for the answer."""
    query = read(question(kind="AAAA"))

    assert (query.name, query.type, query.klass) == ("lab.trafficmanager.net", Type.AAAA, 1)
    assert b"TrafficManager" in query.question
    assert query.wants_recursion
    assert not query.has_edns


def test_a_reply_reads_back_in_another_library() -> None:
    """Answer, TTL, flags, the question with its case, the SOA."""
    soa = wire.soa_record("trafficmanager.net", ("a.net", "b.net"), (1, 2, 3, 4, 5), 30)
    alias = wire.cname_record("target.example.org", 100)
    address = wire.address_record("192.0.2.7", 10, "target.example.org")

    query = read(question())
    message = dns.message.from_wire(
        wire.write_reply(query, Reply(answers=(alias, address), authority=(soa,)), 512)
    )

    assert message.question[0].to_text() == "LAB.TrafficManager.net. IN A"
    assert [r.to_text() for r in message.answer] == [
        "LAB.TrafficManager.net. 100 IN CNAME target.example.org.",
        "target.example.org. 10 IN A 192.0.2.7",
    ]
    assert message.authority[0].to_text().endswith("30 IN SOA a.net. b.net. 1 2 3 4 5")
    assert message.flags & dns.flags.AA
    assert not message.flags & dns.flags.RA


def test_edns_is_echoed_with_the_clients_subnet_at_scope_zero() -> None:
    """RFC 7871: Priority ignores the source, so the answer holds for everybody."""
    subnet = dns.edns.ECSOption("198.51.100.0", 24)
    query = read(question(use_edns=0, payload=4096, options=[subnet]))

    message = dns.message.from_wire(wire.write_reply(query, Reply(), 1232))

    assert (message.edns, message.payload) == (0, wire.UDP_OCTETS_MAX)
    (echoed,) = message.options
    assert isinstance(echoed, dns.edns.ECSOption)
    assert (echoed.address, echoed.srclen, echoed.scopelen) == ("198.51.100.0", 24, 0)


WELL_FORMED = [
    b"\0\1\x18\0\xc6\x33\x64",  # 198.51.100.0/24
    b"\0\1\0\0",  # 0.0.0.0/0: "do not tell where I am"
    b"\0\1\x13\0\xc6\x33\x60",  # /19 in three octets
    b"\0\2\x38\0\x20\1\x0d\xb8\0\0\0",  # 2001:db8::/56
]
MALFORMED = {
    "cut short": b"\0\1\x18",
    "more bits than an address has": b"\0\1\x21\0\1\2\3\4\5",
    "too few octets": b"\0\1\x18\0\xc6\x33",
    "too many octets": b"\0\1\x10\0\xc6\x33\x64",
    "a bit beyond the prefix": b"\0\1\x13\0\xc6\x33\x7f",
    "a scope in a question": b"\0\1\x18\x18\xc6\x33\x64",
    "no such family": b"\0\7\x08\0\x01",
}


def with_subnet(octets: bytes) -> bytes:
    """Return a question whose client subnet option holds these octets."""
    option = dns.edns.GenericOption(dns.edns.OptionType.ECS, octets)
    return question(use_edns=0, options=[option])


@pytest.mark.parametrize("octets", WELL_FORMED)
def test_well_formed_client_subnets_are_read(octets: bytes) -> None:
    """Both families, also of prefixes that end within an octet."""
    assert read(with_subnet(octets)).client_subnet == octets


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED)
def test_malformed_client_subnets_are_format_errors(octets: bytes) -> None:
    """RFC 7871, 7.1.2."""
    with pytest.raises(wire.MalformedQuery):
        wire.read_query(with_subnet(octets))


def test_a_reply_that_is_too_large_is_cut_and_says_so() -> None:
    """TC sends the client to TCP."""
    many = tuple(wire.address_record(f"192.0.2.{i}", 10) for i in range(100))
    query = read(question())

    message = dns.message.from_wire(wire.write_reply(query, Reply(answers=many), 512))

    assert message.flags & dns.flags.TC
    assert not message.answer


def test_an_unknown_edns_version_is_told_so() -> None:
    """BADVERS needs the upper bits of the code, which live in OPT."""
    query = read(question(use_edns=1))

    message = dns.message.from_wire(wire.write_reply(query, Reply(Rcode.BADVERS), 512))

    assert query.edns_version == 1
    assert message.rcode() == dns.rcode.BADVERS


def test_answers_and_scraps_get_no_reply() -> None:
    """Two servers that answer each other's answers never stop."""
    answer = dns.message.make_response(dns.message.make_query("a.net", "A")).to_wire()

    assert wire.read_query(answer) is None
    assert wire.read_query(b"\0" * 11) is None


@pytest.mark.parametrize("cut", range(12, len(question()) - 1))
def test_a_query_that_ends_too_soon_is_malformed(cut: int) -> None:
    """The header can be read, the question cannot."""
    with pytest.raises(wire.MalformedQuery):
        wire.read_query(question()[:cut])


def test_a_compressed_question_is_malformed() -> None:
    """A pointer in the question could only point at itself."""
    with pytest.raises(wire.MalformedQuery):
        wire.read_query(question()[:12] + b"\xc0\x0c\0\1\0\1")


@pytest.mark.parametrize("name", ["a" * 64, ".".join(["a" * 63] * 4) + ".b", "münchen.de"])
def test_names_that_dns_cannot_carry_are_refused(name: str) -> None:
    """They are found when they are written, not when somebody asks."""
    with pytest.raises(ValueError, match=r"octets|ascii"):
        wire.name_to_wire(name)


@given(st.data())
def test_no_bytes_make_reading_fail_otherwise(data: st.DataObject) -> None:
    """A mutated query is read, ignored or malformed; nothing else may come out."""
    message = bytearray(question(use_edns=0, options=[dns.edns.ECSOption("198.51.100.0", 24)]))
    for _ in range(data.draw(st.integers(1, 6))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    mutated = bytes(message[: data.draw(st.integers(0, len(message)))])

    try:
        query = wire.read_query(mutated)
    except wire.MalformedQuery:
        assert len(wire.write_format_error(mutated)) == 12
    else:
        assert query is None or wire.write_reply(query, Reply(Rcode.REFUSED), 512)
