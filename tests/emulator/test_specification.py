"""Every Traffic Manager answer against the specification 2026-09-01: members, types, statuses.

The specification lies beside the repository, in `../shared/swagger`. It is read strictly: a member
that it does not name is a fault, and null is one too, but where the service is known to send it.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft4Validator

from tests.emulator.recordings import RECORDINGS, load, send, topology_of
from tests.emulator.running import (
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
    running,
    with_endpoints,
)
from tests.emulator.test_recordings import IN_TIME, WHOLE, body_of, settle

SWAGGER = Path(__file__).resolve().parents[2].parent / "shared" / "swagger"
FILE = SWAGGER / "trafficmanager-2026-09-01.bundled.json"

pytestmark = pytest.mark.skipif(
    not FILE.is_file() or not RECORDINGS.is_dir(),
    reason="../shared/swagger is not beside this checkout",
)

# Explicit nulls of the real service (recorded, where the specification knows of none).
NULLS = {
    "endpointMonitorStatus",
    "profileMonitorStatus",
    "endpointLocation",
    "maxReturn",
    "minChildEndpoints",
    "minChildEndpointsIPv4",
    "minChildEndpointsIPv6",
    "targetResourceId",
    "reason",
    "message",
}


class Specification:
    """The specification, as a judge of answers."""

    def __init__(self, described: Json) -> None:
        self._described = described
        self._schemas = {
            name: self._strict(name)
            for name in described["definitions"]
            if name != "CloudErrorBody"
        }
        self._schemas["CloudErrorBody"] = described["definitions"]["CloudErrorBody"]

    def faults(self, method: str, path: str, response: httpx2.Response) -> list[str]:
        """Return what is wrong with an answer to a request to this path."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is no operation"]
        declared = operation["responses"].get(str(response.status_code))
        if declared is None and response.status_code < 400:
            return [f"{method} {path}: status {response.status_code} is not declared"]
        schema = (declared or operation["responses"]["default"]).get("schema")
        if schema is None:
            return [] if not response.content else [f"{method} {path}: a body is not declared"]
        if not response.content and method == "DELETE":
            return []  # recorded: 200 with no body, though the specification declares one
        whole = {**schema, "definitions": self._schemas}
        found = Draft4Validator(whole).iter_errors(response.json())
        return [f"{method} {path} {list(error.absolute_path)}: {error.message}" for error in found]

    def _operation(self, method: str, path: str) -> Json | None:
        for template, operations in self._described["paths"].items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if re.fullmatch(pattern, path, re.IGNORECASE) and method.lower() in operations:
                found: Json = operations[method.lower()]
                return found
        return None

    def _strict(self, name: str) -> Json:
        """Return a definition with what it inherits, closed to other members."""
        members: Json = {}
        waiting = [self._described["definitions"][name]]
        while waiting:
            one = waiting.pop()
            members |= one.get("properties", {})
            waiting += [self._described["definitions"][_name(a)] for a in one.get("allOf", ())]
        definition: Json = self._described["definitions"][name]
        if not members:
            return definition
        return {
            "type": "object",
            **({"required": definition["required"]} if "required" in definition else {}),
            "properties": {key: _nullable(key, schema) for key, schema in members.items()},
            "additionalProperties": False,
        }


def _name(reference: Json) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _nullable(key: str, schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]} if key in NULLS else schema


@pytest.fixture(scope="module")
def specification() -> Specification:
    """The bundled specification."""
    return Specification(json.loads(FILE.read_text()))


class Judged:
    """An emulator whose Traffic Manager answers are all put before the judge."""

    def __init__(self, emulator: Emulator, specification: Specification) -> None:
        self.faults: list[str] = []
        self.statuses: set[tuple[str, int]] = set()
        emulator.http.event_hooks["response"] = [self._judge]
        self._specification = specification

    def _judge(self, response: httpx2.Response) -> None:
        path = response.request.url.path
        if "trafficmanager" in path.lower():
            response.read()
            method = response.request.method
            self.statuses.add((method, response.status_code))
            self.faults += self._specification.faults(method, path, response)


@pytest.mark.parametrize("name", WHOLE)
def test_replayed_recordings(specification: Specification, name: str) -> None:
    """What the recorded requests are answered."""
    exchanges = load(name)
    order = IN_TIME.get(name, range(1, len(exchanges) + 1))
    with running(topology=topology_of(exchanges)) as emulator:
        judged = Judged(emulator, specification)
        for exchange in (exchanges[number - 1] for number in order):
            settle(emulator, send(emulator, exchange, body=body_of(exchange)).headers)

    assert judged.faults == []
    assert judged.statuses


