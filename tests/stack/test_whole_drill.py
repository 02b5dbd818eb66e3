"""The lab's whole drill: provisioned, broken, watched, restored, and reported as it truly was."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from devtools import truth_check
from tests.stack.conftest import StartLab
from tests.support.lab import PROFILE, QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

DRILL_SECONDS = 3_000.0  # virtual; far beyond what any of these drills should take
ARM_SERIES = ("endpointDegraded", "vmStopped", "vmRunning", "endpointOnline")
ACTIONS = ("faultRequested", "restoreRequested")
# Of the fault kind vmPowerOff, with two name servers, one resolver and one class of clients.
MILESTONES = {
    "faultRequested": 1,
    "faultEffective": 1,
    "vmStopped": 1,
    "endpointDegraded": 1,
    "authoritativeSwitched": 2,
    "resolverSwitched": 1,
    "clientOnSurvivor": 1,
    "restoreRequested": 1,
    "vmRunning": 1,
    "endpointServing": 1,
    "endpointOnline": 1,
    "authoritativeBack": 2,
    "resolverBack": 1,
    "clientOnPrimary": 1,
}
PHASES = {
    "failover": ["detection", "dnsSwitch", "cacheDrain", "clientRecovery"],
    "failback": ["boot", "reinstatement", "dnsReturn", "cacheDrain", "clientReturn"],
}


@dataclass(frozen=True)
class Case:
    """A drill's settings."""

    speed: float
    monitor: str = "30/10/3"
    ttl_seconds: int = 100
    rto_seconds: int = 300

    def __str__(self) -> str:
        return f"{self.monitor}-ttl{self.ttl_seconds}-speed{self.speed:g}".replace("/", ".")


@dataclass(frozen=True)
class Told:
    """What a drill left behind."""

    report: Json
    truth: list[Json]
    case: Case


def drilled(lab: Lab, case: Case, plan: Json) -> Told:
    """Run a drill to its end."""
    lab.provision(lab_profile(case.monitor, case.ttl_seconds))
    lab.start_drill("whole", plan)
    closed = lab.wait_closed("whole", DRILL_SECONDS)
    assert (closed["ending"], closed["reason"]) == ("finished", None)
    assert lab.is_running()
    return Told(lab.report("whole"), lab.truth(), case)


def assert_told_as_it_was(told: Told) -> None:
    """Everything that a whole drill's report has to be."""
    assert_every_milestone(told)
    assert_holds_the_truth(told)
    assert_narrow(told)
    assert_phases_separate(told.report)
    assert_within_envelope(told.report)
    assert_observed(told.report)
    assert {o["name"]: o["verdict"] for o in told.report["objectives"]} == {
        "failover": "met",
        "failback": "met",
    }


def assert_every_milestone(told: Told) -> None:
    """Every milestone of the fault kind is there, at every vantage, and none is missing."""
    assert Counter(m["name"] for m in told.report["milestones"]) == MILESTONES
    assert told.report["notReached"] == []


def assert_holds_the_truth(told: Told) -> None:
    """Every milestone that has a true instant has it between its bounds."""
    findings = truth_check.check(told.report, {"events": told.truth})
    assert [f for f in findings if not f.holds] == []
    clients = {"clientOnSurvivor", "clientOnPrimary"}
    assert {f.name for f in findings} == MILESTONES.keys() - clients


def assert_narrow(told: Told) -> None:
    """No milestone is wider than its sampling explains."""
    too_wide = {}
    for milestone in told.report["milestones"]:
        width = (at(milestone["notAfter"]) - at(milestone["after"])) / timedelta(seconds=1)
        if milestone["name"] not in ACTIONS and width > width_max(milestone, told.case.speed):
            too_wide[milestone["name"], milestone["vantage"]] = width
    assert too_wide == {}


def width_max(milestone: Json, speed: float) -> float:
    """One and a half intervals, the time-out where one proved it, and 50 ms of this machine."""
    interval = 2 if milestone["name"] in ARM_SERIES else 1
    timeout = 2 if milestone["provedByTimeout"] else 0
    return 1.5 * interval + timeout + 0.05 * speed


def assert_phases_separate(report: Json) -> None:
    """Each phase time is a figure of its own, and the whole time lies within their sum."""
    for objective in report["objectives"]:
        name = objective["name"]
        phases = [p for p in report["phases"] if p["of"] == name]
        assert [p["name"] for p in phases] == PHASES[name]
        assert sum(p["secondsMin"] for p in phases) <= objective["secondsMin"] + 0.001
        assert objective["secondsMax"] <= sum(p["secondsMax"] for p in phases) + 0.001


def assert_within_envelope(report: Json) -> None:
    """Every observed interval meets what the settings promise."""
    outside = [p["name"] for p in report["phases"] if p["comparison"] != "within"]
    assert outside == []
    assert [c["comparison"] for c in report["envelope"]["comparison"]] == ["within", "within"]
    for phase in report["phases"]:
        most = phase["promised"]["secondsMax"]
        assert phase["secondsMax"] >= phase["promised"]["secondsMin"]
        assert most is None or phase["secondsMin"] <= most


def assert_observed(report: Json) -> None:
    """Nearly every slot was attempted, the outage included."""
    assert report["samples"]["attemptedShare"] >= 0.99
    assert report["environment"]["kind"] == "emulated"


def test_a_quick_drill_is_told_as_it_was(start_lab: StartLab) -> None:
    """The whole of it in a few seconds: probes every 10 s, a short TTL, short stretches."""
    case = Case(20, "10/9/0", 5)
    with start_lab(case.speed) as lab:
        assert_told_as_it_was(drilled(lab, case, QUICK_PLAN))


@pytest.mark.long
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(5), marks=pytest.mark.soak),
        Case(20),
        Case(40),
        Case(20, "10/9/3", 20),
        Case(20, "10/5/0", 0),
        Case(20, "30/5/1", 300, 600),
    ],
    ids=str,
)
def test_a_drill_is_told_as_it_was(start_lab: StartLab, case: Case) -> None:
    """The lab's settings at three speeds, and three other settings as fast as is allowed."""
    with start_lab(case.speed) as lab:
        plan = {"profile": PROFILE, "rtoSeconds": case.rto_seconds}
        assert_told_as_it_was(drilled(lab, case, plan))


@pytest.mark.long
def test_a_drill_in_real_time_is_told_as_it_was(start_lab: StartLab) -> None:
    """The same story at speed 1, with the quickest settings that Traffic Manager has."""
    case = Case(1, "10/5/0", 5)
    with start_lab(case.speed) as lab:
        assert_told_as_it_was(drilled(lab, case, QUICK_PLAN))
