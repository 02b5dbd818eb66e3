"""Which faults are for which endpoints, and what a drill must be allowed to do."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.errors import Fault
from shared.core.facts import Behind
from shared.core.permissions import Grant
from shared.core.plan import Failback, FaultKind
from shared.core.preflight import check
from tests.core.test_preflight import GOOD, PLAN, alone, first, of_endpoint
from tests.support.drills import GROUP, LAB, VIRGINIA_VM


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"type": "externalEndpoints", "target_resource_id": None}, "is an external endpoint"),
        ({"target_resource_id": f"{GROUP}/Microsoft.Web/sites/app"}, "stands for a web app"),
        (
            {"target_resource_id": f"{GROUP}/Microsoft.Web/sites/app/slots/green"},
            "stands for a slot of a web app",
        ),
        (
            {"target_resource_id": f"{GROUP}/Microsoft.ClassicCompute/domainNames/old"},
            "stands for a classic cloud service",
        ),
        (
            {"target_resource_id": f"{GROUP}/Microsoft.Other/things/t"},
            "stands for a resource of type microsoft.other/things",
        ),
    ],
)
@pytest.mark.parametrize("targets", [(), (VIRGINIA_VM,)], ids=["found", "named"])
def test_machines_are_never_taken_on_trust(
    changed: dict[str, Any], told: str, targets: tuple[str, ...]
) -> None:
    """Where ARM does not lead to machines none is stopped, named or not; two faults are left."""
    facts = alone(plan=replace(PLAN, targets=targets), snapshot=first(**changed))
    (fault,) = check(facts)

    assert fault.code == "FaultNotForEndpoint"
    assert told in fault.message
    assert "endpointDisable and probePath" in fault.message


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (FaultKind.ENDPOINT_DISABLE, []),
        (FaultKind.PROBE_PATH, ["FaultNotForEndpoint"]),
        (FaultKind.VM_POWER_OFF, ["FaultNotForEndpoint"]),
        (FaultKind.VM_DEALLOCATE, ["FaultNotForEndpoint"]),
    ],
)
def test_a_nested_profile_can_be_disabled_and_no_more(fault: FaultKind, codes: list[str]) -> None:
    """It has no machines of its own, and nothing probes it."""
    nested = replace(first(type="nestedEndpoints"), targets=())
    facts = of_endpoint(fault, snapshot=nested)

    found = check(facts)

    assert [each.code for each in found] == codes
    assert all("Its fault is endpointDisable" in each.message for each in found)


@pytest.mark.parametrize("fault", [FaultKind.ENDPOINT_DISABLE, FaultKind.PROBE_PATH])
def test_an_external_endpoint_has_two_faults(fault: FaultKind) -> None:
    """Both act on what Traffic Manager itself knows of it."""
    external = replace(first(type="externalEndpoints", target_resource_id=None), targets=())

    assert check(of_endpoint(fault, snapshot=external)) == ()


def test_what_the_walk_found_in_the_way_is_told_with_the_rest() -> None:
    """Also where machines were named: then none of them can be told to be the right ones."""
    refusal = Fault("TargetNotStoppable", "targets", "A gateway.")
    facts = alone(
        plan=replace(PLAN, targets=(VIRGINIA_VM,)),
        behind=Behind(faults=(refusal,)),
        is_profile_enabled=False,
    )

    assert [fault.code for fault in check(facts)] == ["ProfileDisabled", "TargetNotStoppable"]


def test_who_holds_traffic_back_changes_the_endpoint_too() -> None:
    """`failback: hold` disables it: its group must be allowed, and so must the write."""
    held = alone(plan=replace(PLAN, failback=Failback.HOLD))
    reader = {**GOOD.grants, LAB.profile_id: (Grant(("*/read",)),)}

    assert check(replace(held, grants=reader))[0].code == "PermissionMissing"
    assert check(replace(GOOD, grants=reader)) == ()
    assert [f.target for f in check(replace(held, allowed_groups=()))] == ["targets", "profile"]


def test_a_right_that_is_missing_is_told_with_its_scope() -> None:
    """Whoever grants it needs both, and nothing else."""
    (fault,) = check(alone(grants={VIRGINIA_VM: (Grant(("*/read",)),)}))

    lacking, needs = fault.message.split(";")
    assert "virtualMachines/powerOff/action, Microsoft.Compute/virtualMachines/start/" in lacking
    assert "virtualMachines/read" not in lacking
    assert VIRGINIA_VM in lacking
    assert "virtualMachines/read" in needs
