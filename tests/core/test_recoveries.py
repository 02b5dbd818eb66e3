"""A client's recovery: what shows it, and what shows that there was something to recover from."""

from dataclasses import replace

import pytest

from shared.core.places import NEVER_AWAY
from shared.core.plan import ClientClass, FaultKind
from shared.core.recoveries import LOSSES_MAX
from shared.core.report import Report, build_report
from shared.core.samples import Outcome, Timeline
from tests.support.fault_worlds import DisabledWorld
from tests.support.reports import failback
from tests.support.worlds import World, a_finished_drill, timeline

UNMOVED = {"resolver_switched": 9_000.0, "resolver_back": 9_000.0}
DISABLED = {"fault": FaultKind.ENDPOINT_DISABLE, "objective_client": ClientClass.FRESH}
BEGUN = 30
"""How many of the client's samples, after the fault, are before those that fail."""


def stayed(world: World, failures: int, **plan: object) -> Report:
    """Return the report of a drill whose client was led to the primary all along."""
    recorded = timeline(world)
    (fault, *_) = recorded.actions
    asked = [s for s in recorded.series("client/fresh") if s.asked_at > fault.sent_at]
    failed = set(asked[BEGUN : BEGUN + failures])
    samples = tuple(
        s._replace(outcome=Outcome.TIMEOUT, answer="") if s in failed else s
        for s in recorded.samples
    )
    drill = a_finished_drill(**plan)
    return build_report(drill, Timeline(samples, recorded.actions))


def why_never_back(report: Report) -> list[str]:
    """Return why the client is not said to have come back."""
    return [n.because for n in report.not_reached if n.name == "clientOnPrimary"]


@pytest.mark.parametrize("failures", [0, 1, 2, LOSSES_MAX])
def test_a_client_that_lost_packets_was_not_away(failures: int) -> None:
    """Nothing had stopped serving it, and nobody else served it."""
    report = stayed(replace(DisabledWorld(), **UNMOVED), failures, **DISABLED)

    assert why_never_back(report) == [NEVER_AWAY]
    assert failback(report).verdict == "inconclusive"


def test_a_client_that_was_not_served_for_long_was_away() -> None:
    """So many packets are not lost in a row."""
    report = stayed(replace(DisabledWorld(), **UNMOVED), LOSSES_MAX + 1, **DISABLED)

    assert why_never_back(report) == []
    assert failback(report).verdict == "met"


def test_a_client_of_a_machine_that_was_stopped_was_away() -> None:
    """It is led to the primary all along, and comes back when that serves again."""
    report = stayed(replace(World(), **UNMOVED), 0)

    assert why_never_back(report) == []
