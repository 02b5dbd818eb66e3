"""Real Traffic Manager exchanges, replayed as requests and compared field by field.

Requests that a recorder did not keep are made from the answers, where that is sound: an answer to
a PUT holds all that was put.
"""

import re
from dataclasses import replace

import pytest

from tests.emulator.recordings import (
    RECORDINGS,
    Answer,
    Exchange,
    compare,
    load,
    reconstructed,
    send,
    topology_of,
)
from tests.emulator.running import Emulator, Json, running

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="../shared/recordings is not beside this checkout"
)

# What may differ, each with its reason: a pattern over "path: ours, theirs".
ALLOWED = {
    r"\.(targetResourceId|minChildEndpoints|minChildEndpointsIPv[46]): ours null, theirs absent": (
        "null since December 2021; these recordings are older (recordings/README)"
    ),
    r"\.maxReturn: ours null, theirs absent": "null since api-version 2018-08-01",
    r"\.NestedProfile: ours absent, theirs null": "a stray null of old api-versions",
    r"\.sku\.tier: ours \"Regional\", theirs absent": "shown since network's 2020-07-01",
}
# Files of 2017-05-01, before the provider's errors were wrapped and its headers as they are now.
ALLOWED_2017 = {
    r"\.trafficViewEnrollmentStatus: ours \"Disabled\", theirs absent": "new in 2018-04-01",
    r"\.error\.message: ours \"(.*) For more details please go to \S+\", theirs \"\1\"": (
        "the gateway's sentence was shorter in 2017"
    ),
    r"header x-ms-ratelimit-remaining-subscription-(reads|writes): ours absent.*": (
        "endpoint GET and DELETE were counted elsewhere in 2017"
    ),
}
ALLOWED_NAMES = {
    r".*\.name: ours .*, theirs .*": "six regions are spelled otherwise (emulator/geography.py)",
}

# The recorders sorted their exchanges by address; this is the order in time, where it matters.
IN_TIME = {
    "tm_net_CanCreateMultivalueRoutingProfileAndSetCustomHeaders.json": (1, 3, 4, 2),
    "tm_net_CanCreateSubnetRoutingProfile.json": (1, 3, 4, 5, 6, 2),
    "tm_net_CanCreateUpdateProfileWithGeographicEndpoint.json": (1, 3, 4, 2),
    "tm_net_CanCreateUpdateTrafficManagerProfile.json": (
        *(1, 5, 2, 6, 9, 10, 11, 3, 7, 12, 4, 8),
        *(13, 16, 15, 19, 17, 21, 22, 23, 20, 18, 14),
    ),
}
# One front end answered all of these, so that even the remaining numbers of requests are ours.
EXACT_RATES = {
    "tm_java_canCreateTrafficManagerWithSubnetRouting.json",
    "tm_java_testManageSimpleTrafficManager_vm_pip_priority.json",
    "tm_net_CanCreateUpdateTrafficManagerProfile.json",
    "tm_net_CanCreateUpdateProfileWithGeographicEndpoint.json",
}
WHOLE = (
    "tm_azurecli_test_network_traffic_manager_2018-04-01.json",
    "tm_java_canCreateTrafficManagerWithSubnetRouting.json",
    "tm_java_testManageSimpleTrafficManager_vm_pip_priority.json",
    "tm_net_CanCreateMultivalueRoutingProfileAndSetCustomHeaders.json",
    "tm_net_CanCreateSubnetRoutingProfile.json",
    "tm_net_CanCreateUpdateProfileWithGeographicEndpoint.json",
    "tm_net_CanCreateUpdateTrafficManagerProfile.json",
    "tm_powershell_ProfileNewAlreadyExists_2018-08-01.json",
    "tm_powershell_not_found_and_delete_missing.json",
)
OTHERS = {  # replayed by the tests below, one by one
    "tm_error_bodies_quoted.json",
    "tm_net_GeographicHierarchy_default.json",
    "tm_powershell_recordtype_change_LOWTRUST.json",
    "tm_xplat_generated_2017-05-01.json",
}


def beyond(found: list[str], *allowed: dict[str, str]) -> list[str]:
    """Return the differences that nothing allows."""
    patterns = [pattern for reasons in allowed for pattern in reasons]
    return [d for d in found if not any(re.search(f"(?:{p})$", d) for p in patterns)]


def body_of(exchange: Exchange) -> Json | None:
    """Return what was sent, or must have been."""
    if exchange.method not in ("PUT", "POST"):
        return None
    if isinstance(exchange.sent, dict):
        return exchange.sent
    if exchange.method == "POST":
        return {key: exchange.body[key] for key in ("name", "type")}
    if exchange.status == 404:  # "(endpoint body)": the recorder kept no more than that
        return {"properties": {"target": "www.example.org"}}
    return reconstructed(exchange)


def settle(emulator: Emulator, headers: object) -> None:
    """Wait for a public IP address to be written, as every recorded client did."""
    url = dict(headers).get("azure-asyncoperation")  # type: ignore[call-overload]
    while url is not None and emulator.http.get(url).json()["status"] == "InProgress":
        pass


def test_every_recording_is_replayed() -> None:
    """A new recording belongs into one of the tests."""
    there = {file.name for file in RECORDINGS.glob("tm_*.json")}

    assert there == {*WHOLE, *OTHERS}


@pytest.mark.parametrize("name", WHOLE)
def test_traffic_manager(name: str) -> None:
    """Status, headers and every member of every body, in the order of time."""
    exchanges = load(name)
    order = IN_TIME.get(name, range(1, len(exchanges) + 1))
    assert sorted(order) == [e.number for e in exchanges]

    found = {}
    with running(topology=topology_of(exchanges)) as emulator:
        for exchange in (exchanges[number - 1] for number in order):
            ours = send(emulator, exchange, body=body_of(exchange))
            differences = list(compare(ours, exchange, exact_rates=name in EXACT_RATES))
            found[exchange.number] = beyond(differences, ALLOWED)
            settle(emulator, ours.headers)

    assert {number: left for number, left in found.items() if left} == {}


