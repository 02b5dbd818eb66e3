"""Traffic Manager's provider: defaults, normalising, limits, errors as recorded or documented."""

from typing import Any

import pytest

from tests.emulator.running import (
    AMSTERDAM_IP,
    FQDN,
    PROFILE,
    PROFILE_TYPE,
    SUBSCRIPTION,
    VIRGINIA_IP,
    Emulator,
    azure_endpoint,
    lab_profile,
    lab_topology,
    running,
)

Json = dict[str, Any]
VIRGINIA = f"{PROFILE}/azureEndpoints/virginia"


def external(name: str = "x", **properties: object) -> Json:
    """Return the body of an external endpoint."""
    given = {"target": "www.example.org"} | properties
    return {"name": name, "type": f"{PROFILE_TYPE}/externalEndpoints", "properties": given}


def with_endpoints(*endpoints: Json, **properties: object) -> Json:
    """Return the lab's profile with other endpoints and properties."""
    body = lab_profile()
    body["properties"] |= {"endpoints": list(endpoints)} | properties
    return body


def test_the_labs_profile(emulator: Emulator) -> None:
    """Defaults filled in, targets and places looked up, endpoints by priority, statuses first."""
    response = emulator.arm("PUT", PROFILE, lab_profile())

    assert response.status_code == 201
    properties = response.json()["properties"]
    assert properties["dnsConfig"] == {"relativeName": "switchback-lab", "fqdn": FQDN, "ttl": 100}
    assert properties["monitorConfig"] == {
        "profileMonitorStatus": "CheckingEndpoints",
        "protocol": "HTTP",
        "port": 80,
        "path": "/",
        "intervalInSeconds": 30,
        "toleratedNumberOfFailures": 3,
        "timeoutInSeconds": 10,
    }
    assert [e["name"] for e in properties["endpoints"]] == ["virginia", "amsterdam"]
    assert properties["endpoints"][1]["properties"] == {
        "endpointStatus": "Enabled",
        "endpointMonitorStatus": "CheckingEndpoint",
        "targetResourceId": AMSTERDAM_IP,
        "target": "switchback-amsterdam.westeurope.cloudapp.azure.com",
        "weight": 1,
        "priority": 2,
        "endpointLocation": "West Europe",
        "minChildEndpoints": None,
        "minChildEndpointsIPv4": None,
        "minChildEndpointsIPv6": None,
    }


def test_what_is_shown_can_be_put_again(emulator: Emulator) -> None:
    """Read-only members are accepted and ignored; the second PUT is 200 and changes nothing."""
    shown = emulator.arm("PUT", PROFILE, lab_profile()).json()

    again = emulator.arm("PUT", PROFILE, shown)

    assert again.status_code == 200
    assert again.json() == shown


def test_slashes_are_escaped_as_the_service_does(emulator: Emulator) -> None:
    """Harmless to a JSON reader, and there on the wire."""
    assert b"\\/subscriptions\\/" in emulator.arm("PUT", PROFILE, lab_profile()).content


def test_tags_are_absent_from_the_answer_to_a_put_without_any(emulator: Emulator) -> None:
    """A later GET shows an empty object (recorded)."""
    assert "tags" not in emulator.arm("PUT", PROFILE, lab_profile()).json()
    assert emulator.arm("GET", PROFILE).json()["tags"] == {}


def test_a_patch_leaves_alone_what_it_does_not_name(emulator: Emulator) -> None:
    """Terraform PATCHes partial properties and expects its endpoints untouched."""
    emulator.arm("PUT", PROFILE, lab_profile())

    response = emulator.arm(
        "PATCH", PROFILE, {"tags": {"a": "b"}, "properties": {"dnsConfig": {"ttl": 5}}}
    )

    assert response.status_code == 200
    body = response.json()
    assert body["tags"] == {"a": "b"}
    assert body["properties"]["dnsConfig"]["ttl"] == 5
    assert len(body["properties"]["endpoints"]) == 2


def test_an_endpoints_life(emulator: Emulator) -> None:
    """PUT is 201 also for an update, PATCH 200, DELETE 200 then 204, GET then 404 (recorded)."""
    emulator.arm("PUT", PROFILE, with_endpoints())
    body = azure_endpoint("ignored", VIRGINIA_IP)

    created = emulator.arm("PUT", VIRGINIA, body)
    assert (created.status_code, created.json()["properties"]["priority"]) == (201, 1)
    assert emulator.arm("PUT", VIRGINIA, body).status_code == 201
    patched = emulator.arm("PATCH", VIRGINIA, {"properties": {"weight": 7}})
    assert (patched.status_code, patched.json()["properties"]["weight"]) == (200, 7)
    disabled = emulator.arm("PATCH", VIRGINIA, {"properties": {"endpointStatus": "disabled"}})
    assert disabled.json()["properties"] | {"weight": 7} == disabled.json()["properties"]
    assert disabled.json()["properties"]["endpointMonitorStatus"] == "Disabled"
    gone = emulator.arm("DELETE", VIRGINIA)
    assert (gone.status_code, gone.content, gone.headers["content-length"]) == (200, b"", "0")
    assert emulator.arm("DELETE", VIRGINIA).status_code == 204
    missing = emulator.arm("GET", VIRGINIA)
    assert missing.status_code == 404
    assert missing.json()["error"] == {
        "code": "NotFound",
        "message": "The endpoint 'virginia' of type 'azureendpoints' does not exist "
        "in the profile 'lab'.",
    }


