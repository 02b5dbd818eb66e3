"""What a drill asks in every slot."""

from dataclasses import replace

from shared.core.model import MonitorSettings
from shared.core.questions import (
    DnsQuestion,
    HealthQuestion,
    MonitorQuestion,
    PowerQuestion,
    arm_questions,
    health_check,
    own_questions,
)
from tests.support.sampled_drill import FQDN, VIRGINIA, lab_drill

DRILL = lab_drill(0, dns="127.0.0.1:53")


def test_every_series_of_the_lab_is_asked_once() -> None:
    """A slot holds one question for each; an endpoint without an address cannot be asked."""
    assert [question.series for question in own_questions(DRILL)] == [
        "dns/authoritative/127.0.0.1:53",
        "dns/recursive/127.0.0.1:53",
        "health/virginia",
        "health/amsterdam",
        "client/fresh",
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