def tour(emulator: Emulator) -> None:
    """Ask for every operation, in every state of health, with every member set."""
    whole: Any = {
        "customHeaders": [{"name": "host", "value": "a.example.org"}],
        "geoMapping": ["GEO-EU"],
        "subnets": [{"first": "192.0.2.0", "scope": 24}, {"first": "::1", "last": "::2"}],
        "alwaysServe": "Enabled",
        "endpointLocation": "westeurope",
    }
    body = with_endpoints(
        azure_endpoint("virginia", VIRGINIA_IP, endpointStatus="Disabled"),
        external(**whole),
        allowedEndpointRecordTypes=["DomainName"],
        trafficViewEnrollmentStatus="Disabled",
    )
    body["properties"]["monitorConfig"] |= {
        "expectedStatusCodeRanges": [{"min": 200, "max": 299}],
        "customHeaders": [{"name": "a", "value": "b"}],
    }
    body["tags"] = {"a": "b"}
    parent = PROFILE + "-parent"
    child = {"properties": {"targetResourceId": PROFILE}}
    named = {"name": "switchback-lab", "type": PROFILE_TYPE}
    check = "/providers/Microsoft.Network/checkTrafficManagerNameAvailability"
    listed = f"{SUBSCRIPTION}/providers/Microsoft.Network/trafficmanagerprofiles"
    hierarchy = "/providers/Microsoft.Network/trafficManagerGeographicHierarchies/default"
    key = f"{SUBSCRIPTION}/providers/Microsoft.Network/trafficManagerUserMetricsKeys/default"
    dns = {"relativeName": "switchback-parent", "ttl": 0}
    for method, path, sent in (
        ("PUT", PROFILE, body),
        ("PUT", PROFILE, body),
        ("PATCH", PROFILE, {"properties": {"dnsConfig": {"ttl": 7}}}),
        ("GET", PROFILE, None),
        ("PUT", parent, with_endpoints(dnsConfig=dns, trafficRoutingMethod="Weighted")),
        ("PUT", f"{parent}/nestedEndpoints/child", child),
        ("GET", f"{parent}/nestedEndpoints/child", None),
        ("PATCH", f"{parent}/NestedEndpoints/child", {"properties": {"weight": 3}}),
        ("GET", parent, None),
        ("GET", listed, None),
        ("GET", PROFILE.removesuffix("/lab"), None),
        ("PATCH", PROFILE, {"properties": {"profileStatus": "Disabled"}}),
        ("GET", parent, None),
        ("POST", check, named),
        ("POST", check, named | {"name": "free"}),
        ("POST", f"{SUBSCRIPTION}{check}V2", named),
        ("GET", hierarchy, None),
        ("PUT", PROFILE, {}),
        ("GET", f"{PROFILE}x", None),
        ("GET", f"{PROFILE}/externalEndpoints/nobody", None),
        ("GET", f"{PROFILE}/heatMaps/default", None),
        ("GET", key, None),
        ("DELETE", f"{PROFILE}/externalEndpoints/x", None),
        ("DELETE", f"{PROFILE}/externalEndpoints/x", None),
        ("DELETE", parent, None),
        ("DELETE", parent, None),
    ):
        emulator.arm(method, path, sent)


def test_every_operation(specification: Specification, emulator: Emulator) -> None:
    """Success, and every kind of refusal."""
    judged = Judged(emulator, specification)

    tour(emulator)

    assert judged.faults == []
    assert {status for _, status in judged.statuses} == {200, 201, 204, 400, 404, 501}


def test_a_lab_with_health(specification: Specification, lab: Emulator) -> None:
    """Online, Degraded and the lists without any status."""
    judged = Judged(lab, specification)

    shown = lab.arm("GET", PROFILE).json()["properties"]
    lab.arm("GET", PROFILE.removesuffix("/lab"))

    assert shown["dnsConfig"]["fqdn"] == FQDN
    assert shown["monitorConfig"]["profileMonitorStatus"] == "Online"
    assert judged.faults == []


def test_the_judge_judges(specification: Specification, emulator: Emulator) -> None:
    """A member too many, a wrong type, a null and a status that is not declared are found."""
    emulator.arm("PUT", PROFILE, lab_profile())
    good = emulator.arm("GET", PROFILE).json()

    for status, change in (
        (200, {"surprise": 1}),
        (200, {"name": 1}),
        (200, {"location": None}),
        (202, {}),
        (404, {}),
    ):
        answer = httpx2.Response(status, json=good | change)
        assert specification.faults("GET", PROFILE, answer) != []
    assert specification.faults("GET", PROFILE, httpx2.Response(200, json=good)) == []
