"""A drill on a load balancer: all machines of its pool are stopped, or only those named."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_nothing_is_held
from tests.support.hands import (
    CLIENTS,
    asked,
    assert_holds_the_truth,
    machine_path,
    milestones_of,
    not_reached,
    truth_since,
)
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
DRILL_SECONDS = 2_000.0
TICK_SECONDS = 5.0  # advance_drills' own period
STOPS = {"vmPowerOff": "powerOff", "vmDeallocate": "deallocate"}
POOL = ("amsterdam-vm1", "amsterdam-vm2")


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack whose profile prefers the load balancer."""
    with start_lab(SPEED) as lab:
        body = lab_profile("10/9/0", ttl_seconds=5)
        for endpoint in body["endpoints"]:
            endpoint["priority"] = {"amsterdam": 1, "virginia": 2}[endpoint["name"]]
        lab.provision(body)
        yield lab


def powered(truth: list[Json], verb: str) -> dict[str, Json]:
    """The first request of that kind for each machine."""
    events = [e for e in truth if e["kind"] == "powerOperation" and e["value"] == verb]
    return {event["subject"].rpartition("/")[2]: event for event in reversed(events)}


@pytest.fixture
def slow_power(lab: Lab) -> Iterator[None]:
    """ARM takes longer to accept a power operation than a tick lasts."""
    seconds = 1.6 * TICK_SECONDS
    fault = {"name": "slow", "on": "arm", "effect": "latency", "delaySeconds": seconds}
    picked = {"method": "POST", "path": "/(powerOff|deallocate|start)$"}
    assert lab.stack.arm.put("/emulator/faults", {"faults": [fault | picked]}).ok
    yield
    assert lab.stack.arm.request("DELETE", "/emulator/faults").ok


@pytest.mark.usefixtures("slow_power")
@pytest.mark.parametrize("fault", STOPS)
def test_all_machines_of_the_pool_are_stopped_and_started(lab: Lab, fault: str) -> None:
    """Side by side; the endpoint serves until the last has gone, and once the first is back."""
    drill_id = f"all-{fault}"
    lab.wait_online()
    drill = lab.start_drill(drill_id, QUICK_PLAN | {"fault": fault})
    assert drill["endpoint"] == "amsterdam"
    assert sorted(t.rpartition("/")[2] for t in drill["targets"]) == [*POOL]
    assert drill["spared"] == []

    closed = lab.wait_closed(drill_id, DRILL_SECONDS)

    assert (closed["ending"], closed["reason"]) == ("finished", None)
    assert_nothing_is_held(lab)
    truth, report = truth_since(lab, at(drill["startedAt"])), lab.report(drill_id)
    for verb in (STOPS[fault], "start"):
        requests = powered(truth, verb)
        assert sorted(requests) == [*POOL]
        instants = sorted(at(event["at"]) for event in requests.values())
        assert instants[1] - instants[0] < timedelta(seconds=TICK_SECONDS)
    assert [e["value"] for e in truth if e["kind"] == "serving"] == [False, True]
    assert all(lab.is_running(vm) for vm in POOL)
    assert_holds_the_truth(report, truth, milestones_of(report).keys() - CLIENTS)
    assert not_reached(report) == []
    stopped = [m["vantage"] for m in report["milestones"] if m["name"] == "vmStopped"]
    assert sorted(stopped) == [*POOL]


def test_a_spared_machine_keeps_the_endpoint_serving(lab: Lab) -> None:
    """No failover, so the drill runs out of time; the report says which machine was the reason."""
    plan = {"targets": [machine_path(POOL[0])], "switchSecondsMax": 60, "rtoSeconds": 60}
    lab.wait_online()
    drill = lab.start_drill("spared", QUICK_PLAN | plan)
    assert [t.rpartition("/")[2] for t in drill["spared"]] == [POOL[1]]
    assert [caution["code"] for caution in drill["cautions"]] == ["MachinesSpared"]

    closed = lab.wait_closed("spared", DRILL_SECONDS)

    assert (closed["ending"], closed["reason"]) == ("timed-out", "NoFailoverInTime")
    assert_nothing_is_held(lab)
    truth, report = truth_since(lab, at(drill["startedAt"])), lab.report("spared")
    assert asked(truth)[0] == (POOL[0], "powerOff")
    assert set(asked(truth)[1:]) == {(POOL[0], "start")}
    assert all(lab.is_running(vm) for vm in POOL)
    assert [e for e in truth if e["kind"] in ("serving", "answer", "resolverAnswer")] == []
    findings = [f for f in report["findings"] if f["code"] == "MachinesSpared"]
    assert [POOL[1] in finding["message"] for finding in findings] == [True]
    missing = {m["name"] for m in report["notReached"]}
    assert {"endpointDegraded", "authoritativeSwitched", "clientOnSurvivor"} <= missing
    told = {m["name"] for m in report["milestones"]}
    assert_holds_the_truth(
        report, truth, told & {"faultRequested", "vmStopped", "vmRunning", "restoreRequested"}
    )
    verdicts = {o["name"]: o["verdict"] for o in report["objectives"]}
    assert verdicts["failover"] != "met"
