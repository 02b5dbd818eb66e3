"""A profile as it is wanted, and what counts as a difference from the live one."""

import copy
from typing import Any

import pytest

from shared.core.desired import changes, short_type, wanted_profile
from shared.core.profile_rules import profile_faults

IPS = "/subscriptions/0000/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses"

BODY: dict[str, Any] = {
    "resourceGroup": "g",
    "dnsConfig": {"relativeName": "switchback-lab", "ttl": 100},
    "trafficRoutingMethod": "Priority",
    "endpoints": [
        {
            "name": "virginia",
            "type": "azureEndpoints",
            "targetResourceId": f"{IPS}/virginia-ip",
            "priority": 1,
        },
        {
            "name": "amsterdam",
            "type": "azureEndpoints",
            "targetResourceId": f"{IPS}/amsterdam-ip",
            "priority": 2,
        },
    ],
}


def live() -> dict[str, Any]:
    """Return the profile as ARM shows it after BODY was put: read-only members, nulls, its case."""
    profile = copy.deepcopy(wanted_profile(BODY))
    properties = profile["properties"]
    properties["dnsConfig"]["fqdn"] = "switchback-lab.trafficmanager.net"
    properties["monitorConfig"]["profileMonitorStatus"] = "Online"
    properties |= {"trafficViewEnrollmentStatus": "Disabled", "maxReturn": None}
    for endpoint in properties["endpoints"]:
        endpoint["id"] = f"/subscriptions/0000/{endpoint['name']}"
        endpoint["properties"] |= {
            "target": f"{endpoint['name']}.cloudapp.azure.com",
            "endpointLocation": "East US",
            "endpointMonitorStatus": "Online",
            "minChildEndpoints": None,
        }
        del endpoint["properties"]["alwaysServe"]
    return profile | {"id": "/subscriptions/0000/lab", "name": "lab"}


def changed(path: str, value: object) -> dict[str, Any]:
    """Return BODY with one member changed, at a dotted path."""
    body = copy.deepcopy(BODY)
    *parents, last = path.split(".")
    at: Any = body
    for part in parents:
        at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
    at[last] = value
    return body


def test_what_was_put_is_no_difference() -> None:
    """ARM's own members, nulls and defaults ask for no write."""
    assert changes(live(), wanted_profile(BODY)) == ()


def test_order_case_and_long_types_are_no_difference() -> None:
    """Endpoints reordered, ids in another case, types short or full."""
    body = copy.deepcopy(BODY)
    body["endpoints"].reverse()
    for endpoint in body["endpoints"]:
        endpoint["targetResourceId"] = endpoint["targetResourceId"].upper()
        endpoint["type"] = "Microsoft.Network/trafficManagerProfiles/AzureEndpoints"

    assert changes(live(), wanted_profile(body)) == ()


def test_an_absent_ttl_is_whatever_arm_chose() -> None:
    """The service's default is not documented; what is not asked for is not compared."""
    body = copy.deepcopy(BODY)
    del body["dnsConfig"]["ttl"]

    assert changes(live(), wanted_profile(body)) == ()


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("dnsConfig.ttl", 30, "dnsConfig.ttl"),
        ("monitorConfig.path", "/health", "monitorConfig.path"),
        ("monitorConfig.intervalInSeconds", 10, "monitorConfig.intervalInSeconds"),
        ("tags.team", "sre", "tags.team"),
        ("endpoints.0.priority", 3, "endpoints.virginia.priority"),
        ("endpoints.0.endpointStatus", "Disabled", "endpoints.virginia.endpointStatus"),
        ("endpoints.0.weight", 7, "endpoints.virginia.weight"),
    ],
)
def test_a_changed_member_is_told_by_its_path(path: str, value: object, where: str) -> None:
    """So that a dry run reads as what would happen."""
    paths = [change.path for change in changes(live(), wanted_profile(changed(path, value)))]

    assert where in paths


def test_an_endpoint_that_is_not_wanted_is_a_difference() -> None:
    """A live endpoint that the body does not name is deleted."""
    body = copy.deepcopy(BODY)
    del body["endpoints"][1]

    paths = {change.path for change in changes(live(), wanted_profile(body))}

    assert "endpoints.amsterdam.targetResourceId" in paths


def test_a_profile_that_is_not_there_differs_in_everything() -> None:
    """A first PUT writes."""
    assert changes(None, wanted_profile(BODY))


