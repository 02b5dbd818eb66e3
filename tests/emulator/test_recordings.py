"""Real ARM exchanges, replayed against the emulator and compared field by field.

The recordings lie beside the repository, in `../shared/recordings`; without them these tests skip.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.running import Emulator, Json, lab_topology, running

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="../shared/recordings is not beside this checkout"
)

# Members that one side has and the other may lack, each with its reason.
ALLOWED_EXTRA = {
    "targetResourceId": "null on external endpoints since December 2021 (recordings/README)",
    "minChildEndpoints": "null since December 2021",
    "minChildEndpointsIPv4": "null since December 2021",
    "minChildEndpointsIPv6": "null since December 2021",
    "maxReturn": "null since api-version 2018-08-01",
    "endpointLocation": "null where a recording of 2017/18 left it out",
}
ALLOWED_MISSING = {"NestedProfile": "a stray null of old api-versions"}

# Files whose requests are whole and use nothing that is not emulated yet.
REPLAYED = {
    "tm_azurecli_test_network_traffic_manager_2018-04-01.json": 17,
    "tm_powershell_ProfileNewAlreadyExists_2018-08-01.json": 4,
    "tm_powershell_not_found_and_delete_missing.json": 3,
    "tm_net_CanCreateMultivalueRoutingProfileAndSetCustomHeaders.json": 4,
}


def load(name: str) -> list[Json]:
    """Return a file's exchanges."""
    exchanges: list[Json] = json.loads((RECORDINGS / name).read_text())["exchanges"]
    return exchanges


def world_of(exchanges: list[Json]) -> Any:  # noqa: ANN401 - a context manager
    """Return an emulator that holds the resource groups which the exchanges take for granted."""
    text = json.dumps(exchanges)
    groups = {g.lower(): g for g in re.findall(r"resourceGroups/([^/\"]+)", text)}
    topology = lab_topology()
    described = topology.model_dump(by_alias=True)
    described["subscriptionId"] = SUBSCRIPTION_ID
    described["resourceGroups"] += [{"name": g, "location": "eastus"} for g in groups.values()]
    return running(topology=type(topology).model_validate(described))


def differences(ours: object, theirs: object, path: str = "") -> list[str]:
    """Return where two bodies differ beyond what is allowed."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in ours.keys() | theirs.keys():
            if key not in theirs and ours[key] is None and key in ALLOWED_EXTRA:
                continue
            if key not in ours and theirs[key] is None and key in ALLOWED_MISSING:
                continue
            missing = object()
            found += differences(ours.get(key, missing), theirs.get(key, missing), f"{path}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{path}[{i}]")]
    return [] if ours == theirs else [f"{path}: ours {ours!r}, theirs {theirs!r}"]


def replay(emulator: Emulator, exchange: Json) -> list[str]:
    """Send one recorded request and return how the answer differs from the recorded one."""
    request, expected = exchange["request"], exchange["response"]
    body = request["body"]
    if isinstance(body, str):  # "(endpoint body)": the recorder kept no more than that
        body = {"properties": {"target": "www.example.org"}}
    query = dict(pair.split("=") for pair in request["query"].split("&"))
    version = query.pop("api-version")
    response = emulator.arm(request["method"], request["path"], body, version, **query)
    found = [] if response.status_code == expected["status"] else ["status"]
    ours = response.json() if response.content else None
    found += differences(ours, expected["body"])
    for name, value in expected["headers"].items():
        if name not in response.headers:
            found.append(f"header {name} is missing")
        elif not name.startswith("x-ms-ratelimit") and response.headers[name] != value:
            found.append(f"header {name}: {response.headers[name]} for {value}")
    return found


@pytest.mark.parametrize("name", REPLAYED)
def test_traffic_manager(name: str) -> None:
    """Status, headers and every member of the body, in order of the recording."""
    exchanges = load(name)
    assert len(exchanges) == REPLAYED[name]

    with world_of(exchanges) as emulator:
        found = {i: replay(emulator, e) for i, e in enumerate(exchanges, start=1)}

    assert {i: differences for i, differences in found.items() if differences} == {}


def test_the_quoted_error_bodies() -> None:
    """A target twice; the other two quotes need rights and old api-versions."""
    exchange = load("tm_error_bodies_quoted.json")[0]
    words = exchange["response"]["body"]["error"]

    assert words["code"] == "BadRequest"
    assert words["message"].startswith("Endpoint target must be unique in the profile. ")


def shape(body: object) -> object:
    """Return a body's members without their values, lists by their first entry."""
    if isinstance(body, dict):
        return {key: shape(value) for key, value in body.items()}
    return [shape(body[0])] if isinstance(body, list) and body else None


