"""Every kind of fault as a whole drill over real sockets, checked against what truly happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from devtools import paths
from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_nothing_is_held
from tests.support.hands import (
    CLIENTS,
    DRILL_HEADER,
    PROBE_PATH,
    Hands,
    asked,
    assert_holds_the_truth,
    failed_requests,
    milestones_of,
    not_reached,
    samples,
    truth_since,
    written,
)
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
DRILL_SECONDS = 2_000.0  # virtual; far beyond what any of these drills should take
ATTEMPTS = 3  # a busy machine can lose a sample of its own making
# Of a fault that is a write of the endpoint; two name servers, one resolver, the judged client.
SETTING_MILESTONES = {
    "faultRequested": 1,
    "faultEffective": 1,
    "endpointDegraded": 1,
    "authoritativeSwitched": 2,
    "resolverSwitched": 1,
    "clientOnSurvivor": 1,
    "restoreRequested": 1,
    "endpointOnline": 1,
    "authoritativeBack": 2,
    "resolverBack": 1,
    "clientOnPrimary": 1,
}
MACHINE_MILESTONES = SETTING_MILESTONES | dict.fromkeys(
    ("vmStopped", "vmRunning", "endpointServing"), 1
)
HOST, OTHER_HOST = ({"name": "Host", "value": f"{name}.example.org"} for name in ("www", "own"))
STATUS_ACTIONS_SECONDS = 2.0  # virtual: what the answers to two writes may take at this speed


@dataclass(frozen=True)
class Told:
    """What a drill left behind."""

    report: Json
    truth: list[Json]
    failed: list[Json]


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack whose profile each test provisions as it needs it."""
    with start_lab(SPEED) as lab:
        yield lab


