"""Authoritative zones: a query to a reply; pure but for what is published into them."""

import itertools
from collections.abc import Callable, Mapping
from typing import Protocol

from emulator import wire
from emulator.cloud import PUBLIC_IP_ZONE, TRAFFIC_MANAGER_ZONE, PublicIp
from emulator.routing import Answer, Option, Outcome
from emulator.rules import DEFAULT_RULES, OtherTypes, Rules
from emulator.wire import Query, Rcode, Record, Reply, Type

PUBLIC_IP_TTL_SECONDS = 10  # real digs show 10 s for `*.cloudapp.azure.com`

# As seen in 2018: negative TTL 30 s.
_TRAFFIC_MANAGER_SOA = wire.soa_record(
    TRAFFIC_MANAGER_ZONE,
    ("tm1.msft.net", "hostmaster.trafficmanager.net"),
    (2003080800, 900, 300, 2419200, 30),
    30,
)
# No SOA of this zone was recorded: names and numbers are ours, the negative TTL is its own TTL.
_PUBLIC_IP_SOA = wire.soa_record(
    PUBLIC_IP_ZONE,
    ("ns1-201.azure-dns.com", "msnhst.microsoft.com"),
    (1, 900, 300, 604800, PUBLIC_IP_TTL_SECONDS),
    PUBLIC_IP_TTL_SECONDS,
)
_TRAFFIC_MANAGER_NS = ("tm1.dns-tm.com", "tm2.dns-tm.com")
_PUBLIC_IP_NS = ("ns1-201.azure-dns.com",)


Choices = tuple[tuple[float, Reply], ...]
"""What may be replied, each with the sum of all shares up to its own; the last one's is 1."""


def only(reply: Reply) -> Choices:
    """Return the choices where there is none."""
    return ((1.0, reply),)


class Zone(Protocol):
    """Something that answers for one zone."""

    origin: str

    def choices(self, query: Query) -> Choices:
        """Answer a query for a name in the zone."""


def _covers(origin: str, name: str) -> bool:
    return name == origin or name.endswith("." + origin)


def _apex(query: Query, soa: Record, servers: tuple[str, ...]) -> Reply:
    """Answer for the zone's own name: SOA and NS exist there, nothing else."""
    answers = []
    if query.type in (Type.SOA, Type.ANY):
        answers.append(Record(Type.SOA, soa.ttl_seconds, soa.data))
    if query.type in (Type.NS, Type.ANY):
        data = [wire.name_to_wire(name) for name in servers]
        answers += [Record(Type.NS, soa.ttl_seconds, one) for one in data]
    return Reply(answers=tuple(answers), authority=() if answers else (soa,))


class TrafficManagerZone:
    """The profiles' names as one name server knows them."""

    origin = TRAFFIC_MANAGER_ZONE

    def __init__(self, rules: Rules = DEFAULT_RULES) -> None:
        self._rules = rules
        self._answers: dict[str, Answer] = {}
        self.on_publish: Callable[[], None] = lambda: None

    def publish(self, fqdn: str, answer: Answer | None) -> None:
        """Make the server answer this from now on; None: the profile is gone."""
        if answer is None:
            self._answers.pop(fqdn.lower(), None)
        else:
            self._answers[fqdn.lower()] = answer
        self.on_publish()

    def choices(self, query: Query) -> Choices:
        """Answer by query type and endpoint type, as the FAQ's table says."""
        if query.name == self.origin:
            return only(_apex(query, _TRAFFIC_MANAGER_SOA, _TRAFFIC_MANAGER_NS))
        answer = self._answers.get(query.name)
        if answer is None or not answer.options:
            return only(self._reply_without_endpoint(query.name, answer))
        shares = itertools.accumulate(option.share for option in answer.options)
        return tuple(
            (share, self._reply_with(query, option))
            for share, option in zip(shares, answer.options, strict=True)
        )

    def _reply_with(self, query: Query, option: Option) -> Reply:
        record = _record_for(option)
        asked: set[int] = {record.type, Type.ANY}
        if record.type == Type.CNAME:
            asked |= {Type.A, Type.AAAA}
            if self._rules.other_types is OtherTypes.CNAME:
                asked.add(query.type)
        if query.type in asked:
            return Reply(answers=(record,))
        return Reply(authority=(_TRAFFIC_MANAGER_SOA,))

    def _reply_without_endpoint(self, name: str, answer: Answer | None) -> Reply:
        if answer is not None and answer.outcome is Outcome.NOT_EMULATED:
            return Reply(Rcode.REFUSED, is_authoritative=False)
        # A relative name may hold dots: a name above an existing one exists, without records.
        exists = answer is not None and answer.outcome is Outcome.NO_DATA
        is_between = answer is None and any(f.endswith("." + name) for f in self._answers)
        rcode = Rcode.NOERROR if exists or is_between else Rcode.NXDOMAIN
        return Reply(rcode, authority=(_TRAFFIC_MANAGER_SOA,))


def _record_for(option: Option) -> Record:
    try:
        return wire.address_record(option.endpoint.target, option.ttl_seconds)
    except ValueError:
        return wire.cname_record(option.endpoint.target, option.ttl_seconds)


class PublicIpZone:
    """The names that public IP addresses have by their labels."""

    origin = PUBLIC_IP_ZONE

    def __init__(self, public_ips: Mapping[str, PublicIp]) -> None:
        self._public_ips = public_ips

    def choices(self, query: Query) -> Choices:
        """Answer a label's name with its address, TTL 10."""
        return only(self._reply(query))

    def _reply(self, query: Query) -> Reply:
        if query.name == self.origin:
            return _apex(query, _PUBLIC_IP_SOA, _PUBLIC_IP_NS)
        public_ip = self._public_ips.get(query.name)
        if public_ip is not None:
            record = wire.address_record(public_ip.address, PUBLIC_IP_TTL_SECONDS)
            if query.type in (record.type, Type.ANY):
                return Reply(answers=(record,))
            return Reply(authority=(_PUBLIC_IP_SOA,))
        is_between = any(fqdn.endswith("." + query.name) for fqdn in self._public_ips)
        rcode = Rcode.NOERROR if is_between else Rcode.NXDOMAIN
        return Reply(rcode, authority=(_PUBLIC_IP_SOA,))


class Authority:
    """Answers for its zones and refuses all others."""

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        self._zones = zones

    def choices(self, query: Query) -> Choices:
        """Answer a query from the zone that holds its name."""
        zone = next((z for z in self._zones if _covers(z.origin, query.name)), None)
        if zone is None:
            return only(Reply(Rcode.REFUSED, is_authoritative=False))
        return zone.choices(query)
