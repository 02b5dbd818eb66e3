"""Traffic Manager's documented limits: each is refused in ARM's envelope and changes nothing."""

from collections.abc import Iterator

import pytest

from tests.emulator.running import (
    PROFILE,
    PROFILE_TYPE,
    SUBSCRIPTION,
    VIRGINIA_IP,
    Emulator,
    Json,
    azure_endpoint,
    external,
    lab_profile,
    lab_topology,
    running,
    with_endpoints,
)

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
    "a Host header with a wildcard": {"customHeaders": [{"name": "Host", "value": "*.org"}]},
    "a header that smuggles another": {"customHeaders": [{"name": "a", "value": "b\r\nc: d"}]},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all refusals: nothing that is refused changes it."""
    with running() as started:
        yield started


@pytest.mark.parametrize("fault", MONITOR_FAULTS.values(), ids=MONITOR_FAULTS)
def test_monitor_limits(shared: Emulator, fault: Json) -> None:
    """Documented limits: enforced by the service, not by the SDKs."""
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
    "record types that are no list": {"allowedEndpointRecordTypes": "A"},
    "an unknown allowed record type": {"allowedEndpointRecordTypes": ["Text"]},
    "an unknown record type": {"recordType": "TXT"},
    "a method that is no text": {"trafficRoutingMethod": 1},
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
    "a private address": {"endpoints": [external("a", target="10.1.2.3")]},
    "a private IPv6 address": {"endpoints": [external("a", target="fd00::1")]},
    "a multicast address": {"endpoints": [external("a", target="224.0.0.1")]},
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
    "minimum children without a child": {"endpoints": [external("a", minChildEndpoints=1)]},
    "an unknown region of the earth": {"endpoints": [external("a", geoMapping=["MARS"])]},
    "no region under Geographic": {
        "trafficRoutingMethod": "Geographic",
        "endpoints": [external("a")],
    },
    "one region for two under Geographic": {
        "trafficRoutingMethod": "Geographic",
        "endpoints": [
            external("a", geoMapping=["GEO-EU", "US-CA"]),
            external("b", target="b.org", geoMapping=["us-ca"]),
        ],
    },
    "a subnet without an end": {"endpoints": [external("a", subnets=[{"first": "192.0.2.0"}])]},
    "a subnet that ends before it begins": {
        "endpoints": [external("a", subnets=[{"first": "192.0.2.9", "last": "192.0.2.1"}])]
    },
    "a subnet of two families": {
        "endpoints": [external("a", subnets=[{"first": "192.0.2.9", "last": "::1"}])]
    },
    "subnets that overlap": {
        "endpoints": [
            external("a", subnets=[{"first": "192.0.2.0", "scope": 24}]),
            external("b", target="b.org", subnets=[{"first": "192.0.2.255", "scope": 32}]),
        ]
    },
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


RECORDED_WORDS = {
    "an endpoint without a name": (
        {"name": "", "properties": {}},
        "Endpoint name '' is invalid. Endpoint names cannot be empty or all whitespace, and must "
        "be up to 260 alphanumeric characters long.",
    ),
    "an endpoint without a type": (
        {"name": "a", "properties": {}},
        "The type '<null>' specified for endpoint 'a' is invalid. Valid endpoint types are: "
        f"'{PROFILE_TYPE}/azureEndpoints', '{PROFILE_TYPE}/externalEndpoints', "
        f"'{PROFILE_TYPE}/nestedEndpoints'.",
    ),
    "an endpoint without properties": (
        {"name": "a", "type": f"{PROFILE_TYPE}/externalEndpoints"},
        "Please specify properties for endpoint 'a'",
    ),
}


@pytest.mark.parametrize(("entry", "words"), RECORDED_WORDS.values(), ids=RECORDED_WORDS)
def test_the_services_own_words(shared: Emulator, entry: Json, words: str) -> None:
    """As users quote them."""
    refused = shared.arm("PUT", PROFILE, with_endpoints(entry))

    assert words in refused.json()["error"]["message"]


def test_an_endpoint_twice_in_the_services_own_words(shared: Emulator) -> None:
    """With its name."""
    body = with_endpoints(external("a"), external("a", target="b.org"))

    assert (
        "There are duplicates in the list of endpoints. The following endpoint(s) appear more than "
        "once: a."
    ) in shared.arm("PUT", PROFILE, body).json()["error"]["message"]


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


def test_endpoints_that_are_not_emulated_say_so(shared: Emulator) -> None:
    """Refused as a whole: half a profile would be something plausible."""
    web_app = SUBSCRIPTION + "/resourceGroups/g/providers/Microsoft.Web/sites/s"

    assert _code(shared, with_endpoints(azure_endpoint("a", web_app))) == (501, "NotEmulated")


def test_tags_must_be_texts(shared: Emulator) -> None:
    """ARM's tags are strings."""
    assert _code(shared, lab_profile() | {"tags": {"a": 1}}) == (400, "BadRequest")


def test_a_strictly_typed_profile_keeps_its_type(shared: Emulator) -> None:
    """Set at creation, shown, and never changed; endpoints of other types are refused."""
    typed = with_endpoints(recordType="a", allowedEndpointRecordTypes=["domainname"])

    created = shared.arm("PUT", PROFILE, typed).json()["properties"]
    changed = shared.arm("PATCH", PROFILE, {"properties": {"recordType": "CNAME"}})
    by_name = shared.arm("PUT", f"{PROFILE}/externalEndpoints/x", external())
    by_address = shared.arm("PUT", f"{PROFILE}/externalEndpoints/x", external(target="192.0.2.7"))
    shared.arm("DELETE", PROFILE)

    assert created["recordType"] == "A"
    assert created["allowedEndpointRecordTypes"] == ["DomainName"]
    assert changed.status_code == 400
    assert changed.json()["error"]["message"] == (
        "The RecordType of a Traffic Manager profile cannot be changed after creation."
    )
    assert (by_name.status_code, by_address.status_code) == (400, 201)


def test_a_subscription_holds_200_profiles(shared: Emulator) -> None:
    """The documented limit."""
    bodies = [with_endpoints(dnsConfig={"relativeName": f"p{n}", "ttl": 5}) for n in range(201)]
    *created, refused = [shared.arm("PUT", f"{PROFILE}{n}", b) for n, b in enumerate(bodies)]
    for number in range(200):
        shared.arm("DELETE", f"{PROFILE}{number}")

    assert {response.status_code for response in created} == {201}
    assert refused.status_code == 400
    assert "200 profiles" in refused.json()["error"]["message"]
