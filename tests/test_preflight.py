"""What preflight gathers, and from where; the rules themselves are in core/test_preflight."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.errors import PreflightFailed, ProfileNotFound
from shared.core.plan import ClientClass, Plan
from tests.support.drills import (
    AMSTERDAM,
    GROUP,
    LAB,
    VIRGINIA,
    VIRGINIA_NAME,
    VIRGINIA_VM,
)
from tests.support.lab_azure import (
    DEALLOCATE,
    DISABLE,
    IP,
    LB,
    NETWORK,
    PLAN,
    PROBE,
    RUNNING,
    LabAzure,
    a_public_ip,
    an_endpoint,
    codes,
    inspected,
)

SECOND_VM = f"{GROUP}/Microsoft.Compute/virtualMachines/virginia-vm2"


def warned(plan: Plan = PLAN, azure: LabAzure | None = None) -> list[str]:
    """Return the codes of the cautions of a drill that may start."""
    found = inspected(plan, azure)
    assert found.faults == ()
    return [caution.code for caution in found.cautions]


def a_pair() -> LabAzure:
    """Return the lab with two machines behind Virginia's load balancer."""
    frontend = f"{LB}/frontendIPConfigurations/f"
    members = [
        {"id": f"{NETWORK}/networkInterfaces/{name}/ipConfigurations/c"} for name in ("a", "b")
    ]
    pool = {"id": f"{LB}/backendAddressPools/p", "properties": {"backendIPConfigurations": members}}
    ip = {"properties": {"ipAddress": VIRGINIA, "ipConfiguration": {"id": frontend}}}
    resources: dict[str, Any] = {IP: ip, LB: {"properties": {"backendAddressPools": [pool]}}} | {
        f"{NETWORK}/networkInterfaces/{name}": {"properties": {"virtualMachine": {"id": vm}}}
        for name, vm in (("a", VIRGINIA_VM), ("b", SECOND_VM))
    }
    return LabAzure(resources=resources, machines={VIRGINIA_VM: RUNNING, SECOND_VM: RUNNING})


def test_the_lab_may_be_drilled_as_it_is() -> None:
    """Endpoint, machine and configuration are found, and nothing is in the way."""
    found = inspected()

    assert (found.faults, found.cautions, found.endpoint) == ((), (), "virginia")
    assert [target.id for target in found.snapshot.targets] == [VIRGINIA_VM]
    assert (found.snapshot.profile_id, found.snapshot.ttl_seconds) == (LAB.profile_id, 100)
    virginia, amsterdam = found.snapshot.endpoints
    assert (virginia.address, virginia.host, virginia.type) == (
        VIRGINIA, VIRGINIA_NAME, "azureEndpoints",
    )  # fmt: skip
    assert (amsterdam.address, amsterdam.target_resource_id) == (AMSTERDAM, None)


def test_the_endpoint_that_serves_now_is_the_one() -> None:
    """Unless the plan names another; then that one does not serve."""
    azure = LabAzure(named=f"{LAB.endpoints[1].target}>{AMSTERDAM}")

    assert inspected(DISABLE, azure).endpoint == "amsterdam"
    assert codes(replace(DISABLE, endpoint="Virginia"), azure) == ["EndpointNotServing"]


def test_name_servers_that_do_not_answer_name_nobody() -> None:
    """In doubt, no drill; and the endpoint under test must be said."""
    azure = LabAzure(named="")

    assert codes(replace(PLAN, endpoint="virginia"), azure) == ["EndpointNotServing"]
    with pytest.raises(PreflightFailed):
        inspected(azure=azure)


def test_an_endpoint_that_is_none_is_refused_with_those_that_are() -> None:
    """There is nothing else that could be judged."""
    with pytest.raises(PreflightFailed, match="none of virginia, amsterdam") as refused:
        inspected(replace(PLAN, endpoint="tokyo"))

    assert [fault.code for fault in refused.value.faults] == ["EndpointNotFound"]


def test_a_profile_that_is_not_known_is_refused() -> None:
    """Not registered, or gone from ARM."""
    with pytest.raises(ProfileNotFound):
        inspected(replace(PLAN, profile="nowhere"))
    with pytest.raises(ProfileNotFound):
        inspected(azure=LabAzure(live=None))


def test_all_machines_behind_a_load_balancer_are_to_be_stopped() -> None:
    """Each of them has to agree."""
    azure = a_pair()
    found = inspected(azure=azure)
    azure.machines[SECOND_VM] = RUNNING._replace(tags={})

    assert [target.id for target in found.snapshot.targets] == [VIRGINIA_VM, SECOND_VM]
    assert found.snapshot.spared == ()
    assert codes(azure=azure) == ["TargetNotOptedIn"]


def test_who_is_not_named_is_spared() -> None:
    """A caution says so; ids are ARM's own, whatever case the plan has them in."""
    found = inspected(replace(PLAN, targets=(SECOND_VM.upper(),)), a_pair())

    assert found.faults == ()
    assert [target.id for target in found.snapshot.targets] == [SECOND_VM]
    assert [machine.id for machine in found.snapshot.spared] == [VIRGINIA_VM]
    assert [caution.code for caution in found.cautions] == ["MachinesSpared"]


def test_a_machine_that_stands_elsewhere_is_not_stopped() -> None:
    """However willing it is."""
    azure = LabAzure(machines={VIRGINIA_VM: RUNNING, SECOND_VM: RUNNING})
    found = inspected(replace(PLAN, targets=(SECOND_VM,)), azure)

    assert [fault.code for fault in found.faults] == ["TargetNotBehindEndpoint"]
    assert VIRGINIA_VM in found.faults[0].message