def test_priorities_left_out_are_the_next_free_ones(emulator: Emulator) -> None:
    """By order of creation; gaps stay, and an update keeps its number."""
    emulator.arm("PUT", PROFILE, with_endpoints())
    base = f"{PROFILE}/externalEndpoints"
    given = {"a": {}, "b": {"priority": 11}, "c": {}, "a again": {}}

    numbers = {}
    for step, properties in given.items():
        name = step.split()[0]
        body = {"properties": {"target": f"{name}.example.org"} | properties}
        answer = emulator.arm("PUT", f"{base}/{name}", body)
        numbers[step] = answer.json()["properties"]["priority"]

    assert numbers == {"a": 1, "b": 11, "c": 2, "a again": 1}


def test_lists_never_carry_monitor_status(emulator: Emulator) -> None:
    """Null in every recorded list, even where GET shows values."""
    emulator.arm("PUT", PROFILE, lab_profile())
    by_group = PROFILE.removesuffix("/lab")
    by_subscription = f"{SUBSCRIPTION}/providers/{PROFILE_TYPE}"

    for path in (by_group, by_subscription):
        (profile,) = emulator.arm("GET", path).json()["value"]
        assert profile["properties"]["monitorConfig"]["profileMonitorStatus"] is None
        statuses = [e["properties"]["endpointMonitorStatus"] for e in _endpoints(profile)]
        assert statuses == [None, None]


def _endpoints(profile: Json) -> list[Json]:
    endpoints: list[Json] = profile["properties"]["endpoints"]
    return endpoints


def test_values_are_normalised(emulator: Emulator) -> None:
    """Protocols in upper case, places by their display names (recorded)."""
    body = with_endpoints(external(endpointLocation="eastus2"))
    body["properties"]["monitorConfig"] |= {"protocol": "https", "port": 443}

    properties = emulator.arm("PUT", PROFILE, body).json()["properties"]

    assert properties["monitorConfig"]["protocol"] == "HTTPS"
    assert properties["endpoints"][0]["properties"]["endpointLocation"] == "East US 2"


def test_what_was_set_is_shown_and_what_was_not_is_absent(emulator: Emulator) -> None:
    """Headers, status ranges, geography, subnets, alwaysServe."""
    given: Json = {
        "customHeaders": [{"name": "host", "value": "contoso.com"}],
        "geoMapping": ["WORLD"],
        "subnets": [{"first": "192.0.2.0", "scope": 24}],
        "alwaysServe": "Enabled",
    }
    body = with_endpoints(external(**given))
    ranges = [{"min": 200, "max": 202}]
    body["properties"]["monitorConfig"] |= {"expectedStatusCodeRanges": ranges}

    properties = emulator.arm("PUT", PROFILE, body).json()["properties"]

    shown = properties["endpoints"][0]["properties"]
    assert {key: shown[key] for key in given} == given
    assert shown["endpointMonitorStatus"] == "Unmonitored"
    assert properties["monitorConfig"]["expectedStatusCodeRanges"] == ranges
    assert "customHeaders" not in properties["monitorConfig"]


# what is wrong -> (changes to the lab's monitorConfig, dnsConfig or properties)
MONITOR_FAULTS = {
    "an interval other than 10 or 30": {"intervalInSeconds": 20},
    "a timeout of more than 10": {"timeoutInSeconds": 11},
    "a timeout of less than 5": {"timeoutInSeconds": 4},
    "a timeout of 10 with interval 10": {"intervalInSeconds": 10, "timeoutInSeconds": 10},
    "ten tolerated failures": {"toleratedNumberOfFailures": 10},
    "fewer than none": {"toleratedNumberOfFailures": -1},
    "a text for a number": {"port": "80"},
    "port 0": {"port": 0},
    "an unknown protocol": {"protocol": "UDP"},
    "no path for HTTP": {"path": None},
    "a path without a slash": {"path": "health"},
    "a path for TCP": {"protocol": "TCP"},
    "status ranges for TCP": {
        "protocol": "TCP",
        "path": None,
        "expectedStatusCodeRanges": [{"min": 200, "max": 200}],
    },
    "an empty range": {"expectedStatusCodeRanges": [{"min": 300, "max": 200}]},
    "nine ranges": {"expectedStatusCodeRanges": [{"min": 200, "max": 201}] * 9},
    "nine headers": {"customHeaders": [{"name": "a", "value": "b"}] * 9},
    "a header that smuggles another": {"customHeaders": [{"name": "a", "value": "b\r\nc: d"}]},
}


