"""What befalls a simulated drill from outside: operators, people with rights in ARM, ARM itself."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from devtools.truth_check import check
from shared.core.milestones import ROWS
from shared.core.model import Ending, Phase
from shared.core.plan import Failback, FaultKind, ProbePath
from tests.support.sim_azure import OWN_HEADERS
from tests.support.simulation import Settings, Simulation

HEADER = ProbePath(header="X-Failover-Drill", value="fail")
HELD_SECONDS = 45

Meddling = Callable[[Simulation], object]


class Case(NamedTuple):
    """A kind of fault, and how its drill fails back."""

    fault: FaultKind
    failback: Failback = Failback.AUTOMATIC

    @property
    def plan(self) -> Mapping[str, object]:
        """The drill's plan."""
        is_probe = self.fault is FaultKind.PROBE_PATH
        return {
            "fault": self.fault,
            "failback": self.failback,
            "probe_path": HEADER if is_probe else None,
            "hold_seconds": 60,
        }

    def __str__(self) -> str:
        return f"{self.fault}-{self.failback}"


CASES = [Case(fault, failback) for failback in Failback for fault in FaultKind]


def once(seconds: float, phase: Phase, what: Meddling) -> Callable[[Simulation], None]:
    """Return something that is done once the drill has been in a phase for so long."""
    entered: list[int] = []
    done: list[bool] = []

    def meddle(simulation: Simulation) -> None:
        now = simulation.clock.now()
        if simulation.drill.phase is phase and not entered:
            entered.append(now)
        if entered and not done and now - entered[0] >= 1_000 * seconds:
            done.append(True)
            what(simulation)

    return meddle


def release(simulation: Simulation) -> None:
    """Let traffic return, as an operator does."""
    simulation.drills.release("d1")


def stop(simulation: Simulation) -> None:
    """Have the drill roll back, as an operator does."""
    simulation.drills.stop("d1")


def start_the_machine(simulation: Simulation) -> None:
    """Start it as a person does, past the ledger."""
    simulation.arm.start(simulation.azure.machine_id("virginia-vm"))


def enable_the_endpoint(simulation: Simulation) -> None:
    """Enable it as a person does, past the ledger."""
    simulation.arm.patch_endpoint(_virginia(simulation), {"endpointStatus": "Enabled"})


def restore_the_headers(simulation: Simulation) -> None:
    """Take the drill's header away as a person does, past the ledger."""
    simulation.arm.patch_endpoint(_virginia(simulation), {"customHeaders": OWN_HEADERS})


def lose_answers(count: int) -> Meddling:
    """Have the next answers of ARM to writes be lost on their way."""

    def lose(simulation: Simulation) -> None:
        simulation.azure.put_faults(
            [
                {"name": method, "on": "arm", "effect": "answerLost", "method": method}
                | {"count": count}
                for method in ("POST", "PATCH")
            ]
        )

    return lose


def ran(case: Case, settings: Settings, ttl: int, seed: int) -> Simulation:
    """Return a drill that has come to its end; one that is held is released after a while."""
    simulation = Simulation(settings, ttl, seed, **case.plan)
    if case.failback is Failback.HOLD:
        simulation.meddle = once(HELD_SECONDS, Phase.FAILBACK, release)
    return simulation.run()


def held_against_truth(simulation: Simulation, ending: Ending = Ending.FINISHED) -> dict[str, Any]:
    """Return a report that lies nowhere and is silent of no milestone of its kind."""
    report = simulation.told()
    findings = check(report, simulation.truth())
    assert [finding for finding in findings if not finding.holds] == []
    assert simulation.drill.ending is ending
    told = {entry["name"] for entry in (*report["milestones"], *report["notReached"])}
    assert told == {row.name for row in ROWS[simulation.drill.plan.fault]}
    return report


def _virginia(simulation: Simulation) -> str:
    return simulation.azure.endpoint_id("virginia")
