"""Public IP addresses written over ARM: long-running, with ETags, static and dynamic."""

import dns.rcode
import pytest

from tests.emulator.running import (
    AMSTERDAM_IP,
    EASTUS,
    FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    VIRGINIA_IP,
    VIRGINIA_VM,
    Emulator,
    Json,
    azure_endpoint,
    lab_topology,
    running,
    with_endpoints,
)

NEW = f"{EASTUS}/Microsoft.Network/publicIPAddresses/new"


def address(label: str | None = "fresh", **properties: object) -> Json:
    """Return the body of a public address."""
    given = properties | ({"dnsSettings": {"domainNameLabel": label}} if label else {})
    return {"location": "eastus", "properties": given}


def settled(emulator: Emulator, path: str = NEW) -> Json:
    """Return the address as it is once it is no longer being written."""
    while True:
        body: Json = emulator.arm("GET", path).json()
        if body["properties"]["provisioningState"] != "Updating":
            return body


def test_a_put_is_a_long_running_operation(quick_lab: Emulator) -> None:
    """201 and Updating, then Succeeded under another ETag; 200 when it was there before."""
    created = quick_lab.arm("PUT", NEW, address())

    assert created.status_code == 201
    assert created.json()["properties"]["provisioningState"] == "Updating"
    assert created.json()["sku"]["name"] == "Basic"
    poll = created.headers["azure-asyncoperation"]
    assert quick_lab.http.get(poll).json() == {"status": "InProgress"}
    shown = settled(quick_lab)
    assert quick_lab.http.get(poll).json() == {"status": "Succeeded"}
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["etag"] != created.json()["etag"]
    assert shown["properties"]["resourceGuid"] == created.json()["properties"]["resourceGuid"]
    assert quick_lab.arm("PUT", NEW, address()).status_code == 200


def test_a_dynamic_address_is_none_until_something_holds_it(quick_lab: Emulator) -> None:
    """Yet its name can be an endpoint (recorded)."""
    quick_lab.arm("PUT", NEW, address())
    shown = settled(quick_lab)["properties"]

    assert shown["publicIPAllocationMethod"] == "Dynamic"
    assert "ipAddress" not in shown
    written = quick_lab.arm("PUT", PROFILE, with_endpoints(azure_endpoint("a", NEW)))
    (endpoint,) = written.json()["properties"]["endpoints"]
    assert endpoint["properties"]["target"] == "fresh.eastus.cloudapp.azure.com"


def test_a_static_address_is_there_at_once_and_has_its_name(quick_lab: Emulator) -> None:
    """The name server of the zone knows it, until it is deleted."""
    quick_lab.arm("PUT", NEW, address() | {"sku": {"name": "Standard"}})
    shown = settled(quick_lab)["properties"]
    (server,) = quick_lab.public_ip_zone

    (answer,) = quick_lab.ask(server, "fresh.eastus.cloudapp.azure.com").answer
    assert answer[0].to_text() == shown["ipAddress"]
    gone = quick_lab.arm("DELETE", NEW)
    assert gone.status_code == 202
    while quick_lab.http.get(gone.headers["location"]).status_code == 202:
        pass
    assert quick_lab.arm("GET", NEW).status_code == 404
    assert quick_lab.arm("DELETE", NEW).status_code == 204
    name = quick_lab.ask(server, "fresh.eastus.cloudapp.azure.com")
    assert name.rcode() == dns.rcode.NXDOMAIN


def test_a_dynamic_address_is_released_with_its_machines_host() -> None:
    """Deallocated: no address and no name; started: both are back. powerOff keeps them."""
    described = lab_topology().model_dump(by_alias=True)
    described["publicIPAddresses"][0]["publicIPAllocationMethod"] = "Dynamic"
    timings = dict.fromkeys(("powerOffSeconds", "deallocateSeconds", "startSeconds"), 0.1)
    topology = lab_topology().model_validate(described | {"timings": timings})
    seen = []
    with running(topology=topology) as emulator:
        (server,) = emulator.public_ip_zone
        for verb, state in (("powerOff", "stopped"), ("deallocate", "deallocated"), ("start", "")):
            emulator.arm("POST", f"{VIRGINIA_VM}/{verb}")
            emulator.wait_for("powerState", "virginia-vm", state or "running")
            shown = emulator.arm("GET", VIRGINIA_IP).json()
            named = emulator.ask(server, VIRGINIA_FQDN).rcode() == dns.rcode.NOERROR
            seen.append((shown["properties"].get("ipAddress"), named, shown["etag"]))

    stopped, deallocated, started = seen
    assert stopped[:2] == ("127.1.0.4", True)
    assert deallocated[:2] == (None, False)
    assert started[:2] == ("127.1.0.4", True)
    assert len({tag for _, _, tag in seen}) == 3


