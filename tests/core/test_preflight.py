"""Each preflight check fails alone, with its code."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.model import Machine
from shared.core.plan import Plan, StopConditions
from shared.core.preflight import Facts, check, check_again
from tests.support.drills import LAB, VIRGINIA_VM

RUNNING = Machine("running", {"failover-drill": "allowed"}, "eastus")

GOOD = Facts(
    plan=Plan(profile="lab", rto_seconds=300),
    snapshot=LAB,
    endpoint="virginia",
    is_profile_enabled=True,
    routing_method="Priority",
    statuses={"virginia": "Online", "amsterdam": "Online"},
    named_by_dns="virginia",
    answering={"amsterdam": True},
    machines={VIRGINIA_VM: RUNNING},
    allowed_groups=("Switchback-Lab-EastUS",),
    subscription_id="0000",
)
ALWAYS = replace(LAB, endpoints=(replace(LAB.endpoints[0], always_serve=True), *LAB.endpoints[1:]))
THIRD = replace(
    LAB, endpoints=(*LAB.endpoints, replace(LAB.endpoints[1], name="tokyo", priority=3))
)

ALONE: dict[str, dict[str, Any]] = {
    "ProfileDisabled": {"is_profile_enabled": False},
    "RoutingNotPriority": {"routing_method": "Weighted"},
    "EndpointNotOnline": {"statuses": {"virginia": "CheckingEndpoint", "amsterdam": "Online"}},
    "EndpointNotServing": {"named_by_dns": "amsterdam"},
    "HealthChecksOff": {"snapshot": ALWAYS},
    "NoSurvivor": {"answering": {"amsterdam": False}},
    "OtherEndpointDegraded": {
        "snapshot": THIRD,
        "statuses": {"virginia": "Online", "amsterdam": "Online", "tokyo": "Degraded"},
    },
    "TargetNotFound": {"machines": {VIRGINIA_VM: None}},
    "TargetNotOptedIn": {"machines": {VIRGINIA_VM: RUNNING._replace(tags={})}},
    "TargetNotRunning": {"machines": {VIRGINIA_VM: RUNNING._replace(power_state="deallocated")}},
    "TargetNotAllowed": {"allowed_groups": ("other",)},
    "BudgetBelowEnvelope": {
        "plan": Plan(
            profile="lab",
            rto_seconds=300,
            stop_conditions=StopConditions(client_outage_seconds_max=232),
        )
    },
    "ObjectiveBelowEnvelope": {"plan": Plan(profile="lab", rto_seconds=99)},
}


def test_the_lab_may_be_drilled() -> None:
    """Nothing stands in the way."""
    assert check(GOOD) == ()


@pytest.mark.parametrize(("code", "changed"), ALONE.items(), ids=ALONE.keys())
def test_each_check_fails_alone(code: str, changed: dict[str, Any]) -> None:
    """With its own code, and nothing else."""
    assert [fault.code for fault in check(replace(GOOD, **changed))] == [code]


def test_what_could_not_be_asked_is_no_consent() -> None:
    """DNS that does not answer: in doubt, no drill."""
    assert [f.code for f in check(replace(GOOD, named_by_dns=None))] == ["EndpointNotServing"]


def test_all_failures_are_told_at_once() -> None:
    """A plan is mended in one go."""
    broken = replace(GOOD, is_profile_enabled=False, answering={}, allowed_groups=())

    codes = [fault.code for fault in check(broken)]

    assert codes == ["ProfileDisabled", "NoSurvivor", "TargetNotAllowed"]


def test_the_objective_is_refused_with_the_envelopes_figure() -> None:
    """30/10/3 cannot detect a silent machine in less than 100 s."""
    (fault,) = check(replace(GOOD, plan=Plan(profile="lab", rto_seconds=99)))

    assert "at least 100 s" in fault.message


def test_injection_asks_again_for_survivor_machines_and_consent() -> None:
    """Minutes may have passed since preflight."""
    changed = replace(GOOD, answering={}, machines={VIRGINIA_VM: RUNNING._replace(tags={})})

    assert [f.code for f in check_again(changed)] == ["NoSurvivor", "TargetNotOptedIn"]


def test_a_machine_of_another_subscription_is_not_ours() -> None:
    """The allow-list is of this subscription's groups."""
    assert [f.code for f in check(replace(GOOD, subscription_id="1111"))] == ["TargetNotAllowed"]
