"""DNS queries as bytes: what dnspython reads in them is what was to be asked."""

import dns.edns
import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import pytest

from shared.core.dns_queries import UDP_OCTETS, write_query


@pytest.mark.parametrize("recursion_desired", [False, True])
@pytest.mark.parametrize("record_type", ["A", "AAAA"])
def test_a_query_asks_for_one_name(record_type: str, recursion_desired: bool) -> None:
    """Its name, type and RD flag are the question's, and it offers EDNS with a safe size."""
    query = write_query("Www.Test.", record_type, recursion_desired=recursion_desired)
    (read,) = (dns.message.from_wire(b"\x12\x34" + query.text),)

    (question,) = read.question
    assert question.name.to_text() == "Www.Test."
    assert (question.rdtype, question.rdclass) == (
        dns.rdatatype.from_text(record_type),
        dns.rdataclass.IN,
    )
    assert (read.id, bool(read.flags & dns.flags.RD)) == (0x1234, recursion_desired)
    assert (read.edns, read.payload, read.options) == (0, UDP_OCTETS, ())
    assert query.name == b"www.test"


@pytest.mark.parametrize(
    "subnet", ["203.0.113.0/24", "10.0.0.0/9", "0.0.0.0/0", "2001:db8::/48", "2001:db8::/127"]
)
def test_a_client_subnet_is_told(subnet: str) -> None:
    """As many octets as the prefix needs, and no more: servers refuse the rest."""
    query = write_query("www.test", "A", recursion_desired=True, client_subnet=subnet)
    read = dns.message.from_wire(b"\0\0" + query.text)

    (option,) = read.options
    assert isinstance(option, dns.edns.ECSOption)
    assert option.to_text() == f"ECS {subnet} scope/0"


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a b", "bücher.test", "x" * 64 + ".test", ".".join(["x" * 60] * 5)]
)
def test_what_is_no_host_name_is_not_asked_for(name: str) -> None:
    """It says which, and what would be right."""
    with pytest.raises(ValueError, match=r"^name is .*; it must be a host name"):
        write_query(name, "A", recursion_desired=True)


def test_other_types_are_not_asked_for() -> None:
    """Addresses are what clients connect to."""
    with pytest.raises(ValueError, match=r"record_type is 'MX'; it must be one of A, AAAA\."):
        write_query("www.test", "MX", recursion_desired=True)
