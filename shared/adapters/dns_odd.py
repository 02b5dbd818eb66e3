"""DNS answers that the strict reader does not vouch for, read by dnspython.

Imported when the first of them comes: loading it takes as long as reading some thousand answers.
"""

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from shared.core.dns_answers import STALE, Read
from shared.core.dns_queries import Query

CHAIN_LENGTH_MAX = 16
"""Resolvers give up at about as many; a loop of names ends here."""
NO_ID = b"\0\0"


def read_odd(text: bytes, query: Query) -> Read | None:
    """Return what the message after its id says; None if it is no answer to the query."""
    try:
        # What is cut off may be cut anywhere; then its question is all that is read of it.
        cut_off = bool(int.from_bytes(text[:2], "big") & dns.flags.TC)
        message = dns.message.from_wire(
            NO_ID + text, question_only=cut_off, ignore_trailing=cut_off
        )
    except (dns.exception.DNSException, ValueError):
        return None
    if not dns.message.from_wire(NO_ID + query.text).is_response(message):
        return None
    chain, ttls = _chain(message)
    return Read(
        int(message.rcode()),
        ">".join(chain),
        ttls[0] if ttls else None,
        _is_stale(message),
        cut_off,
        min(ttls, default=None),
    )


def _is_stale(message: dns.message.Message) -> bool:
    return any(error.code in STALE for error in message.extended_errors())


def _chain(message: dns.message.Message) -> tuple[list[str], list[int]]:
    """Return what the question's name leads to, names first, and the TTLs on the way."""
    if not message.question:
        return [], []
    name, record_type = message.question[0].name, message.question[0].rdtype
    chain: list[str] = []
    ttls: list[int] = []
    for _ in range(CHAIN_LENGTH_MAX):
        found = _records(message, name, record_type) or _records(message, name, dns.rdatatype.CNAME)
        if found is None:
            break
        ttls.append(found.ttl)
        if found.rdtype == record_type:
            chain += [record.to_text() for record in found]
            break
        name = found[0].target
        chain.append(name.to_text(omit_final_dot=True).lower())
    return chain, ttls


def _records(
    message: dns.message.Message, name: dns.name.Name, record_type: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    return message.get_rrset(message.answer, name, dns.rdataclass.IN, record_type)
