"""Report against truth, on hand-made reports: what lies is found."""

from copy import deepcopy
from typing import Any

import pytest

from devtools.truth_check import check

SERVERS = ("127.1.1.1:53", "127.1.1.2:53")
RESOLVER = "127.1.2.1:53"
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/virginia-vm"


def at(seconds: float) -> str:
    """An instant of the drill, as both files write it."""
    minutes, rest = divmod(seconds, 60)
    return f"2026-11-22T09:{int(minutes):02d}:{rest:09.6f}Z"


# (milestone, vantage, true instant, event's kind, subject, value)
COURSE: list[tuple[str, str, float, str, str, object]] = [
    ("faultRequested", "drill", 60.5, "powerOperation", VM, "powerOff"),
    ("vmStopped", "power/virginia-vm", 72.4, "powerState", VM, "stopped"),
    ("faultEffective", "health/virginia", 72.4, "serving", "virginia", False),
    (
        "endpointDegraded",
        "monitor/virginia",
        180.1,
        "endpointMonitorStatus",
        "virginia",
        "Degraded",
    ),
    ("authoritativeSwitched", SERVERS[0], 180.2, "answer", SERVERS[0], "amsterdam"),
    ("authoritativeSwitched", SERVERS[1], 180.3, "answer", SERVERS[1], "amsterdam"),
    ("resolverSwitched", RESOLVER, 240.7, "resolverAnswer", RESOLVER, "amsterdam"),
    ("restoreRequested", "drill", 400.5, "powerOperation", VM, "start"),
    ("vmRunning", "power/virginia-vm", 422.2, "powerState", VM, "running"),
    ("endpointServing", "health/virginia", 432.2, "serving", "virginia", True),
    ("endpointOnline", "monitor/virginia", 440.0, "endpointMonitorStatus", "virginia", "Online"),
    ("authoritativeBack", SERVERS[0], 440.0, "answer", SERVERS[0], "virginia"),
    ("authoritativeBack", SERVERS[1], 440.1, "answer", SERVERS[1], "virginia"),
    ("resolverBack", RESOLVER, 530.0, "resolverAnswer", RESOLVER, "virginia"),
]
BEFORE = [
    {"at": at(1), "kind": "powerState", "subject": VM, "value": "running"},
    {"at": at(1), "kind": "serving", "subject": "virginia", "value": True},
    {"at": at(20), "kind": "endpointMonitorStatus", "subject": "virginia", "value": "Online"},
    {"at": at(20), "kind": "answer", "subject": SERVERS[0], "value": "virginia"},
]


def report() -> dict[str, Any]:
    """A report that tells the truth, each milestone half a second wide on both sides."""
    milestones = [
        {
            "name": name,
            "of": "failover",
            "vantage": vantage,
            "after": at(instant - 0.5),
            "notAfter": at(instant + 0.5),
            "samples": ["a", "b"],
        }
        for name, vantage, instant, *_ in COURSE
    ]
    client = {"name": "clientOnSurvivor", "vantage": "client/fresh", "after": at(1)}
    return {
        "endpoint": "virginia",
        "fault": "vmPowerOff",
        "milestones": [*milestones, client | {"notAfter": at(1)}],
        "notReached": [],
    }


def truth() -> dict[str, Any]:
    """What happened, with what was so before."""
    events = [
        {"at": at(instant), "kind": kind, "subject": subject, "value": value}
        for _, _, instant, kind, subject, value in COURSE
    ]
    return {"events": [*BEFORE, *events]}


def failures(told: dict[str, Any], happened: dict[str, Any]) -> list[str]:
    """The milestones that are found to lie."""
    return [finding.name for finding in check(told, happened) if not finding.holds]


def test_true_report_holds() -> None:
    """Every milestone that has a truth is held against it, and holds."""
    findings = check(report(), truth())
    assert [finding.name for finding in findings] == [name for name, *_ in COURSE]
    assert all(finding.holds for finding in findings)


@pytest.mark.parametrize("index", range(len(COURSE)), ids=[name for name, *_ in COURSE])
@pytest.mark.parametrize("shift", [-0.6, 0.6], ids=["early", "late"])
def test_shifted_milestone_is_found(index: int, shift: float) -> None:
    """Bounds that leave the event outside, on either side, are a contradiction."""
    told = report()
    instant = COURSE[index][2]
    told["milestones"][index] |= {
        "after": at(instant - 0.5 + shift),
        "notAfter": at(instant + 0.5 + shift),
    }
    assert failures(told, truth()) == [COURSE[index][0]]


def test_bounds_belong_to_the_interval() -> None:
    """An event exactly on a bound lies within."""
    told = report()
    instant = COURSE[3][2]
    told["milestones"][3] |= {"after": at(instant), "notAfter": at(instant)}
    assert failures(told, truth()) == []


def test_event_that_never_happened_is_found() -> None:
    """A milestone without an event is a contradiction."""
    happened = truth()
    happened["events"] = [e for e in happened["events"] if e["value"] != "Degraded"]
    assert failures(report(), happened) == ["endpointDegraded"]


def test_first_event_after_the_request_counts() -> None:
    """What happened before the request, or again later, is not the milestone's event."""
    happened = truth()
    early = {"at": at(30), "kind": "serving", "subject": "virginia", "value": False}
    late = {"at": at(350), "kind": "serving", "subject": "virginia", "value": False}
    happened["events"] += [early, late]
    assert failures(report(), happened) == []


def test_silence_is_found() -> None:
    """A milestone that is neither reached nor said not to be reached is a contradiction."""
    told = report()
    told["milestones"] = [m for m in told["milestones"] if m["name"] != "resolverBack"]
    assert failures(told, truth()) == ["resolverBack"]
    told["notReached"] = [{"name": "resolverBack", "because": "the drill was stopped"}]
    assert failures(told, truth()) == []


def test_servers_are_told_apart() -> None:
    """Each name server's milestone is held against that server's own answers."""
    told, happened = report(), truth()
    for event in happened["events"]:
        if event["subject"] == SERVERS[1] and event["value"] == "amsterdam":
            event["at"] = at(190)
    assert failures(told, happened) == ["authoritativeSwitched"]


@pytest.mark.parametrize("vantage", [f"power/{VM}", "power/virginia-vm", VM.upper(), ""])
def test_machines_are_known_by_id_or_name(vantage: str) -> None:
    """A vantage may give a machine's resource id, in any case, or its name."""
    told = report()
    told["milestones"][1]["vantage"] = vantage
    assert failures(told, truth()) == []


def test_other_machines_are_not_mistaken() -> None:
    """Another machine that stops is not the one under test."""
    happened = deepcopy(truth())
    other = {"at": at(70), "kind": "powerState", "subject": f"{VM}2", "value": "stopped"}
    happened["events"].append(other)
    assert failures(report(), happened) == []