@pytest.fixture(scope="module")
def dynamic(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack whose first endpoint has a dynamic address."""
    topology = paths.TOPOLOGY.with_name("dynamic.json")
    with start_lab(SPEED, topology=topology) as lab:
        lab.provision(quick_profile())
        yield lab


def quick_profile() -> Json:
    """The lab's profile, probed every 10 s, its answers cached for 5 s."""
    return lab_profile("10/9/0", ttl_seconds=5)


def drilled(lab: Lab, drill_id: str, plan: Json) -> Told:
    """Run a drill to its end, which has to be a good one."""
    lab.wait_online()
    started = at(lab.start_drill(drill_id, QUICK_PLAN | plan)["startedAt"])
    closed = lab.wait_closed(drill_id, DRILL_SECONDS)
    assert (closed["ending"], closed["reason"]) == ("finished", None)
    assert_nothing_is_held(lab)
    truth = truth_since(lab, started)
    return Told(lab.report(drill_id), truth, failed_requests(lab, drill_id))


def drilled_unfelt(lab: Lab, drill_id: str, plan: Json) -> Told:
    """Run a drill that no client may have felt; again, where this machine was too busy."""
    failed = []
    for attempt in range(ATTEMPTS):
        told = drilled(lab, f"{drill_id}-{attempt}", plan)
        assert_told_as_it_was(told, SETTING_MILESTONES)
        if not told.failed:
            downtime = told.report["clientDowntime"]
            assert {(d["secondsMax"], d["failedSlots"]) for d in downtime} == {(0, 0)}
            return told
        failed += told.failed
    raise AssertionError(f"Clients felt each of {ATTEMPTS} drills: {failed}")


def assert_told_as_it_was(told: Told, milestones: dict[str, int]) -> None:
    """Every milestone is there at every vantage, and holds what truly happened."""
    report = told.report
    assert milestones_of(report) == milestones
    assert not_reached(report) == []
    assert_holds_the_truth(report, told.truth, milestones.keys() - CLIENTS)
    assert {o["name"]: o["verdict"] for o in report["objectives"]} == {
        "failover": "met",
        "failback": "met",
    }


def phase(report: Json, name: str) -> Json:
    """A phase time of the failover."""
    found: Json = next(p for p in report["phases"] if (p["of"], p["name"]) == ("failover", name))
    return found


def headers_written(told: Told) -> list[str]:
    """What the truth says of Virginia's own headers, write by write."""
    return [value for name, value in asked(told.truth) if name == "virginia"]


def test_a_switchover_is_felt_by_nobody_and_needs_no_detection(lab: Lab) -> None:
    """The endpoint is disabled and enabled again; its machine is never touched."""
    lab.provision(quick_profile())
    before = Hands.of(lab).endpoint()

    told = drilled_unfelt(lab, "switchover", {"fault": "endpointDisable"})

    detection = phase(told.report, "detection")
    assert detection["secondsMin"] <= 0 <= detection["secondsMax"]
    # What ARM's status is sampled at, every 2 s, and the write that began it.
    width = detection["secondsMax"] - detection["secondsMin"]
    assert width <= 1.5 * 2 + STATUS_ACTIONS_SECONDS
    assert asked(told.truth)[0] == ("virginia", "Disabled")
    assert set(asked(told.truth)[1:]) == {("virginia", "Enabled")}
    assert Hands.of(lab).endpoint() == before
    assert before["endpointStatus"] == "Enabled"


@pytest.mark.parametrize(
    ("of_profile", "of_endpoint"), [([HOST], []), ([HOST], [OTHER_HOST]), ([], [])], ids=str
)
def test_failing_probes_are_felt_by_nobody_and_leave_no_header(
    lab: Lab, of_profile: list[Json], of_endpoint: list[Json]
) -> None:
    """The probes keep the headers that they had, the drill's beside them; then all is as before."""
    body = quick_profile()
    body["monitorConfig"]["customHeaders"] = of_profile
    body["endpoints"][0]["customHeaders"] = of_endpoint
    lab.provision(body)
    before = Hands.of(lab).endpoint()
    assert before.get("customHeaders", []) == of_endpoint

    kind = f"probes-{len(of_profile)}-{len(of_endpoint)}"
    told = drilled_unfelt(lab, kind, {"fault": "probePath", "probePath": PROBE_PATH})

    assert Hands.of(lab).endpoint() == before
    carried = of_endpoint or of_profile
    assert headers_written(told)[0] == written(*carried, DRILL_HEADER)
    assert set(headers_written(told)[1:]) == {written(*of_endpoint)}
    assert [e for e in told.truth if e["kind"] in ("serving", "powerState")] == []
    assert phase(told.report, "detection")["comparison"] == "within"
    switched = [m for m in told.report["milestones"] if m["name"] == "authoritativeSwitched"]
    assert {m["vantage"] for m in switched} == set(lab.stack.azure["authoritative"])


def test_a_deallocated_machine_runs_again_at_the_same_static_address(lab: Lab) -> None:
    """It takes a minute to be gone, and is started as after any other stop; no caution."""
    lab.provision(quick_profile())
    hands = Hands.of(lab)
    before = hands.address()

    told = drilled(lab, "deallocated", {"fault": "vmDeallocate"})

    assert_told_as_it_was(told, MACHINE_MILESTONES)
    assert told.report["cautions"] == []
    assert asked(told.truth)[0] == ("virginia-vm", "deallocate")
    assert set(asked(told.truth)[1:]) == {("virginia-vm", "start")}
    assert lab.power_states()[-1]["value"] == "running"
    assert hands.address() == before


def test_a_dynamic_address_is_warned_of_lost_and_found_anew(dynamic: Lab) -> None:
    """The machine comes back at another one; what asks by name finds it there."""
    hands = Hands.of(dynamic)
    plan = {"fault": "vmDeallocate"}
    rehearsed = dynamic.must("PUT", "/drills/moved?dryRun=true", QUICK_PLAN | plan)
    assert [caution["code"] for caution in rehearsed["cautions"]] == ["DynamicAddress"]
    before = hands.address()

    told = drilled(dynamic, "moved", plan)

    after = hands.address()
    assert after not in (None, before)
    assert_told_as_it_was(told, MACHINE_MILESTONES)
    assert [caution["code"] for caution in told.report["cautions"]] == ["DynamicAddress"]
    for series in ("client/fresh", "health/virginia"):
        good = [s["answer"] for s in samples(dynamic, "moved", series) if s["outcome"] == "ok"]
        assert (good[0], good[-1]) == (before, after)


def test_a_machine_stopped_for_a_drill_keeps_its_dynamic_address(dynamic: Lab) -> None:
    """Only its host's release gives the address up, so nothing is warned of."""
    hands = Hands.of(dynamic)
    before = hands.address()

    told = drilled(dynamic, "stopped", {"fault": "vmPowerOff"})

    assert told.report["cautions"] == []
    assert_told_as_it_was(told, MACHINE_MILESTONES)
    assert hands.address() == before
