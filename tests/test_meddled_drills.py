"""Drills that others meddle with, in virtual time: the report says what happened all the same."""

from typing import Any

import pytest

from shared.core.model import Ending, Phase
from shared.core.plan import VM_FAULTS, Failback, FaultKind
from tests.support.meddling import (
    CASES,
    Case,
    Meddling,
    enable_the_endpoint,
    held_against_truth,
    lose_answers,
    once,
    release,
    restore_the_headers,
    start_the_machine,
    stop,
)
from tests.support.simulation import BEHIND, Simulation

SETTINGS = (10, 5, 0)
TTL = 20
SEEDS = range(8)
HELD = Failback.HOLD
BEHIND_A_HOLD = [
    Case(fault, HELD) for fault in FaultKind if fault is not FaultKind.ENDPOINT_DISABLE
]


def a_drill(case: Case, seed: int, **plan: object) -> Simulation:
    """Return a drill that is yet to run."""
    return Simulation(SETTINGS, TTL, seed, **{**case.plan, **plan})


def not_reached(report: dict[str, Any], name: str) -> str:
    """Return why a milestone was not reached."""
    return next(str(entry["because"]) for entry in report["notReached"] if entry["name"] == name)


def codes(report: dict[str, Any]) -> set[str]:
    """Return the findings' codes."""
    return {finding["code"] for finding in report["findings"]}


def phases(report: dict[str, Any], of: str) -> list[str]:
    """Return the names of one switch's phase times."""
    return [phase["name"] for phase in report["phases"] if phase["of"] == of]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", [*BEHIND_A_HOLD, Case(FaultKind.ENDPOINT_DISABLE, HELD)], ids=str)
def test_a_person_who_enables_the_endpoint_ends_the_hold(case: Case, seed: int) -> None:
    """Failback counts from there, and nothing of ours is said to have asked for it."""
    simulation = a_drill(case, seed)
    simulation.meddle = once(50 + seed, Phase.FAILBACK, enable_the_endpoint)

    report = held_against_truth(simulation.run())

    because = "the endpoint was enabled before anything of ours asked for it"
    assert not_reached(report, "restoreRequested") == because
    assert "RestoredByOthers" in codes(report)
    assert "after the endpoint was enabled" in report["objectives"][1]["because"]
    assert report["objectives"][1]["verdict"] == "met"
    assert phases(report, "failback") == [
        "reinstatement",
        "dnsReturn",
        "cacheDrain",
        "clientReturn",
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("fault", "undo", "because"),
    [
        (FaultKind.VM_POWER_OFF, start_the_machine, "the machine ran again"),
        (FaultKind.ENDPOINT_DISABLE, enable_the_endpoint, "the endpoint was enabled"),
        (FaultKind.PROBE_PATH, restore_the_headers, "the endpoint's probes succeeded again"),
    ],
)
def test_a_person_who_removes_the_fault_begins_the_failback(
    fault: FaultKind, undo: Meddling, because: str, seed: int
) -> None:
    """Whichever of us acts next: a failback that a person began is not said to be ours."""
    simulation = a_drill(Case(fault), seed)
    simulation.meddle = once(10 + seed, Phase.HOLD, undo)

    report = held_against_truth(simulation.run(), Ending.STOPPED)

    assert simulation.drill.reason == "FaultRemovedByOthers"
    assert not_reached(report, "restoreRequested").startswith(because)
    assert report["objectives"][1]["verdict"] == "met"


@pytest.mark.parametrize("phase", [Phase.FAILOVER, Phase.HOLD])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_drill_that_is_stopped_lies_of_nothing(case: Case, phase: Phase) -> None:
    """Told to stop, it holds nothing back."""
    simulation = a_drill(case, seed=2)
    simulation.meddle = once(8, phase, stop)

    report = held_against_truth(simulation.run(), Ending.STOPPED)

    assert not any(action.kind == "holdback" for action in simulation.recorded.actions.values())
    assert not_reached(report, "clientOnSurvivor") if phase is Phase.FAILOVER else True


