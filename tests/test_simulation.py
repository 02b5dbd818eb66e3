"""Product and emulator in virtual time: what the report says is what happened."""

import pytest

from shared.core.plan import VM_FAULTS
from tests.support.meddling import CASES, Case, held_against_truth, ran
from tests.support.simulation import Settings, Simulation

SETTINGS = [(30, 10, 3), (10, 9, 3), (10, 5, 0)]
TTLS = (100, 20, 0)


def hold(simulation: Simulation) -> None:
    """Hold the report of a drill that went as planned: all was reached, all as promised."""
    report = held_against_truth(simulation)
    assert report["notReached"] == []
    assert report["flaps"] == []
    verdicts = {objective["name"]: objective["verdict"] for objective in report["objectives"]}
    assert verdicts == {"failover": "met", "failback": "met"}
    assert {phase["comparison"] for phase in report["phases"]} == {"within"}
    assert {total["comparison"] for total in report["envelope"]["comparison"]} == {"within"}
    assert report["findings"] == []
    if simulation.drill.plan.fault not in VM_FAULTS:
        # Whoever was asked served on: nobody's request failed in the whole drill.
        assert [down["failedSlots"] for down in report["clientDowntime"]] == [0]
        assert report["samples"]["failed"] == 0


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("ttl", TTLS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_report_holds_the_truth(case: Case, settings: Settings, ttl: int) -> None:
    """Kinds of fault and of failback, by monitor settings, by TTLs."""
    hold(ran(case, settings, ttl, seed=1))


@pytest.mark.long
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_forty_reports_hold_the_truth(case: Case, settings: Settings) -> None:
    """Other phases of probes, caches and samplers each time, and other distances to ARM."""
    for seed in range(40):
        hold(ran(case, settings, TTLS[seed % len(TTLS)], seed))