def test_priorities_are_always_explicit() -> None:
    """Left out, they are the next free ones, in the order of the body."""
    body = copy.deepcopy(BODY)
    del body["endpoints"][0]["priority"]

    endpoints = wanted_profile(body)["properties"]["endpoints"]

    assert [e["properties"]["priority"] for e in endpoints] == [1, 2]


def test_the_fast_interval_has_its_own_default_timeout() -> None:
    """ARM fills in 9 s with an interval of 10 s, else 10 s."""
    fast = wanted_profile(changed("monitorConfig.intervalInSeconds", 10))

    assert fast["properties"]["monitorConfig"]["timeoutInSeconds"] == 9


def test_types_are_known_in_any_form() -> None:
    """Short, full, in any case."""
    assert short_type("Microsoft.Network/trafficManagerProfiles/EXTERNALendpoints") == (
        "externalEndpoints"
    )


def test_the_lab_is_right() -> None:
    """The body that every example starts from breaks no rule."""
    assert profile_faults("lab", BODY) == ()


@pytest.mark.parametrize(
    ("path", "value", "target", "right"),
    [
        ("dnsConfig.relativeName", "Switchback", "dnsConfig.relativeName", "lower-case"),
        ("dnsConfig.ttl", -1, "dnsConfig.ttl", "from 0"),
        ("trafficRoutingMethod", "Nearest", "trafficRoutingMethod", "one of Performance"),
        ("profileStatus", "On", "profileStatus", "one of Enabled, Disabled"),
        ("monitorConfig.intervalInSeconds", 20, "monitorConfig.intervalInSeconds", "30 or 10"),
        ("monitorConfig.timeoutInSeconds", 4, "monitorConfig.timeoutInSeconds", "from 5 to 10"),
        (
            "monitorConfig",
            {"intervalInSeconds": 10, "timeoutInSeconds": 10},
            "monitorConfig.timeoutInSeconds",
            "from 5 to 9",
        ),
        ("monitorConfig", {"protocol": "TCP", "path": "/"}, "monitorConfig.path", "absent"),
        ("monitorConfig", {"protocol": "UDP"}, "monitorConfig.protocol", "one of HTTP"),
        ("monitorConfig.path", "health", "monitorConfig.path", "begins with /"),
        ("monitorConfig.port", 0, "monitorConfig.port", "from 1"),
        (
            "monitorConfig.toleratedNumberOfFailures",
            10,
            "monitorConfig.toleratedNumberOfFailures",
            "from 0 to 9",
        ),
        ("endpoints.1.priority", 1, "endpoints[1].priority", "unlike"),
        ("endpoints.1.priority", 1_001, "endpoints[1].priority", "from 1 to 1000"),
        ("endpoints.1.name", "virginia", "endpoints[1].name", "unlike"),
        ("endpoints.1.name", " ", "endpoints[1].name", "1 to 260 characters"),
        ("endpoints.1.type", "vmEndpoints", "endpoints[1].type", "one of azureEndpoints"),
        ("endpoints.1.endpointStatus", "On", "endpoints[1].endpointStatus", "one of Enabled"),
        ("endpoints.1.targetResourceId", "vm", "endpoints[1].targetResourceId", "resource id"),
        ("endpoints.1.targetResourceId", None, "endpoints[1].targetResourceId", "the id of"),
        ("endpoints.1.type", "externalEndpoints", "endpoints[1].target", "a DNS name"),
        ("name", "other", "name", "as in the path"),
    ],
)
def test_a_broken_rule_names_field_value_and_what_would_be_right(
    path: str, value: object, target: str, right: str
) -> None:
    """One case for each way to be wrong."""
    faults = profile_faults("lab", changed(path, value))

    (told,) = [fault for fault in faults if fault.target == target]
    assert right in told.message


def test_every_broken_rule_is_told_at_once() -> None:
    """Nobody likes to be told of one mistake at a time."""
    body = changed("dnsConfig.ttl", -1) | {"trafficRoutingMethod": "Nearest"}

    assert len(profile_faults("lab", body)) == 2


def test_a_name_that_arm_would_not_take_is_refused() -> None:
    """Profile names have ARM's own rules."""
    assert [fault.target for fault in profile_faults("-lab", BODY)] == ["name"]