def test_2017() -> None:
    """Exchanges cut from many runs: each finds the state that its answer tells of."""
    found = {}
    for exchange in load("tm_xplat_generated_2017-05-01.json"):
        with running(topology=topology_of([exchange])) as emulator:
            arrange(emulator, exchange)
            ours = send(emulator, exchange, body=body_of(exchange))
            differences = list(compare(unwrapped(ours, exchange), exchange))
        found[exchange.number] = beyond(differences, ALLOWED, ALLOWED_2017)

    assert {number: left for number, left in found.items() if left} == {}


def unwrapped(ours: Answer, theirs: Exchange) -> Answer:
    """Return our answer without `error` around it, where the provider of 2017 had none."""
    if "code" in (theirs.body or {}) and ours.body is not None:
        return replace(ours, body=ours.body["error"])
    return ours


def arrange(emulator: Emulator, exchange: Exchange) -> None:
    """Bring about what the recorded answer takes for granted."""
    profile_path, _, endpoint = exchange.path.partition("/ExternalEndpoints/")
    if endpoint:
        dns = {"relativeName": "xplat", "ttl": 300}
        monitor = {"protocol": "HTTP", "port": 80, "path": "/"}
        profile = {
            "trafficRoutingMethod": "Performance",
            "dnsConfig": dns,
            "monitorConfig": monitor,
        }
        assert put(emulator, profile_path, {"location": "global", "properties": profile}) == 201
    if exchange.method == "POST":
        group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/switchback-lab"
        path = f"{group}/providers/Microsoft.Network/trafficManagerProfiles/other"
        body = {
            "location": "global",
            "properties": {
                "trafficRoutingMethod": "Performance",
                "dnsConfig": {"relativeName": exchange.body["name"], "ttl": 300},
                "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
            },
        }
        assert put(emulator, path, body) == 201
    if exchange.status != 200 or exchange.method == "POST":
        return
    for path, standing in standing_before(exchange, is_endpoint=bool(endpoint)).items():
        assert put(emulator, path, standing) == 201


def standing_before(exchange: Exchange, *, is_endpoint: bool) -> dict[str, Json]:
    """Return what must be there: what is shown, or something that can be deleted."""
    if exchange.body is None:
        external = {"properties": {"target": "a.example.org", "endpointLocation": "eastus"}}
        return {exchange.path: external if is_endpoint else PLAIN_PROFILE}
    shown: list[Json] = exchange.body.get("value", [exchange.body])
    return {one["id"]: {k: v for k, v in one.items() if k != "id"} for one in shown}


PLAIN_PROFILE: Json = {
    "location": "global",
    "properties": {
        "trafficRoutingMethod": "Performance",
        "dnsConfig": {"relativeName": "xplat", "ttl": 300},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
    },
}


def put(emulator: Emulator, path: str, body: Json) -> int:
    """Write a resource; return the status."""
    return emulator.arm("PUT", path, body, "2017-05-01").status_code


def test_the_quoted_error_bodies() -> None:
    """The same target twice, and an endpoint that is missing; rights are not emulated."""
    twice, _rights, missing = load("tm_error_bodies_quoted.json")
    target = twice.body["error"]["message"].rpartition(": ")[2].rstrip(".")
    name = target.rpartition("/")[2]
    address = {
        "name": name,
        "resourceGroup": "rg",
        "location": "eastus",
        "address": "127.1.0.9",
        "domainNameLabel": "quoted",
    }
    with running(topology=topology_of([twice], publicIPAddresses=[address])) as emulator:
        profile, _, _ = twice.path.partition("/azureEndpoints/")
        put(emulator, profile, PLAIN_PROFILE)
        body = {"properties": {"targetResourceId": target}}
        emulator.arm("PUT", profile + "/azureEndpoints/e1", body)
        again = send(emulator, twice, body=body)
        other, _, _ = missing.path.partition("/externalEndpoints/")
        other_profile = PLAIN_PROFILE["properties"] | {
            "dnsConfig": {"relativeName": "quoted", "ttl": 5}
        }
        put(emulator, other, {"location": "global", "properties": other_profile})
        unknown = send(emulator, missing)

    assert beyond(list(compare(again, twice))) == []
    assert beyond(list(compare(unwrapped(unknown, missing), missing))) == []


def test_a_record_type_cannot_be_changed() -> None:
    """The source looks edited by hand, and its 404 is not the gateway's: only the 400 counts."""
    changed, _missing = load("tm_powershell_recordtype_change_LOWTRUST.json")
    typed = PLAIN_PROFILE["properties"] | {"recordType": "CNAME"}
    other = PLAIN_PROFILE["properties"] | {"recordType": "A"}
    with running(topology=topology_of([changed])) as emulator:
        put(emulator, changed.path, {"location": "global", "properties": typed})
        refused = [
            emulator.arm(method, changed.path, {"location": "global", "properties": other})
            for method in changed.method.split("|")
        ]

    for response in refused:
        assert (response.status_code, response.json()) == (changed.status, changed.body)


def test_the_geographic_hierarchy() -> None:
    """All 334 regions in their places; six names are ours."""
    (exchange,) = load("tm_net_GeographicHierarchy_default.json")
    with running() as emulator:
        ours = send(emulator, exchange)

    found = list(compare(ours, exchange))
    assert beyond(found, ALLOWED_NAMES) == []
    assert len(found) == 6
