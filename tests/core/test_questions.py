"""What a drill asks in every slot."""

from dataclasses import replace

from shared.core.model import MonitorSettings
from shared.core.plan import ClientClass
from shared.core.questions import (
    ClientQuestion,
    DnsQuestion,
    HealthQuestion,
    MonitorQuestion,
    PowerQuestion,
    arm_questions,
    can_visit,
    health_check,
    own_questions,
)
from tests.support.sampled_drill import FQDN, VIRGINIA, lab_drill

DRILL = lab_drill(0, dns="127.0.0.1:53")
ENDPOINTS = DRILL.snapshot.endpoints


def test_every_series_of_the_lab_is_asked_once() -> None:
    """A slot holds one question for each; an endpoint without an address cannot be asked."""
    assert [question.series for question in own_questions(DRILL)] == [
        "dns/authoritative/127.0.0.1:53",
        "dns/recursive/127.0.0.1:53",
        "health/virginia",
        "health/amsterdam",
        "client/fresh",
        "client/ttl",
        "client/keepalive",
        "client/pinned",
    ]


def test_only_resolvers_are_asked_to_recurse() -> None:
    """A name server that is asked to may refuse."""
    asked = [q for q in own_questions(DRILL) if isinstance(q, DnsQuestion)]

    assert [(q.name, q.recursion_desired) for q in asked] == [(FQDN, False), (FQDN, True)]


def test_a_server_named_twice_is_asked_once() -> None:
    """Two samples of one series in one slot would weigh double."""
    vantages = replace(DRILL.snapshot.vantages, resolvers=("127.0.0.1:53", "127.0.0.1:53"))
    drill = replace(DRILL, snapshot=replace(DRILL.snapshot, vantages=vantages))

    assert len(own_questions(drill)) == len(own_questions(DRILL))


def test_every_server_is_also_asked_for_each_client_subnet() -> None:
    """Name servers and resolvers alike; the vantage's name begins with the server's."""
    vantages = replace(DRILL.snapshot.vantages, client_subnets=("203.0.113.0/24", "2001:db8::/48"))
    drill = replace(DRILL, snapshot=replace(DRILL.snapshot, vantages=vantages))
    asked = [q for q in own_questions(drill) if isinstance(q, DnsQuestion)]

    assert [(q.series, q.server, q.client_subnet) for q in asked[:3]] == [
        ("dns/authoritative/127.0.0.1:53", "127.0.0.1:53", ""),
        ("dns/authoritative/127.0.0.1:53/203.0.113.0/24", "127.0.0.1:53", "203.0.113.0/24"),
        ("dns/authoritative/127.0.0.1:53/2001:db8::/48", "127.0.0.1:53", "2001:db8::/48"),
    ]
    assert [q.client_subnet for q in asked] == 2 * ["", "203.0.113.0/24", "2001:db8::/48"]
    assert vantages.of_resolvers[1].name == "127.0.0.1:53/203.0.113.0/24"


def test_every_class_of_client_visits_the_same_url() -> None:
    """Through the same resolver; what each keeps, it keeps for this drill."""
    asked = [q for q in own_questions(DRILL) if isinstance(q, ClientQuestion)]

    assert [q.client for q in asked] == list(ClientClass)
    assert {(q.url, q.resolver, q.drill_id, q.record_type) for q in asked} == {
        (f"http://{FQDN}:80/", "127.0.0.1:53", "d1", "A")
    }


def test_a_visit_that_sends_nothing_keeps_no_connection() -> None:
    """A silent connection proves nothing: of a TCP monitor there is no such client."""
    vantages = replace(DRILL.snapshot.vantages, client_url=f"tcp://{FQDN}:8080")
    drill = replace(DRILL, snapshot=replace(DRILL.snapshot, vantages=vantages))
    asked = [q for q in own_questions(drill) if isinstance(q, ClientQuestion)]

    assert [q.client for q in asked] == [ClientClass.FRESH, ClientClass.TTL, ClientClass.PINNED]


def test_a_profile_of_ipv6_addresses_is_asked_for_them() -> None:
    """One name, or one IPv4 address, among its targets, and A is asked."""
    targets = ("2001:db8::1", "2001:db8::2", "2001:db8::3")
    endpoints = tuple(
        replace(e, target=t) for e, t in zip(DRILL.snapshot.endpoints, targets, strict=True)
    )
    for changed, wanted in ((endpoints, "AAAA"), ((*endpoints[:2], ENDPOINTS[2]), "A")):
        drill = replace(DRILL, snapshot=replace(DRILL.snapshot, endpoints=changed))
        asked = [q for q in own_questions(drill) if not isinstance(q, HealthQuestion)]
        assert {q.record_type for q in asked} == {wanted}


def test_health_is_asked_as_traffic_manager_asks() -> None:
    """Protocol, port, path and expected statuses are the monitor's; Host is the endpoint's."""
    monitor = MonitorSettings(
        protocol="HTTPS", port=8443, path="healthy", expected_statuses=((200, 299),)
    )
    snapshot = replace(DRILL.snapshot, monitor=monitor)
    check = health_check(snapshot, snapshot.endpoint("virginia"), 2)

    assert check is not None
    assert check.url == "https://virginia.test:8443/healthy"
    assert (check.address, check.host) == (VIRGINIA, "virginia.test")
    assert (check.expected_statuses, check.timeout_seconds) == (((200, 299),), 2)


def test_a_tcp_monitor_has_no_path() -> None:
    """It only connects."""
    snapshot = replace(DRILL.snapshot, monitor=MonitorSettings(protocol="TCP", port=8080))
    check = health_check(snapshot, snapshot.endpoint("virginia"), 2)

    assert check is not None
    assert check.url == "tcp://virginia.test:8080"


def test_the_application_s_header_is_passed_on() -> None:
    """Both the health samples and the client tell who served."""
    drill = replace(DRILL, plan=replace(DRILL.plan, served_by_header="x-served-by"))
    asked = [q for q in own_questions(drill) if not isinstance(q, DnsQuestion)]

    assert {q.served_by_header for q in asked} == {"x-served-by"}
    assert any(isinstance(q, HealthQuestion) for q in asked)


def test_arm_is_asked_once_a_profile_and_once_a_machine() -> None:
    """One read tells of the profile and all its endpoints."""
    assert arm_questions(DRILL) == (
        MonitorQuestion(
            profile_id="/subscriptions/s/profiles/p",
            endpoints=("virginia", "amsterdam", "elsewhere"),
        ),
        PowerQuestion(series="power/virginia-vm", machine_id="/subscriptions/s/vms/virginia-vm"),
    )


def test_a_connection_that_is_asked_nothing_is_not_kept() -> None:
    """Nobody would notice its end; the other classes connect anew each time."""
    over_tcp = replace(DRILL.snapshot.vantages, client_url=f"tcp://{FQDN}:80")
    drill = replace(DRILL, snapshot=replace(DRILL.snapshot, vantages=over_tcp))

    asked = [q.client for q in own_questions(drill) if isinstance(q, ClientQuestion)]

    assert asked == [client for client in ClientClass if client is not ClientClass.KEEPALIVE]
    assert {client for client in ClientClass if can_visit(client, f"tcp://{FQDN}:80")} == set(asked)
    assert all(can_visit(client, f"https://{FQDN}/") for client in ClientClass)