@pytest.fixture(scope="module")
def shared() -> Any:  # noqa: ANN401 - a generator fixture
    """One emulator for all refusals: nothing that is refused changes it."""
    with running() as started:
        yield started


@pytest.mark.parametrize("fault", MONITOR_FAULTS.values(), ids=MONITOR_FAULTS)
def test_monitor_limits(shared: Emulator, fault: Json) -> None:
    """facts/traffic-manager.md 1.3: enforced by the service, not by the SDKs."""
    assert _code(shared, lab_profile(**fault)) == (400, "BadRequest")


PROFILE_FAULTS = {
    "a negative TTL": {"dnsConfig": {"relativeName": "x", "ttl": -1}},
    "a TTL beyond 31 bits": {"dnsConfig": {"relativeName": "x", "ttl": 2_147_483_648}},
    "no DNS name": {"dnsConfig": {"ttl": 5}},
    "a DNS name with an underscore": {"dnsConfig": {"relativeName": "a_b", "ttl": 5}},
    "a DNS name that ends with a hyphen": {"dnsConfig": {"relativeName": "a-", "ttl": 5}},
    "an unknown routing method": {"trafficRoutingMethod": "Nearest"},
    "an unknown status": {"profileStatus": "Paused"},
    "no monitor settings": {"monitorConfig": None},
    "endpoints that are no list": {"endpoints": {}},
    "eleven answers": {"maxReturn": 11},
    "the same endpoint twice": {"endpoints": [external("a"), external("a", target="b.org")]},
    "the same target twice": {
        "endpoints": [external("a"), external("b", target="WWW.example.org")]
    },
    "the same priority twice": {
        "endpoints": [external("a", priority=1), external("b", target="b.org", priority=1)]
    },
    "a priority for some only": {
        "endpoints": [external("a", priority=1), external("b", target="b.org")]
    },
    "priority 1001": {"endpoints": [external("a", priority=1_001)]},
    "weight 0": {"endpoints": [external("a", weight=0)]},
    "an endpoint without a name": {"endpoints": [external("")]},
    "a name of 261 characters": {"endpoints": [external("x" * 261)]},
    "an unknown type": {"endpoints": [external("a") | {"type": "externalEndpoints"}]},
    "no properties": {"endpoints": [{"name": "a", "type": f"{PROFILE_TYPE}/externalEndpoints"}]},
    "no target": {"endpoints": [external("a", target=None)]},
    "a target that is no host": {"endpoints": [external("a", target="https://example.org")]},
    "names and addresses together": {
        "endpoints": [external("a"), external("b", target="192.0.2.7")]
    },
    "an unknown place": {"endpoints": [external("a", endpointLocation="atlantis")]},
    "the place global": {"endpoints": [external("a", endpointLocation="global")]},
    "no place under Performance": {
        "trafficRoutingMethod": "Performance",
        "endpoints": [external("a")],
    },
    "an unknown public IP": {"endpoints": [azure_endpoint("a", VIRGINIA_IP + "x")]},
    "no resource id": {"endpoints": [azure_endpoint("a", "virginia-ip")]},
    "201 endpoints": {"endpoints": [external(f"e{i}", target=f"e{i}.org") for i in range(201)]},
}


@pytest.mark.parametrize("fault", PROFILE_FAULTS.values(), ids=PROFILE_FAULTS)
def test_profile_limits(shared: Emulator, fault: Json) -> None:
    """Each is 400 BadRequest in ARM's envelope."""
    body = lab_profile()
    body["properties"] |= fault

    assert _code(shared, body) == (400, "BadRequest")
    assert shared.arm("GET", PROFILE).status_code == 404


def _code(emulator: Emulator, body: Json) -> tuple[int, str]:
    response = emulator.arm("PUT", PROFILE, body)
    return response.status_code, response.json()["error"]["code"]


def test_all_faults_come_in_one_message(shared: Emulator) -> None:
    """As the service concatenates them (azure-sdk-for-python#1562)."""
    body = with_endpoints({"name": "", "properties": {"target": "a.org"}})
    body["properties"]["monitorConfig"]["port"] = 0

    message = shared.arm("PUT", PROFILE, body).json()["error"]["message"]

    assert "'port' must be" in message
    assert "Endpoint name '' is invalid." in message
    assert "The type '<null>' specified for endpoint '<null>' is invalid." in message