def test_a_machine_named_twice_is_refused_once() -> None:
    """The second of them, and nothing else of it."""
    assert codes(replace(PLAN, targets=(VIRGINIA_VM, VIRGINIA_VM.upper()))) == ["TargetRepeated"]


def test_a_machine_of_another_subscription_is_not_asked_for() -> None:
    """It is not ours; ARM would refuse in other words."""
    foreign, azure = VIRGINIA_VM.replace("/0000/", "/1111/"), LabAzure()

    assert codes(replace(PLAN, targets=(foreign,)), azure) == [
        "TargetNotBehindEndpoint",
        "TargetNotAllowed",
    ]
    assert foreign not in azure.asked


@pytest.mark.parametrize("targets", [(), (VIRGINIA_VM,)], ids=["found", "named"])
def test_what_is_in_the_way_of_the_walk_is_told_with_the_rest(targets: tuple[str, ...]) -> None:
    """A gateway holds the address, and the survivor is silent: both are told."""
    gateway = {"id": f"{NETWORK}/applicationGateways/gw/frontendIPConfigurations/c"}
    ip = {"properties": {"ipAddress": VIRGINIA, "ipConfiguration": gateway}}
    azure = LabAzure(resources={IP: ip}, silent=(AMSTERDAM,))

    assert codes(replace(PLAN, targets=targets), azure) == ["NoSurvivor", "TargetNotStoppable"]


@pytest.mark.parametrize("plan", [DISABLE, PROBE], ids=["disable", "probe"])
def test_faults_of_the_endpoint_look_at_no_machine(plan: Plan) -> None:
    """Its address is read, and what may be done to the profile."""
    azure = LabAzure(machines={})
    found = inspected(plan, azure)

    assert (found.faults, found.snapshot.targets) == ((), ())
    assert azure.asked == [IP, f"permissions of {LAB.profile_id}"]


def test_an_external_endpoint_is_drilled_by_its_two_faults() -> None:
    """Its machines are nobody's here."""
    azure = LabAzure()
    assert azure.live is not None
    azure.live["properties"]["endpoints"][0] = an_endpoint("virginia", VIRGINIA_NAME, 1)

    assert codes(replace(PLAN, targets=(VIRGINIA_VM,)), azure) == ["FaultNotForEndpoint"]
    assert (codes(DISABLE, azure), codes(PROBE, azure)) == ([], [])


# -- addresses -------------------------------------------------------------------------------------


def test_an_address_that_will_change_is_asked_for_by_its_name() -> None:
    """The machine comes back elsewhere: the old address would never be seen to serve again."""
    ip = a_public_ip(publicIPAllocationMethod="Dynamic")
    azure = LabAzure(resources={IP: ip})

    assert warned(DEALLOCATE, azure) == ["DynamicAddress"]
    assert inspected(DEALLOCATE, azure).snapshot.endpoint("virginia").address == VIRGINIA_NAME
    assert inspected(PLAN, azure).snapshot.endpoint("virginia").address == VIRGINIA
    assert inspected(DEALLOCATE).snapshot.endpoint("virginia").address == VIRGINIA


def test_an_address_that_arm_does_not_show_is_found_by_its_name() -> None:
    """In a group that is not ours to read, behind an endpoint that is ours to disable."""
    azure = LabAzure(hidden=(IP,))

    assert inspected(DISABLE, azure).snapshot.endpoint("virginia").address == VIRGINIA
    assert codes(DISABLE, azure) == []
    assert codes(PLAN, azure) == ["PermissionMissing"]


def test_an_address_that_is_gone_cannot_be_asked() -> None:
    """Released, or deleted: it does not serve."""
    azure = LabAzure(resources={IP: {"properties": {}}})

    assert codes(DISABLE, azure) == ["EndpointNotServing"]


# -- rights ----------------------------------------------------------------------------------------


def test_a_right_that_is_missing_is_found_before_anything_is_broken() -> None:
    """Stopping without being able to start again would be the worst of all drills."""
    roles = [{"actions": ["*"], "notActions": ["Microsoft.Compute/virtualMachines/start/action"]}]

    assert codes(azure=LabAzure(roles=roles)) == ["PermissionMissing"]
    assert codes(DISABLE, LabAzure(roles=roles)) == []


@pytest.mark.parametrize("roles", [None, []], ids=["half a list", "no answer"])
def test_rights_that_are_not_told_are_a_caution(roles: list[Any] | None) -> None:
    """Reading them is a right of its own, which not every identity has."""
    assert warned(azure=LabAzure(roles=roles)) == ["PermissionsUnknown"]


def test_a_machine_that_arm_does_not_show_is_a_right_that_is_missing() -> None:
    """In ARM's words; nobody can say whether it agrees."""
    found = inspected(azure=LabAzure(hidden=(VIRGINIA_VM,)))

    assert [fault.code for fault in found.faults] == ["PermissionMissing"]
    assert "not for you" in found.faults[0].message


def test_a_monitor_that_only_connects_leaves_no_connection_to_keep() -> None:
    """Its default URL cannot show what a kept connection does; a plan can name one that can."""
    azure = LabAzure()
    assert azure.live is not None
    azure.live["properties"]["monitorConfig"] |= {"protocol": "TCP", "path": None}
    kept = replace(PLAN, objective_client=ClientClass.KEEPALIVE)

    (refused,) = inspected(kept, azure).faults
    assert (refused.code, refused.target) == ("ClientNotForUrl", "objectiveClient")
    assert "tcp://switchback-lab.trafficmanager.net:80:" in refused.message
    assert warned(azure=azure) == ["ClientLeftOut"]
    assert warned(replace(kept, client_url="http://shop.test/"), azure) == ["ClientKeepsItsWay"]
