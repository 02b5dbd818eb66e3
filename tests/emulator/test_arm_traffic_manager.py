"""Traffic Manager's provider: defaults, normalising, limits, errors as recorded or documented."""

import pytest

from tests.emulator.running import (
    AMSTERDAM_IP,
    FQDN,
    PROFILE,
    PROFILE_TYPE,
    SUBSCRIPTION,
    VIRGINIA_IP,
    Emulator,
    Json,
    azure_endpoint,
    external,
    lab_profile,
    with_endpoints,
)

VIRGINIA = f"{PROFILE}/azureEndpoints/virginia"


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


def code(emulator: Emulator, body: Json) -> tuple[int, str]:
    """Return status and code of a PUT that is refused."""
    response = emulator.arm("PUT", PROFILE, body)
    return response.status_code, response.json()["error"]["code"]


def test_the_dns_name_is_immutable_and_belongs_to_one_profile(emulator: Emulator) -> None:
    """A change is 400; somebody else's name is 409."""
    emulator.arm("PUT", PROFILE, lab_profile())
    renamed = lab_profile()
    renamed["properties"]["dnsConfig"]["relativeName"] = "other"

    assert code(emulator, renamed) == (400, "BadRequest")
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
