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

Course = list[tuple[str, str, float, str, str, object]]
HEADER = 'customHeaders=[{"name":"x-tenant","value":"blue"},{"name":"X-Drill","value":"fail"}]'
OWN = 'customHeaders=[{"name":"x-tenant","value":"blue"}]'
WRITTEN, SEEN = "endpointWrite", "endpointMonitorStatus"


def of_endpoint(
    broken: str, status: str, undone: str, away: float = 180.1, back: float = 440.0
) -> Course:
    """What happens in a drill whose fault is a write of the endpoint."""
    return [
        ("faultRequested", "drill", 60.5, WRITTEN, "virginia", broken),
        ("faultEffective", "drill", 60.5, WRITTEN, "virginia", broken),
        ("endpointDegraded", "virginia", away, SEEN, "virginia", status),
        ("authoritativeSwitched", SERVERS[0], away, "answer", SERVERS[0], "amsterdam"),
        ("resolverSwitched", RESOLVER, 240.7, "resolverAnswer", RESOLVER, "amsterdam"),
        ("restoreRequested", "drill", 400.5, WRITTEN, "virginia", undone),
        ("endpointOnline", "virginia", 440.0, SEEN, "virginia", "Online"),
        ("authoritativeBack", SERVERS[0], back, "answer", SERVERS[0], "virginia"),
        ("resolverBack", RESOLVER, 530.0, "resolverAnswer", RESOLVER, "virginia"),
    ]


HOLD = {"at": "2026-11-22T09:06:20Z", "kind": WRITTEN, "subject": "virginia", "value": "Disabled"}
HELD: Course = [
    *[row for row in COURSE if row[2] < 300],
    ("vmRunning", "power/virginia-vm", 422.2, "powerState", VM, "running"),
    ("endpointServing", "health/virginia", 432.2, "serving", "virginia", True),
    ("restoreRequested", "drill", 450.5, WRITTEN, "virginia", "Enabled"),
    ("authoritativeBack", SERVERS[0], 450.5, "answer", SERVERS[0], "virginia"),
    ("authoritativeBack", SERVERS[1], 450.5, "answer", SERVERS[1], "virginia"),
    ("endpointOnline", "monitor/virginia", 470.0, SEEN, "virginia", "Online"),
    ("resolverBack", RESOLVER, 530.0, "resolverAnswer", RESOLVER, "virginia"),
]
STARTED = {"at": "2026-11-22T09:06:40Z", "kind": "powerOperation", "subject": VM, "value": "start"}
BEFORE = [
    {"at": at(1), "kind": "powerState", "subject": VM, "value": "running"},
    {"at": at(1), "kind": "serving", "subject": "virginia", "value": True},
    {"at": at(20), "kind": "endpointMonitorStatus", "subject": "virginia", "value": "Online"},
    {"at": at(20), "kind": "answer", "subject": SERVERS[0], "value": "virginia"},
]


def report(course: Course = COURSE, fault: str = "vmPowerOff") -> dict[str, Any]:
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
        for name, vantage, instant, *_ in course
    ]
    client = {"name": "clientOnSurvivor", "vantage": "client/fresh", "after": at(1)}
    return {
        "endpoint": "virginia",
        "fault": fault,
        "startedAt": at(15),
        "milestones": [*milestones, client | {"notAfter": at(1)}],
        "notReached": [],
    }


def truth(course: Course = COURSE, *more: dict[str, str]) -> dict[str, Any]:
    """What happened, with what was so before."""
    events = [
        {"at": at(instant), "kind": kind, "subject": subject, "value": value}
        for _, _, instant, kind, subject, value in course
    ]
    return {"events": [*BEFORE, *events, *more]}


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


OTHERS: dict[str, tuple[Course, str, list[dict[str, str]]]] = {
    "disabled": (
        of_endpoint("Disabled", "Disabled", "Enabled", 60.5, 400.5),
        "endpointDisable",
        [],
    ),
    "header": (of_endpoint(HEADER, "Degraded", OWN), "probePath", []),
    "held": (HELD, "vmDeallocate", [HOLD, STARTED]),
    "header and held": (
        of_endpoint(HEADER, "Degraded", "Enabled", 180.1, 400.5),
        "probePath",
        [HOLD, {**HOLD, "at": at(390), "value": OWN}],
    ),
}


def told_of(course: Course, fault: str) -> dict[str, Any]:
    """A true report of a drill of another kind."""
    header = {"header": "x-drill", "value": "fail"}
    return report(course, fault) | ({"probePath": header} if fault == "probePath" else {})


@pytest.mark.parametrize("kind", OTHERS)
def test_true_report_of_any_fault_holds(kind: str) -> None:
    """Each kind has its own events, and a held failback is asked for by enabling."""
    course, fault, more = OTHERS[kind]

    findings = check(told_of(course, fault), truth(course, *more))

    assert [finding.name for finding in findings if not finding.holds] == []
    assert [finding.name for finding in findings] == [name for name, *_ in course]


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("shift", [-0.6, 0.6], ids=["early", "late"])
def test_shifted_milestone_of_any_fault_is_found(kind: str, shift: float) -> None:
    """Bounds that leave the event outside are a contradiction, whatever the fault was."""
    course, fault, more = OTHERS[kind]
    for index, (name, _, instant, *_) in enumerate(course):
        told = told_of(course, fault)
        told["milestones"][index] |= {
            "after": at(instant - 0.5 + shift),
            "notAfter": at(instant + 0.5 + shift),
        }
        assert failures(told, truth(course, *more)) == [name]


@pytest.mark.parametrize("kind", OTHERS)
def test_writes_before_the_drill_are_no_part_of_it(kind: str) -> None:
    """Whoever wrote what the fault writes, days before."""
    course, fault, more = OTHERS[kind]
    early: list[dict[str, Any]] = [
        {"at": at(5), "kind": kind, "subject": subject, "value": value}
        for _, _, _, kind, subject, value in course
    ]

    assert failures(told_of(course, fault), truth(course, *more, *early)) == []


def test_repeated_writes_are_not_mistaken() -> None:
    """A request that was sent twice is known by its first write, and the undo by what it takes."""
    course, fault, _ = OTHERS["header"]
    again = {"at": at(65), "kind": WRITTEN, "subject": "virginia", "value": HEADER}
    other = {"at": at(70), "kind": WRITTEN, "subject": "amsterdam", "value": "customHeaders=[]"}

    assert failures(told_of(course, fault), truth(course, again, other)) == []


def flapping(told: dict[str, Any], after: float, not_after: float) -> dict[str, Any]:
    """The report, with a name server's switch that did not last."""
    name, vantage = "authoritativeSwitched", SERVERS[0]
    flap = {"name": name, "vantage": vantage, "after": at(after), "notAfter": at(not_after)}
    return told | {"flaps": [flap]}


def test_switch_that_did_not_last_is_passed_over() -> None:
    """If the report tells of it, and it was so."""
    there = {"at": at(150), "kind": "answer", "subject": SERVERS[0], "value": "amsterdam"}
    back = {"at": at(160), "kind": "answer", "subject": SERVERS[0], "value": "virginia"}
    happened = truth(COURSE, there, back)

    assert failures(flapping(report(), 159, 161), happened) == []
    assert failures(report(), happened) == ["authoritativeSwitched"]
    assert failures(flapping(report(), 155, 157), happened) == ["authoritativeSwitched"]
