"""What a drill asks in every slot, as values: a pure function of the drill."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

from shared.core.model import Drill, EndpointSnapshot, HealthCheck, Snapshot
from shared.core.plan import ClientClass

CLIENT_STATUSES = ((200, 399),)
"""What a client takes for being served; a redirect is an answer, and is not followed."""
TCP = "tcp:"
"""A connection over which nothing is sent: keeping it would prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsQuestion:
    """One name, asked of one server; with a client subnet, as if on behalf of a client there."""

    series: str
    server: str
    name: str
    recursion_desired: bool
    timeout_seconds: float
    record_type: str = "A"
    client_subnet: str = ""
    is_kept: bool = False
    """Whoever asks keeps the answer: its TTL is the least of all its records, not the first's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthQuestion:
    """Our own request to an endpoint's address."""

    series: str
    check: HealthCheck
    served_by_header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientQuestion:
    """A visit to a URL as a client makes it: its resolver first, then whoever that names.

    What its class keeps between two visits, it keeps for one drill.
    """

    series: str
    resolver: str
    url: str
    timeout_seconds: float
    client: ClientClass = ClientClass.FRESH
    drill_id: str = ""
    record_type: str = "A"
    served_by_header: str | None = None
    expected_statuses: tuple[tuple[int, int], ...] = CLIENT_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorQuestion:
    """What Traffic Manager says of a profile and its endpoints: one read, a sample of each."""

    profile_id: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerQuestion:
    """What ARM says of a machine."""

    series: str
    machine_id: str


OwnQuestion = DnsQuestion | HealthQuestion | ClientQuestion
ArmQuestion = MonitorQuestion | PowerQuestion


def own_questions(drill: Drill) -> tuple[OwnQuestion, ...]:
    """Return everything that a drill asks over DNS and HTTP in one slot, each series once."""
    asked: tuple[OwnQuestion, ...] = (*_dns(drill), *_health(drill), *_clients(drill))
    return tuple({question.series: question for question in asked}.values())


def arm_questions(drill: Drill) -> tuple[ArmQuestion, ...]:
    """Return everything that a drill asks ARM in one slot."""
    monitor = MonitorQuestion(
        profile_id=drill.snapshot.profile_id,
        endpoints=tuple(endpoint.name for endpoint in drill.snapshot.endpoints),
    )
    powers = (
        PowerQuestion(series=f"power/{target.name}", machine_id=target.id)
        for target in drill.snapshot.targets
    )
    return (monitor, *powers)


def health_check(
    snapshot: Snapshot, endpoint: EndpointSnapshot, timeout_seconds: int
) -> HealthCheck | None:
    """Return how to ask the endpoint as Traffic Manager does; None if its address is unknown."""
    if endpoint.address is None:
        return None
    monitor = snapshot.monitor
    scheme = monitor.protocol.lower()
    path = "" if scheme == "tcp" else f"/{monitor.path.lstrip('/')}"
    return HealthCheck(
        url=f"{scheme}://{endpoint.host}:{monitor.port}{path}",
        address=endpoint.address,
        host=endpoint.host,
        expected_statuses=monitor.expected_statuses,
        timeout_seconds=timeout_seconds,
        headers=tuple(each for each in endpoint.headers if each[0].lower() != "host"),
    )


def _dns(drill: Drill) -> Iterator[DnsQuestion]:
    vantages = drill.snapshot.vantages
    for kind, places in (
        ("authoritative", vantages.of_name_servers),
        ("recursive", vantages.of_resolvers),
    ):
        for vantage in places:
            yield DnsQuestion(
                series=f"dns/{kind}/{vantage.name}",
                server=vantage.server,
                name=drill.snapshot.fqdn,
                recursion_desired=kind == "recursive",
                timeout_seconds=drill.plan.sample_timeout_seconds,
                record_type=_record_type(drill.snapshot),
                client_subnet=vantage.client_subnet,
            )


def _record_type(snapshot: Snapshot) -> str:
    """Return AAAA for a profile that has nothing but IPv6 addresses to answer with, else A."""
    targets = [endpoint.target for endpoint in snapshot.endpoints]
    return "AAAA" if targets and all(map(_is_ipv6, targets)) else "A"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _health(drill: Drill) -> Iterator[HealthQuestion]:
    for endpoint in drill.snapshot.endpoints:
        check = health_check(drill.snapshot, endpoint, drill.plan.sample_timeout_seconds)
        if check is not None:
            yield HealthQuestion(
                series=f"health/{endpoint.name}",
                check=check,
                served_by_header=drill.plan.served_by_header,
            )


def can_visit(client: ClientClass, url: str) -> bool:
    """A client of that class shows something when it visits the URL."""
    return client is not ClientClass.KEEPALIVE or not url.startswith(TCP)


def _clients(drill: Drill) -> Iterator[ClientQuestion]:
    for client in ClientClass:
        if not can_visit(client, drill.snapshot.vantages.client_url):
            continue
        yield ClientQuestion(
            series=f"client/{client}",
            resolver=drill.snapshot.vantages.client_resolver,
            url=drill.snapshot.vantages.client_url,
            timeout_seconds=drill.plan.sample_timeout_seconds,
            client=client,
            drill_id=drill.id,
            record_type=_record_type(drill.snapshot),
            served_by_header=drill.plan.served_by_header,
        )
