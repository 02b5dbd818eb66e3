"""Product and emulator in virtual time: what the report says is what happened."""

from typing import Any

import pytest

from devtools.truth_check import check
from shared.core.model import Ending
from tests.emulator.virtual import monitor
from tests.support.simulation import Simulation

SETTINGS = [(30, 10, 3), (10, 9, 3), (10, 5, 0)]
TTLS = (100, 20, 0)


def ran(settings: tuple[int, int, int], ttl: int, seed: int) -> Simulation:
    """Return a drill that has come to its end."""
    return Simulation(monitor(*settings), ttl, seed, hold_seconds=60).run()


def hold(simulation: Simulation) -> None:
    """Hold a report against the truth: every milestone, each phase within its envelope."""
    assert simulation.drill.ending is Ending.FINISHED
    report: dict[str, Any] = simulation.report()
    findings = check(report, simulation.truth())
    wrong = [finding for finding in findings if not finding.holds]
    assert wrong == []
    assert len(findings) >= 10
    verdicts = {objective["name"]: objective["verdict"] for objective in report["objectives"]}
    assert verdicts == {"failover": "met", "failback": "met"}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("ttl", TTLS)
def test_a_report_holds_the_truth(settings: tuple[int, int, int], ttl: int) -> None:
    """Monitor settings by TTLs."""
    hold(ran(settings, ttl, seed=1))


@pytest.mark.long
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_forty_reports_hold_the_truth(settings: tuple[int, int, int]) -> None:
    """Other phases of probes, caches and samplers each time."""
    for seed in range(40):
        hold(ran(settings, TTLS[seed % len(TTLS)], seed))
