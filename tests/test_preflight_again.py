"""What preflight asks once more, at the moment of injection."""

import pytest

from shared.core.model import Drill
from shared.core.plan import Plan
from tests.support.drills import AMSTERDAM, VIRGINIA_VM, a_drill
from tests.support.lab_azure import (
    DEALLOCATE,
    DISABLE,
    PLAN,
    PROBE,
    RUNNING,
    LabAzure,
    inspected,
    with_first,
)


def a_started(plan: Plan = PLAN) -> Drill:
    """Return a drill that was started in the lab as it is."""
    return a_drill(plan=plan, snapshot=inspected(plan).snapshot)


def test_nothing_has_changed_at_the_moment_of_injection() -> None:
    """The drill may go on, whatever its fault."""
    for plan in (PLAN, DEALLOCATE, DISABLE, PROBE):
        assert LabAzure().preflight().blocked(a_started(plan)) == ""


CHANGED: dict[str, tuple[str, Plan, LabAzure]] = {
    "the profile is gone": ("ProfileNotFound", PLAN, LabAzure(live=None)),
    "consent is withdrawn": (
        "TargetNotOptedIn",
        PLAN,
        LabAzure(machines={VIRGINIA_VM: RUNNING._replace(tags={})}),
    ),
    "somebody stopped the machine": (
        "TargetNotRunning",
        PLAN,
        LabAzure(machines={VIRGINIA_VM: RUNNING._replace(power_state="deallocated")}),
    ),
    "the machine is not shown any more": (
        "PermissionMissing",
        PLAN,
        LabAzure(hidden=(VIRGINIA_VM,)),
    ),
    "the survivor is silent": ("NoSurvivor", DISABLE, LabAzure(silent=(AMSTERDAM,))),
    "somebody disabled the endpoint": (
        "EndpointDisabled",
        DISABLE,
        with_first(endpointStatus="Disabled"),
    ),
    "the list is shorter": ("TargetNotAllowed", PROBE, LabAzure(groups=("elsewhere",))),
}


@pytest.mark.parametrize(("code", "plan", "azure"), CHANGED.values(), ids=CHANGED.keys())
def test_the_injection_is_blocked(code: str, plan: Plan, azure: LabAzure) -> None:
    """What was true minutes ago is asked again."""
    assert azure.preflight().blocked(a_started(plan)) == code


def test_an_endpoint_that_was_deleted_meanwhile_blocks() -> None:
    """And does not break the tick."""
    azure = LabAzure()
    assert azure.live is not None
    del azure.live["properties"]["endpoints"][0]

    assert azure.preflight().blocked(a_started()) == "EndpointNotFound"
