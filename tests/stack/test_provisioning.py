"""Provisioning over real sockets: what is already so is not written, what is not in the body goes.

The function host runs without its timers: nothing but these requests writes anything.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.lab import NO_TIMERS, Lab, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack on which the lab's profile has been provisioned."""
    with start_lab(20, settings=NO_TIMERS) as lab:
        answer = lab.call("PUT", "/profiles/lab", lab_profile())
        assert answer.status == 201
        yield lab


def reordered(body: Json) -> Json:
    """The endpoints the other way round; their priorities are theirs."""
    return body | {"endpoints": body["endpoints"][::-1]}


def in_capitals(body: Json) -> Json:
    """Resource ids in another case: to ARM they are the same."""
    changed = deepcopy(body)
    for endpoint in changed["endpoints"]:
        endpoint["targetResourceId"] = endpoint["targetResourceId"].upper()
    return changed


def with_long_types(body: Json) -> Json:
    """Types as ARM spells them."""
    changed = deepcopy(body)
    for endpoint in changed["endpoints"]:
        endpoint["type"] = f"Microsoft.Network/trafficManagerProfiles/{endpoint['type']}"
    return changed


def with_defaults(body: Json) -> Json:
    """What is ARM's default anyway, spelt out or null."""
    endpoints = [{"endpointStatus": "Enabled", "weight": 1, **e} for e in body["endpoints"]]
    return body | {"profileStatus": "Enabled", "maxReturn": None, "endpoints": endpoints}


SPELLINGS: list[Callable[[Json], Json]] = [
    deepcopy,
    reordered,
    in_capitals,
    with_long_types,
    with_defaults,
]


def assert_unchanged(lab: Lab, body: Json) -> None:
    """Putting this body answers 200 and writes nothing."""
    before = lab.writes()
    answer = lab.call("PUT", "/profiles/lab", body)
    assert (answer.status, lab.writes()) == (200, before)


def test_the_profile_is_the_labs(lab: Lab) -> None:
    """TTL 100, 30/10/3, HTTP on port 80 and /, two public IPs with priorities 1 and 2."""
    profile = lab.must("GET", "/profiles/lab")
    monitor = profile["monitorConfig"]
    assert profile["dnsConfig"]["ttl"] == 100
    assert profile["trafficRoutingMethod"] == "Priority"
    assert (monitor["protocol"], monitor["port"], monitor["path"]) == ("HTTP", 80, "/")
    assert monitor["intervalInSeconds"] == 30
    assert monitor["timeoutInSeconds"] == 10
    assert monitor["toleratedNumberOfFailures"] == 3
    told = [
        (
            e["name"],
            e["priority"],
            e["type"].rpartition("/")[2],
            e["targetResourceId"].split("/")[-1],
        )
        for e in profile["endpoints"]
    ]
    assert told == [
        ("virginia", 1, "azureEndpoints", "virginia-ip"),
        ("amsterdam", 2, "azureEndpoints", "amsterdam-ip"),
    ]


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_what_is_so_already_is_not_written(lab: Lab, spelt: Callable[[Json], Json]) -> None:
    """The same state in another spelling sends no write to ARM."""
    assert_unchanged(lab, spelt(lab_profile()))


def test_what_is_so_already_is_not_written_after_a_restart(lab: Lab) -> None:
    """Unchanged is judged by what is live, not by what a process remembers."""
    lab.restart_host()
    for spelt in SPELLINGS:
        assert_unchanged(lab, spelt(lab_profile()))


def test_a_monitor_of_defaults_may_be_left_out(lab: Lab) -> None:
    """Absent means ARM's default, which the lab's monitor is."""
    body = lab_profile()
    body["monitorConfig"] = {"protocol": "HTTP", "port": 80, "path": "/"}
    assert_unchanged(lab, body)


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    """It lists the changes, for a profile that is there and for one that is not."""
    arm, tables = lab.writes(), lab.tables()
    body = lab_profile(ttl_seconds=20)
    told = lab.must("PUT", "/profiles/lab?dryRun=true", body)
    assert [(c["path"], c["live"], c["wanted"]) for c in told["changes"]] == [
        ("dnsConfig.ttl", 100, 20)
    ]
    body["dnsConfig"]["relativeName"] = "switchback-new"
    assert lab.must("PUT", "/profiles/new?dryRun=true", body)["changes"]
    assert (lab.writes(), lab.tables()) == (arm, tables)


def test_an_endpoint_that_is_not_in_the_body_is_deleted(lab: Lab) -> None:
    """The body is the whole desired state; another endpoint of the live profile goes."""
    extra = {"type": "externalEndpoints", "target": "www.example.com", "priority": 3}
    extra["endpointLocation"] = "eastus"
    assert lab.call("PUT", "/profiles/lab/endpoints/extra", extra).status == 201
    names = [e["name"] for e in lab.must("GET", "/profiles/lab")["endpoints"]]
    assert sorted(names) == ["amsterdam", "extra", "virginia"]
    assert lab.call("PUT", "/profiles/lab", lab_profile()).status == 200
    names = [e["name"] for e in lab.must("GET", "/profiles/lab")["endpoints"]]
    assert sorted(names) == ["amsterdam", "virginia"]
    assert_unchanged(lab, lab_profile())


def test_a_change_is_written_once(lab: Lab) -> None:
    """A changed TTL is one write; the same body again is none."""
    before = len(lab.writes())
    assert lab.call("PUT", "/profiles/lab", lab_profile(ttl_seconds=30)).status == 200
    assert len(lab.writes()) == before + 1
    assert_unchanged(lab, lab_profile(ttl_seconds=30))
    assert lab.call("PUT", "/profiles/lab", lab_profile()).status == 200


def test_deleting_is_idempotent(lab: Lab) -> None:
    """A profile is deleted once; deleting what is not there is 204 too and writes nothing."""
    body = lab_profile()
    body["dnsConfig"]["relativeName"] = "switchback-short"
    assert lab.call("PUT", "/profiles/short", body).status == 201
    assert lab.call("DELETE", "/profiles/short").status == 204
    before = lab.writes()
    assert lab.call("DELETE", "/profiles/short").status == 204
    assert lab.writes() == before
    assert lab.call("GET", "/profiles/short").status == 404