def test_a_static_address_survives_deallocation(quick_lab: Emulator) -> None:
    """As documented."""
    quick_lab.arm("POST", f"{VIRGINIA_VM}/deallocate")
    quick_lab.wait_for("powerState", "virginia-vm", "deallocated")

    assert "ipAddress" in quick_lab.arm("GET", VIRGINIA_IP).json()["properties"]


@pytest.mark.parametrize("path", [VIRGINIA_IP, AMSTERDAM_IP])
def test_an_address_that_is_held_cannot_be_deleted(emulator: Emulator, path: str) -> None:
    """By a network interface or a load balancer's frontend."""
    refused = emulator.arm("DELETE", path)

    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "PublicIPAddressCannotBeDeleted"
    assert emulator.arm("GET", path).status_code == 200


def test_tags_are_patched_and_make_another_etag(emulator: Emulator) -> None:
    """At once, and nothing else changes."""
    before = emulator.arm("GET", VIRGINIA_IP).json()

    after = emulator.arm("PATCH", VIRGINIA_IP, {"tags": {"a": "b"}})

    assert after.status_code == 200
    assert after.json()["tags"] == {"a": "b"}
    assert after.json()["etag"] != before["etag"]
    assert after.json()["properties"] == before["properties"]
    assert emulator.arm("PATCH", VIRGINIA_IP, {"tags": {"a": 1}}).status_code == 400


def test_a_write_with_an_older_etag_is_refused(emulator: Emulator) -> None:
    """412; with the right one, or any, it passes."""
    tag = emulator.arm("GET", VIRGINIA_IP).headers["etag"]
    query = {"api-version": "2026-03-01"}
    tags = {"tags": {"a": "b"}}

    statuses = [
        emulator.http.patch(
            VIRGINIA_IP, params=query, json=tags, headers={"If-Match": match}
        ).status_code
        for match in (tag, tag, "*")
    ]

    assert statuses == [200, 412, 200]


FAULTS = {
    "no location": ({"location": None}, (400, "LocationRequired")),
    "nowhere": ({"location": "atlantis"}, (400, "LocationNotAvailableForResourceType")),
    "a bad label": (address("Bad_Label"), (400, "InvalidDomainNameLabel")),
    "a taken label": (address("switchback-virginia"), (400, "DnsRecordInUse")),
    "a bad method": (address(publicIPAllocationMethod="Sometimes"), (400, "BadRequest")),
    "a dynamic Standard address": (
        address(publicIPAllocationMethod="Dynamic") | {"sku": {"name": "Standard"}},
        (400, "BadRequest"),
    ),
    "a bad time-out": (address(idleTimeoutInMinutes=3), (400, "BadRequest")),
    "bad tags": (address() | {"tags": {"a": 1}}, (400, "BadRequest")),
    "IPv6": (address(publicIPAddressVersion="IPv6"), (501, "NotEmulated")),
    "a prefix": (address(publicIPPrefix={"id": "x"}), (501, "NotEmulated")),
    "a hashed label": (
        address(None, dnsSettings={"domainNameLabel": "x", "domainNameLabelScope": "TenantReuse"}),
        (501, "NotEmulated"),
    ),
}


@pytest.mark.parametrize(("body", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_is_refused(emulator: Emulator, body: Json, expected: tuple[int, str]) -> None:
    """Each in its own words, and nothing is created."""
    refused = emulator.arm("PUT", NEW, address() | body)

    assert (refused.status_code, refused.json()["error"]["code"]) == expected
    assert emulator.arm("GET", NEW).status_code == 404


def test_an_address_stays_in_its_region(emulator: Emulator) -> None:
    """409 for another one."""
    moved = emulator.arm(
        "PUT", VIRGINIA_IP, address("switchback-virginia") | {"location": "uksouth"}
    )

    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "InvalidResourceLocation")


def test_there_is_an_end_to_the_addresses(emulator: Emulator) -> None:
    """250 of them."""
    static = address(None, publicIPAllocationMethod="Static")
    codes = [emulator.arm("PUT", f"{NEW}{n}", static).status_code for n in range(251)]

    assert codes == [201] * 250 + [400]
    assert emulator.arm("PUT", PROFILE, with_endpoints()).json()["properties"]["dnsConfig"][
        "fqdn"
    ] == (FQDN)
