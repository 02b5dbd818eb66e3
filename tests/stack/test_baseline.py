"""A profile without a drill: sampled each minute, and its own failover recognised and reported."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.hands import Hands, truth_since
from tests.support.lab import QUICK_PLAN, VIRGINIA_VM, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
EVERY_SECONDS = 10
SETTINGS = {"BASELINE_INTERVAL_SECONDS": str(EVERY_SECONDS)}
SEEN_SECONDS = 120.0  # detection at 10/9/0, the TTL, and a few turns
AWAY_SECONDS = 100.0
TRUTHS = {
    "endpointDegraded": ("endpointMonitorStatus", "Degraded"),
    "authoritativeSwitched": ("answer", "amsterdam"),
    "resolverSwitched": ("resolverAnswer", "amsterdam"),
    "endpointOnline": ("endpointMonitorStatus", "Online"),
    "authoritativeBack": ("answer", "virginia"),
    "resolverBack": ("resolverAnswer", "virginia"),
}


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack whose profiles are sampled every ten seconds, drill or no drill."""
    with start_lab(SPEED, settings=SETTINGS) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield lab


def failovers(lab: Lab) -> list[Json]:
    """The unplanned failovers of the last week."""
    found: list[Json] = lab.must("GET", "/profiles/lab/failovers")["value"]
    return found


def samples(lab: Lab, series: str = "") -> list[Json]:
    """The baseline's samples of the last hour."""
    told: list[Json] = lab.must("GET", f"/profiles/lab/samples?series={series}&$top=5000")["value"]
    return told


def wait_for(lab: Lab, count: int, *, is_back: bool) -> Json:
    """Wait until there are so many failovers, the newest of them back or not; return that."""
    for _ in lab.turns(SEEN_SECONDS + AWAY_SECONDS, f"{count} failovers", 0.25):
        found = failovers(lab)
        if len(found) == count and (found[-1]["returned"] is not None) == is_back:
            return found[-1]
    raise AssertionError


def test_a_profile_is_sampled_and_its_failover_recognised(lab: Lab) -> None:
    """Its machine dies, comes back, and the report's bounds hold what happened."""
    for _ in lab.turns(SEEN_SECONDS, "a baseline", 0.25):
        if len(samples(lab, "client/fresh")) > 3:
            break
    names = {sample["series"].split("/")[0] for sample in samples(lab)}
    assert names == {"client", "dns", "health", "monitor"}
    assert failovers(lab) == []

    hands, since = Hands.of(lab), lab.now()
    hands.operate(VIRGINIA_VM, "powerOff", "stopped")
    away = wait_for(lab, 1, is_back=False)
    assert (away["endpoint"], away["survivor"]) == ("virginia", "amsterdam")
    lab.pause(AWAY_SECONDS)
    hands.operate(VIRGINIA_VM, "start", "running")
    wait_for(lab, 1, is_back=True)
    lab.pause(12 * EVERY_SECONDS)

    report = lab.must("GET", f"/profiles/lab/failovers/{away['id']}?rtoSeconds=300")
    told = {milestone["name"]: milestone for milestone in report["milestones"]}
    events = truth_since(lab, since)
    for name, (kind, value) in TRUTHS.items():
        happened = [at(e["at"]) for e in events if (e["kind"], e["value"]) == (kind, value)]
        bounds = at(told[name]["after"]), at(told[name]["notAfter"])
        assert any(bounds[0] <= each <= bounds[1] for each in happened), (name, bounds, happened)
    assert {"faultEffective", "endpointServing", "clientOnSurvivor", "clientOnPrimary"} <= set(told)
    assert not {"faultRequested", "restoreRequested", "vmStopped"} & set(told)
    assert [o["verdict"] for o in report["objectives"]] == ["met", "met"]
    text = lab.call("GET", f"/profiles/lab/failovers/{away['id']}?format=markdown")
    assert text.body.startswith(b"# Unplanned failover ")


def test_a_drill_is_no_unplanned_failover(lab: Lab) -> None:
    """While it runs the baseline rests; what it does is not listed."""
    before = failovers(lab)
    lab.wait_online()
    started = at(lab.start_drill("planned", QUICK_PLAN)["startedAt"])
    closed = at(lab.wait_closed("planned", 3_000.0)["closedAt"])
    lab.pause(6 * EVERY_SECONDS)

    assert failovers(lab) == before
    rest = timedelta(seconds=2 * EVERY_SECONDS)
    asked = [at(sample["askedAt"]) for sample in samples(lab, "client/fresh")]
    assert [each for each in asked if started + rest < each < closed] == []
    assert any(each > closed for each in asked)


def test_a_restarted_host_goes_on(lab: Lab) -> None:
    """Another writer's rows lie beside the ones before, in the same partition."""
    before = len(samples(lab, "client/fresh"))
    lab.restart_host(SETTINGS)
    lab.pause(8 * EVERY_SECONDS)

    assert len(samples(lab, "client/fresh")) > before + 3
    partitions = {partition for table, partition, _ in lab.tables() if table == "timeline"}
    assert any(partition.startswith("lab|") for partition in partitions)
    assert any(partition.startswith("!days|") for partition in partitions)