POWER = {
    "vm_java_powerOff_then_deallocate_2020-12-01.json": ("powerOff", 0),
    "vm_java_deallocate_then_start_2020-12-01.json": ("start", 6),
}


@pytest.mark.parametrize("name", POWER)
def test_power_operations_have_the_recorded_shape(quick_lab: Emulator, name: str) -> None:
    """202 with the recorded headers; polls with the recorded members, until Succeeded."""
    verb, first = POWER[name]
    exchanges = load(name)[first:]
    machine = (
        "/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/switchback-lab-eastus"
        "/providers/Microsoft.Compute/virtualMachines/virginia-vm"
    )
    if verb == "start":
        quick_lab.arm("POST", f"{machine}/powerOff")
        quick_lab.wait_for("powerState", "virginia-vm", "stopped")

    accepted = quick_lab.arm("POST", f"{machine}/{verb}", version="2020-12-01")
    polls = [quick_lab.http.get(accepted.headers["azure-asyncoperation"])]
    quick_lab.wait_for("powerState", "virginia-vm", "stopped" if verb == "powerOff" else "running")
    polls.append(quick_lab.http.get(accepted.headers["azure-asyncoperation"]))

    recorded = [e["response"] for e in exchanges if "/operations/" in e["request"]["path"]]
    assert accepted.status_code == exchanges[0]["response"]["status"] == 202
    assert set(exchanges[0]["response"]["headers"]) <= set(accepted.headers)
    for poll, status in zip(polls, ("InProgress", "Succeeded"), strict=True):
        theirs = next(r for r in recorded if r["body"]["status"] == status)
        assert shape(poll.json()) == shape(theirs["body"])
        assert poll.json()["status"] == status
        assert set(theirs["headers"]) <= set(poll.headers)


NETWORK = {
    "publicIPAddresses": "publicIPAddresses/amsterdam-ip",
    "loadBalancers": "loadBalancers/amsterdam-lb",
    "networkInterfaces": "networkInterfaces/amsterdam-nic1",
}
# Members of the recorded bodies that the emulator has nothing to say about.
NOT_SHOWN = {
    "subnet",
    "internalDomainNameSuffix",
    "macAddress",
    "hostedWorkloads",
    "tapConfigurations",
    "enableDestinationServiceEndpoint",
    "allowBackendPortConflict",
}


@pytest.mark.parametrize("kind", NETWORK)
def test_network_resources_have_the_recorded_members(emulator: Emulator, kind: str) -> None:
    """Every member on the way from an address to its machines, and the ETag."""
    exchange = next(
        e for e in load("net_java_pip_to_lb_to_nic_to_vm.json") if kind in e["request"]["path"]
    )
    base = (
        "/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups"
        "/switchback-lab-westeurope/providers/Microsoft.Network/"
    )

    response = emulator.arm("GET", base + NETWORK[kind])

    assert missing_members(response.json(), exchange["response"]["body"]) == []
    assert response.headers["etag"] == response.json()["etag"]
    assert set(exchange["response"]["headers"]) <= set(response.headers)


def missing_members(ours: object, theirs: object, path: str = "") -> list[str]:
    """Return the recorded members that our body lacks."""
    if isinstance(theirs, list):
        if not theirs or not isinstance(ours, list):
            return [] if isinstance(ours, list) else [path]
        return missing_members(ours[0] if ours else None, theirs[0], f"{path}[0]")
    if not isinstance(theirs, dict):
        return []
    if not isinstance(ours, dict):
        return [path]
    wanted = theirs.keys() - NOT_SHOWN
    lacking = [f"{path}.{key}" for key in wanted - ours.keys()]
    deeper = (missing_members(ours[k], theirs[k], f"{path}.{k}") for k in wanted & ours.keys())
    return lacking + [m for found in deeper for m in found]
