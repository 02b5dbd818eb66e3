"""Cautions: told to whoever starts a drill, and no reason to refuse it."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.cautions import cautions, loses_address, region_name
from shared.core.facts import Behind, Facts
from shared.core.model import TargetMachine
from shared.core.plan import ClientClass, FaultKind, StopConditions
from shared.core.preflight import check
from tests.core.test_preflight import DISABLE, GOOD, PLAN, alone
from tests.support.drills import LAB, VIRGINIA_VM

DYNAMIC = Behind(machines=LAB.targets, loses_address=True)
DEALLOCATE = replace(PLAN, fault=FaultKind.VM_DEALLOCATE)
SPARED = replace(GOOD.snapshot, spared=(TargetMachine(id=VIRGINIA_VM + "2", name="virginia-vm2"),))
OVER_TCP = replace(LAB.vantages, client_url="tcp://switchback-lab.trafficmanager.net:80")
ALONE: dict[str, Facts] = {
    "ControlPlaneInSameRegion": alone(region="East US"),
    "DynamicAddress": alone(plan=DEALLOCATE, behind=DYNAMIC),
    "MachinesSpared": alone(snapshot=SPARED),
    "ClientKeepsItsWay": alone(plan=replace(PLAN, objective_client=ClientClass.PINNED)),
    "ClientLeftOut": alone(snapshot=replace(GOOD.snapshot, vantages=OVER_TCP)),
    "PermissionsUnknown": alone(grants={VIRGINIA_VM: None}),
}


@pytest.mark.parametrize(("code", "facts"), ALONE.items(), ids=ALONE.keys())
def test_each_caution_stands_alone(code: str, facts: Facts) -> None:
    """With its code, a sentence, and no refusal beside it."""
    (caution,) = cautions(facts)

    assert caution.code == code
    assert caution.message.endswith(".")
    assert check(facts) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"region": ""},
        {"region": "East US 2"},
        {"behind": DYNAMIC},
        {"plan": DEALLOCATE},
        {"region": "East US", "machines": {VIRGINIA_VM: None}},
    ],
)
def test_nothing_is_said_without_cause(changed: dict[str, Any]) -> None:
    """Elsewhere, unknown, powered off and not deallocated, static, or not there at all."""
    assert cautions(alone(**changed)) == ()


@pytest.mark.parametrize("text", ["East US", "eastus", "EastUS", "EAST US"])
def test_a_region_has_one_name(text: str) -> None:
    """App Service and ARM spell it differently."""
    assert region_name(text) == "eastus"


def test_no_machine_is_near_where_none_is_stopped() -> None:
    """Disabling an endpoint breaks nothing in any region."""
    assert cautions(replace(DISABLE, region="East US")) == ()


def test_only_a_machines_own_dynamic_address_is_lost() -> None:
    """And only by giving up its host."""
    assert loses_address(ALONE["DynamicAddress"])
    assert not loses_address(alone(behind=DYNAMIC))


def test_what_is_spared_is_named() -> None:
    """So that whoever reads it sees why nothing may happen."""
    (caution,) = cautions(ALONE["MachinesSpared"])

    assert "virginia-vm2" in caution.message


def test_a_right_that_nobody_tells_is_named_with_its_place() -> None:
    """And with what would have it told."""
    (caution,) = cautions(replace(DISABLE, grants={LAB.profile_id: None}))

    assert caution.target == "endpoint"
    assert LAB.profile_id in caution.message
    assert "Microsoft.Authorization/permissions/read" in caution.message


def test_who_is_left_out_is_named() -> None:
    """And what would have it sampled."""
    (caution,) = cautions(ALONE["ClientLeftOut"])

    assert (caution.target, "keepalive is left out" in caution.message) == ("clientUrl", True)
    assert "tcp://switchback-lab.trafficmanager.net:80" in caution.message


def test_a_client_that_is_refused_is_not_called_left_out_too() -> None:
    """One reason is enough."""
    facts = alone(
        plan=replace(PLAN, objective_client=ClientClass.KEEPALIVE),
        snapshot=replace(GOOD.snapshot, vantages=OVER_TCP),
    )

    assert [fault.code for fault in check(facts)] == ["ClientNotForUrl"]
    assert [caution.code for caution in cautions(facts)] == ["ClientKeepsItsWay"]


@pytest.mark.parametrize(
    ("client", "facts", "is_told"),
    [
        (ClientClass.PINNED, GOOD, True),
        (ClientClass.KEEPALIVE, DISABLE, True),
        (ClientClass.KEEPALIVE, GOOD, False),
    ],
)
def test_what_a_budget_means_without_a_bound_is_told(
    client: ClientClass, facts: Facts, is_told: bool
) -> None:
    """Where there is a bound, preflight holds the budget against it."""
    budget = StopConditions(client_outage_seconds_max=600)
    plan = replace(facts.plan, objective_client=client, stop_conditions=budget)

    (caution,) = cautions(replace(facts, plan=plan))

    assert caution.code == "ClientKeepsItsWay"
    assert ("clientOutageSecondsMax (600) is below no bound" in caution.message) is is_told