@pytest.mark.parametrize("name", ["-a", "a" * 64, "a_b"])
def test_profile_names(shared: Emulator, name: str) -> None:
    """1 to 63 letters, digits, hyphens and periods, alphanumeric at both ends."""
    response = shared.arm("PUT", PROFILE.removesuffix("lab") + name, lab_profile())

    assert response.status_code == 400


def test_a_region_is_no_place_for_a_profile(shared: Emulator) -> None:
    """Profiles are global."""
    response = shared.arm("PUT", PROFILE, lab_profile() | {"location": "eastus"})

    assert response.json()["error"]["code"] == "LocationNotAvailableForResourceType"


def test_a_public_ip_without_a_label_can_be_no_endpoint() -> None:
    """It has no name to answer."""
    topology = lab_topology().model_copy(deep=True)
    nameless = [
        ip.model_copy(update={"domain_name_label": None}) for ip in topology.public_ip_addresses
    ]
    with running(topology=topology.model_copy(update={"public_ip_addresses": nameless})) as bare:
        assert _code(bare, lab_profile()) == (400, "BadRequest")


@pytest.mark.parametrize(
    "endpoint",
    [
        azure_endpoint("a", SUBSCRIPTION + "/resourceGroups/g/providers/Microsoft.Web/sites/s"),
        {"name": "a", "type": f"{PROFILE_TYPE}/nestedEndpoints", "properties": {}},
    ],
    ids=["Web App", "nested"],
)
def test_endpoints_that_are_not_emulated_say_so(shared: Emulator, endpoint: Json) -> None:
    """Refused as a whole: half a profile would be something plausible."""
    assert _code(shared, with_endpoints(endpoint)) == (501, "NotEmulated")


def test_the_dns_name_is_immutable_and_belongs_to_one_profile(emulator: Emulator) -> None:
    """A change is 400; somebody else's name is 409."""
    emulator.arm("PUT", PROFILE, lab_profile())
    renamed = lab_profile()
    renamed["properties"]["dnsConfig"]["relativeName"] = "other"

    assert _code(emulator, renamed) == (400, "BadRequest")
    taken = emulator.arm("PUT", PROFILE + "2", lab_profile())
    assert taken.status_code == 409
    assert taken.json()["error"]["message"].startswith(f"Domain name {FQDN} already exists.")


def test_a_target_can_be_in_a_profile_only_once(emulator: Emulator) -> None:
    """The words are the service's own."""
    emulator.arm("PUT", PROFILE, lab_profile())

    response = emulator.arm("PUT", VIRGINIA + "2", azure_endpoint("x", VIRGINIA_IP))

    assert response.status_code == 400
    assert response.json()["error"]["message"] == (
        "Endpoint target must be unique in the profile. "
        f"The following endpoint target already exists: {VIRGINIA_IP}."
    )


def test_an_encoded_type_in_the_path_of_a_patch_is_refused(emulator: Emulator) -> None:
    """As azure-powershell#3474 found."""
    encoded = "Microsoft.Network%2FtrafficManagerProfiles%2FazureEndpoints"

    assert emulator.arm("PATCH", f"{PROFILE}/{encoded}/virginia", {}).status_code == 400


def test_endpoint_names_may_hold_signs_that_paths_encode(emulator: Emulator) -> None:
    """Kubernetes users put # into them."""
    emulator.arm("PUT", PROFILE, with_endpoints())

    response = emulator.arm("PUT", f"{PROFILE}/externalEndpoints/a%23b", external())

    assert response.json()["name"] == "a#b"
    assert emulator.arm("GET", f"{PROFILE}/externalEndpoints/a%23b").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/providers/Microsoft.Network/checkTrafficManagerNameAvailability",
        f"{SUBSCRIPTION}/providers/Microsoft.Network/checkTrafficManagerNameAvailabilityV2",
    ],
)
def test_name_checks(emulator: Emulator, path: str) -> None:
    """Always 200; reason and message are null when the name is free (recorded)."""
    asked = {"name": "switchback-lab", "type": PROFILE_TYPE}

    free = emulator.arm("POST", path, asked)
    emulator.arm("PUT", PROFILE, lab_profile())
    taken = emulator.arm("POST", path, asked)
    invalid = emulator.arm("POST", path, asked | {"name": "a_b"})

    assert free.json() == asked | {"nameAvailable": True, "reason": None, "message": None}
    assert taken.json() == asked | {
        "nameAvailable": False,
        "reason": "AlreadyExists",
        "message": f"Domain name {FQDN} already exists. Please choose a different DNS prefix.",
    }
    assert invalid.json()["reason"] == "Invalid"