@pytest.mark.parametrize("seconds", [1, 8, 25, 40, 70])
@pytest.mark.parametrize("end", [stop, release], ids=["stopped", "released"])
@pytest.mark.parametrize("case", [case for case in CASES if case.failback is HELD], ids=str)
def test_a_hold_may_end_at_any_moment(case: Case, end: Meddling, seconds: float) -> None:
    """Before the endpoint is disabled, while machines boot behind it, long after."""
    simulation = a_drill(case, seed=3)
    simulation.meddle = once(seconds, Phase.FAILBACK, end)

    ending = Ending.STOPPED if end is stop else Ending.FINISHED
    report = held_against_truth(simulation.run(), ending)

    assert report["objectives"][1]["verdict"] == "met"
    assert {phase["comparison"] for phase in report["phases"]} == {"within"}
    assert {total["comparison"] for total in report["envelope"]["comparison"]} == {"within"}


def test_a_hold_that_nobody_ends_ends_by_itself() -> None:
    """At its limit, by our own request."""
    simulation = a_drill(Case(FaultKind.VM_POWER_OFF, HELD), 4, failback_hold_seconds_max=90)

    report = held_against_truth(simulation.run())

    assert report["notReached"] == []
    assert "RestoredByOthers" not in codes(report)


@pytest.mark.parametrize("case", [case for case in CASES if case.failback is HELD], ids=str)
def test_machines_boot_beside_a_held_failback(case: Case) -> None:
    """And not in its path, which begins with the release; nor is their coming back a flap."""
    simulation = a_drill(case, seed=5)
    simulation.meddle = once(60, Phase.FAILBACK, release)

    report = held_against_truth(simulation.run())

    boots = [b for b in report["beside"] if b["name"] == "boot"]
    assert [b["since"] for b in boots] == (["startRequested"] if case.fault in VM_FAULTS else [])
    assert all(b["secondsMin"] < 31.7 < b["secondsMax"] for b in boots)
    assert "boot" not in phases(report, "failback")
    assert report["flaps"] == []


@pytest.mark.parametrize("phase", [Phase.FAILOVER, Phase.FAILBACK])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_lost_answers_make_a_request_wider_and_never_wrong(case: Case, phase: Phase) -> None:
    """The next attempt that is answered bounds it, or the first look that sees its effect."""
    simulation = a_drill(case, seed=6)
    lost = once(0, Phase.STEADY if phase is Phase.FAILOVER else Phase.HOLD, lose_answers(2))
    ended = once(60, Phase.FAILBACK, release)

    def meddle(simulation: Simulation) -> None:
        lost(simulation)
        if case.failback is HELD:
            ended(simulation)

    simulation.meddle = meddle
    report = held_against_truth(simulation.run())

    assert any(action.outcome == "unknown" for action in simulation.recorded.actions.values())
    assert report["objectives"][1]["verdict"] == "met"


def test_all_machines_behind_a_load_balancer_are_stopped() -> None:
    """Each is a vantage of its own; the endpoint fails when the last of them has."""
    simulation = a_drill(Case(FaultKind.VM_POWER_OFF), 7, endpoint="amsterdam").run()

    report = held_against_truth(simulation)

    stopped = [m["vantage"] for m in report["milestones"] if m["name"] == "vmStopped"]
    assert stopped == list(BEHIND["amsterdam"])
    assert [objective["verdict"] for objective in report["objectives"]] == ["met", "met"]


def test_one_machine_of_two_makes_no_failover_and_the_report_says_why() -> None:
    """Whoever reads it learns which machine kept the endpoint serving."""
    stopped = Simulation(SETTINGS, TTL, 0).azure.machine_id("amsterdam-vm1")
    case = Case(FaultKind.VM_POWER_OFF)
    simulation = a_drill(
        case, 8, endpoint="amsterdam", targets=(stopped,), switch_seconds_max=300
    ).run()

    report = held_against_truth(simulation, Ending.TIMED_OUT)

    why = "amsterdam kept serving: amsterdam-vm2 behind it was not stopped"
    failover, failback = report["objectives"]
    assert failover["because"] == f"Inconclusive: there was no failover, for {why}."
    assert failback["because"].endswith(f"nothing to fail back from, for {why}.")
    assert [f["message"] for f in report["findings"] if f["code"] == "MachinesSpared"] == [
        f"{why}."
    ]
    assert report["clientDowntime"][0]["failedSlots"] == 0
