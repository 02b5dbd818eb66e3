"""The wire's shapes: every fault of a body at once, each named by its JSON path."""

import json
from typing import Any

import azure.functions as func
import pytest

from functions._models import EndpointBody, LeverBody, PlanBody, ProfileBody, read, wire
from shared.core.errors import InvalidInput
from shared.core.plan import PLAN_FIELDS, Failback, FaultKind, Plan, ProbePath, StopConditions

PROFILE: dict[str, Any] = {
    "resourceGroup": "g",
    "dnsConfig": {"relativeName": "lab", "ttl": 100},
    "trafficRoutingMethod": "Priority",
}


def a_request(body: Any) -> func.HttpRequest:  # noqa: ANN401 - any JSON
    """Return a request with that JSON (or those bytes) as its body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return func.HttpRequest("PUT", "http://localhost/api/x", body=raw)


def faults(body: Any, model: Any = ProfileBody) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Return the targets and codes of everything that is wrong with a body."""
    with pytest.raises(InvalidInput) as refused:
        read(a_request(body), model)
    return {fault.target: fault.code for fault in refused.value.faults}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nonsense"])
def test_malformed_json_is_refused(body: bytes) -> None:
    """Before anything else is looked at."""
    assert faults(body) == {"": "MalformedJson"}


@pytest.mark.parametrize("body", [[], "text", 7])
def test_a_body_must_be_an_object(body: object) -> None:
    """JSON, but not a profile."""
    assert faults(body) == {"": "InvalidValue"}


def test_two_faults_are_told_at_once() -> None:
    """An unknown member and a wrong type, wherever they are."""
    body = PROFILE | {"colour": "red", "endpoints": [{"type": "azureEndpoints", "weight": "7"}]}

    assert faults(body) == {"colour": "UnknownMember", "endpoints[0].weight": "InvalidValue"}


def test_an_unknown_member_is_told_with_those_that_are_known() -> None:
    """Of the object that it stands in, however deep."""
    body = PROFILE | {
        "endpoints": [{"type": "x", "customHeaders": [{"nam": "Host", "value": "v"}]}]
    }

    with pytest.raises(InvalidInput) as refused:
        read(a_request(body), ProfileBody)

    told = {fault.target: fault.message for fault in refused.value.faults}
    assert told["endpoints[0].customHeaders[0].nam"].endswith("must be one of name, value.")


def test_missing_members_are_named() -> None:
    """All of them."""
    assert faults({}) == dict.fromkeys(
        ("resourceGroup", "dnsConfig", "trafficRoutingMethod"), "MissingValue"
    )


def test_numbers_are_not_guessed_from_text() -> None:
    """`"100"` is not 100, and true is not 1."""
    body = PROFILE | {"dnsConfig": {"relativeName": "lab", "ttl": "100"}, "maxReturn": True}

    assert faults(body) == {"dnsConfig.ttl": "InvalidValue", "maxReturn": "InvalidValue"}


def test_what_az_prints_can_be_pasted() -> None:
    """ARM's read-only and null members are ignored."""
    printed = PROFILE | {
        "id": "/subscriptions/…",
        "name": "lab",
        "type": "Microsoft.Network/trafficManagerProfiles",
        "location": "global",
        "maxReturn": None,
        "monitorConfig": {"profileMonitorStatus": "Online", "customHeaders": None, "port": 80},
        "trafficViewEnrollmentStatus": "Disabled",
        "endpoints": [
            {
                "name": "virginia",
                "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
                "endpointMonitorStatus": "Online",
                "geoMapping": None,
                "minChildEndpointsIPv4": None,
                "resourceGroup": "g",
                "targetResourceId": "/subscriptions/…",
            }
        ],
    }

    assert wire(read(a_request(printed), ProfileBody)) == PROFILE | {
        "name": "lab",
        "monitorConfig": {"port": 80},
        "endpoints": [
            {
                "name": "virginia",
                "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
                "targetResourceId": "/subscriptions/…",
            }
        ],
    }


def test_an_endpoint_may_leave_its_name_to_the_path() -> None:
    """PUT /profiles/{p}/endpoints/{e}."""
    body = {"type": "externalEndpoints", "target": "www.example.com", "minChildEndpointsIPv6": 1}

    assert wire(read(a_request(body), EndpointBody)) == body | {"name": ""}


def test_a_plan_has_its_defaults() -> None:
    """Profile and objective are all that must be said."""
    plan = read(a_request({"profile": "lab", "rtoSeconds": 300}), PlanBody).plan()

    assert plan == Plan(profile="lab", rto_seconds=300)


def test_a_whole_plan_is_read() -> None:
    """Every member, in the core's own words."""
    body = {
        "profile": "lab",
        "rtoSeconds": 300,
        "fault": "vmPowerOff",
        "targets": ["/subscriptions/…"],
        "objectiveClient": "fresh",
        "stopConditions": {"clientOutageSecondsMax": 240},
    }

    plan = read(a_request(body), PlanBody).plan()

    assert plan.fault is FaultKind.VM_POWER_OFF
    assert plan.targets == ("/subscriptions/…",)
    assert plan.stop_conditions == StopConditions(client_outage_seconds_max=240)


def test_a_header_for_probes_is_read() -> None:
    """And how the failback is to be, with its longest hold."""
    body = {
        "profile": "lab",
        "rtoSeconds": 300,
        "fault": "probePath",
        "probePath": {"header": "X-Drill", "value": "fail"},
        "failback": "hold",
        "failbackHoldSecondsMax": 600,
    }

    plan = read(a_request(body), PlanBody).plan()

    assert plan == Plan(
        profile="lab",
        rto_seconds=300,
        fault=FaultKind.PROBE_PATH,
        probe_path=ProbePath(header="X-Drill", value="fail"),
        failback=Failback.HOLD,
        failback_hold_seconds_max=600,
    )
    assert plan.faults() == ()


def test_a_header_for_probes_has_a_name_and_a_value() -> None:
    """Both, and nothing else."""
    body = {"profile": "lab", "rtoSeconds": 300, "probePath": {"header": 1, "worth": "x"}}

    assert faults(body, PlanBody) == {
        "probePath.header": "InvalidValue",
        "probePath.value": "MissingValue",
        "probePath.worth": "UnknownMember",
    }


def test_every_member_of_a_plan_can_be_sent() -> None:
    """What the core knows and the wire does not could never be asked for."""
    assert set(PlanBody.model_fields) == set(PLAN_FIELDS)


def test_a_fault_that_is_not_offered_is_refused() -> None:
    """By name, with what is offered."""
    body = {"profile": "lab", "rtoSeconds": 300, "fault": "unplug"}

    assert faults(body, PlanBody) == {"fault": "InvalidValue"}


def test_the_lever_is_true_or_false() -> None:
    """Nothing in between engages or releases it."""
    assert faults({"engaged": "yes"}, LeverBody) == {"engaged": "InvalidValue"}
