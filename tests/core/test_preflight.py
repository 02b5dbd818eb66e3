"""Each preflight check fails alone, with its code; what is asked again at the injection."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.core.facts import Behind, Facts
from shared.core.model import Machine, MonitorSettings, Snapshot, TargetMachine
from shared.core.permissions import Grant
from shared.core.plan import ClientClass, FaultKind, Plan, ProbePath, StopConditions
from shared.core.preflight import check, check_again
from tests.support.drills import GROUP, LAB, VIRGINIA_VM

SOURCES = Path(__file__).parents[2] / "shared"
RUNNING = Machine("running", {"failover-drill": "allowed"}, "eastus")
IP = f"{GROUP}/Microsoft.Network/publicIPAddresses/virginia-ip"
VIRGINIA, AMSTERDAM = LAB.endpoints
ON_IP = replace(LAB, endpoints=(replace(VIRGINIA, target_resource_id=IP), AMSTERDAM))
FOUND = Behind(machines=LAB.targets)
ALL = (Grant(("*",)),)
PLAN = Plan(profile="lab", rto_seconds=300)
OTHER_VM = VIRGINIA_VM.replace("virginia-vm", "other-vm")

GOOD = Facts(
    plan=PLAN,
    snapshot=ON_IP,
    endpoint="virginia",
    is_profile_enabled=True,
    is_endpoint_enabled=True,
    routing_method="Priority",
    statuses={"virginia": "Online", "amsterdam": "Online"},
    named_by_dns="virginia",
    answering={"virginia": True, "amsterdam": True},
    behind=FOUND,
    machines={VIRGINIA_VM: RUNNING},
    hidden={},
    grants={VIRGINIA_VM: ALL},
    allowed_groups=("Switchback-Lab-EastUS",),
    subscription_id="0000",
    region="northeurope",
)


def of_endpoint(fault: FaultKind, **more: Any) -> Facts:  # noqa: ANN401 - any fact
    """Return the lab's facts for a fault that acts on the endpoint itself, and no machine."""
    added = ProbePath(header="X-Drill", value="fail") if fault is FaultKind.PROBE_PATH else None
    facts = replace(
        GOOD,
        plan=replace(PLAN, fault=fault, probe_path=added),
        snapshot=replace(ON_IP, targets=()),
        behind=Behind(),
        machines={},
        grants={LAB.profile_id: ALL},
        answers_with_header=None if added is None else False,
    )
    return replace(facts, **more)


def first(**changed: Any) -> Snapshot:  # noqa: ANN401 - any member
    """Return the lab with its first endpoint changed."""
    return replace(ON_IP, endpoints=(replace(ON_IP.endpoints[0], **changed), AMSTERDAM))


def alone(**changed: Any) -> Facts:  # noqa: ANN401 - any fact
    """Return the lab's facts for stopping a machine, with one thing wrong."""
    return replace(GOOD, **changed)


def budgeted(client: ClientClass) -> Plan:
    """Return a plan whose budget is a second less than what a client is promised that follows."""
    budget = StopConditions(client_outage_seconds_max=232)
    return replace(PLAN, objective_client=client, stop_conditions=budget)


DISABLE = of_endpoint(FaultKind.ENDPOINT_DISABLE)
PROBE = of_endpoint(FaultKind.PROBE_PATH)
THIRD = replace(ON_IP, endpoints=(*ON_IP.endpoints, replace(AMSTERDAM, name="tokyo", priority=3)))
TWICE = replace(PLAN, targets=(VIRGINIA_VM, VIRGINIA_VM.upper()))
EIGHT = tuple((f"X-{number}", "on") for number in range(8))
STRANGER = TargetMachine(id=OTHER_VM, name="other-vm")

ALONE: dict[str, tuple[Facts, ...]] = {
    "ProfileDisabled": (alone(is_profile_enabled=False),),
    "RoutingNotPriority": (alone(routing_method="Weighted"),),
    "EndpointDisabled": (
        alone(is_endpoint_enabled=False, statuses={"virginia": "Disabled", "amsterdam": "Online"}),
    ),
    "EndpointNotOnline": (alone(statuses={"virginia": "CheckingEndpoint", "amsterdam": "Online"}),),
    "EndpointNotServing": (
        alone(named_by_dns="amsterdam"),
        alone(named_by_dns=None),
        alone(answering={"virginia": False, "amsterdam": True}),
        alone(answering={"amsterdam": True}),
        # What fails without the header tells nothing of the header.
        replace(PROBE, answering={"amsterdam": True}, answers_with_header=None),
    ),
    "HealthChecksOff": (alone(snapshot=first(always_serve=True)),),
    "FaultNotForEndpoint": (
        alone(snapshot=first(type="externalEndpoints", target_resource_id=None)),
        replace(PROBE, snapshot=replace(first(type="nestedEndpoints"), targets=())),
    ),
    "NoSurvivor": (alone(answering={"virginia": True, "amsterdam": False}),),
    "OtherEndpointDegraded": (
        alone(
            snapshot=THIRD,
            statuses={"virginia": "Online", "amsterdam": "Online", "tokyo": "Degraded"},
        ),
    ),
    "TargetNotFound": (
        alone(machines={VIRGINIA_VM: None}),
        alone(snapshot=replace(ON_IP, targets=()), behind=Behind(), machines={}),
    ),
    "TargetRepeated": (alone(plan=TWICE),),
    "TargetNotBehindEndpoint": (
        alone(
            plan=replace(PLAN, targets=(OTHER_VM,)),
            snapshot=replace(ON_IP, targets=(STRANGER,)),
            machines={OTHER_VM: RUNNING},
        ),
    ),
    "TargetNotAllowed": (
        alone(allowed_groups=("other",)),
        alone(subscription_id="1111", machines={}),
        replace(DISABLE, allowed_groups=("other",)),
    ),
    "TargetNotOptedIn": (
        alone(machines={VIRGINIA_VM: RUNNING._replace(tags={})}),
        alone(machines={VIRGINIA_VM: RUNNING._replace(tags={"failover-drill": "Allowed"})}),
    ),
    "TargetNotRunning": (alone(machines={VIRGINIA_VM: RUNNING._replace(power_state="stopped")}),),
    "TargetNotStoppable": (
        alone(machines={VIRGINIA_VM: RUNNING._replace(scale_set=f"{GROUP}/x/sets/web")}),
    ),
    "PermissionMissing": (
        alone(grants={VIRGINIA_VM: (Grant(("*",), ("*/start/action",)),)}),
        alone(machines={}, hidden={VIRGINIA_VM: "No."}, grants={VIRGINIA_VM: None}),
        alone(machines={}, hidden={VIRGINIA_VM: "No."}, grants={VIRGINIA_VM: (Grant(()),)}),
        replace(DISABLE, grants={LAB.profile_id: (Grant(("*/read",)),)}),
    ),
    "ProbeHeaderHasNoEffect": (
        replace(PROBE, answers_with_header=True),
        replace(PROBE, snapshot=replace(PROBE.snapshot, monitor=MonitorSettings(protocol="TCP"))),
        replace(PROBE, snapshot=replace(first(headers=(("x-drill", "fail"),)), targets=())),
    ),
    "TooManyHeaders": (replace(PROBE, snapshot=replace(first(headers=EIGHT), targets=())),),
    "ClientNotForUrl": (
        alone(
            plan=replace(PLAN, objective_client=ClientClass.KEEPALIVE),
            snapshot=replace(ON_IP, vantages=replace(LAB.vantages, client_url="tcp://lab.test:80")),
        ),
    ),
    "BudgetBelowEnvelope": (
        alone(
            plan=replace(PLAN, stop_conditions=StopConditions(client_outage_seconds_max=232)),
        ),
        alone(plan=budgeted(ClientClass.KEEPALIVE)),
    ),
    "ObjectiveBelowEnvelope": (
        alone(plan=replace(PLAN, rto_seconds=99)),
        alone(plan=replace(PLAN, rto_seconds=99, objective_client=ClientClass.PINNED)),
    ),
}
CASES = [
    pytest.param(code, facts, id=f"{code}-{number}")
    for code, several in ALONE.items()
    for number, facts in enumerate(several)
]


@pytest.mark.parametrize("facts", [GOOD, DISABLE, PROBE], ids=["machine", "disable", "header"])
def test_the_lab_may_be_drilled(facts: Facts) -> None:
    """Nothing stands in the way, of any kind of fault."""
    assert check(facts) == ()
    assert check_again(facts) == ()


@pytest.mark.parametrize(("code", "facts"), CASES)
def test_each_check_fails_alone(code: str, facts: Facts) -> None:
    """With its own code, and nothing else."""
    assert [fault.code for fault in check(facts)] == [code]


def test_no_check_is_left_out() -> None:
    """Every code that the rules can tell has a world above in which it is the only one."""
    files = [SOURCES / "core" / name for name in ("preflight.py", "consent.py", "probing.py")]
    text = "\n".join(file.read_text() for file in files)

    assert set(re.findall(r'Fault\(\s*"([A-Z]\w+)"', text)) == set(ALONE)


@pytest.mark.parametrize(("code", "facts"), CASES)
def test_every_refusal_says_what_was_seen_and_what_would_be_right(code: str, facts: Facts) -> None:
    """A sentence for whoever reads it, about a member of the plan."""
    (fault,) = check(facts)

    assert fault.code == code
    assert fault.message.endswith(".")
    assert re.fullmatch(
        r"(profile|endpoint|fault|targets|probePath|objectiveCl|rtoSec|stopCond).*", fault.target
    )


def test_all_failures_are_told_at_once() -> None:
    """A plan is mended in one go."""
    broken = alone(is_profile_enabled=False, answering={"virginia": True}, allowed_groups=())

    codes = [fault.code for fault in check(broken)]

    assert codes == ["ProfileDisabled", "NoSurvivor", "TargetNotAllowed"]


def test_the_objective_is_refused_with_the_envelopes_figure() -> None:
    """30/10/3 cannot detect a silent machine in less than 100 s."""
    (fault,) = check(alone(plan=replace(PLAN, rto_seconds=99)))

    assert "at least 100 s" in fault.message


def test_a_budget_is_refused_with_the_envelopes_figure() -> None:
    """A failover as promised (130 s), the TTL (100 s) and our own sampling (3 s) must fit."""
    plan = replace(PLAN, stop_conditions=StopConditions(client_outage_seconds_max=232))
    (fault,) = check(alone(plan=plan))

    assert "may take 233 s" in fault.message


@pytest.mark.parametrize(
    ("client", "facts"),
    [
        (ClientClass.PINNED, GOOD),
        (ClientClass.PINNED, PROBE),
        (ClientClass.KEEPALIVE, DISABLE),
        (ClientClass.KEEPALIVE, PROBE),
    ],
)
def test_no_budget_is_below_a_failover_that_nothing_bounds(
    client: ClientClass, facts: Facts
) -> None:
    """It is then what ends the drill."""
    fault, added = facts.plan.fault, facts.plan.probe_path
    plan = replace(budgeted(client), fault=fault, probe_path=added)

    assert check(replace(facts, plan=plan)) == ()


AGAIN: dict[str, tuple[str, Facts]] = {
    "survivor": ("NoSurvivor", alone(answering={})),
    "tag": ("TargetNotOptedIn", alone(machines={VIRGINIA_VM: RUNNING._replace(tags={})})),
    "power": ("TargetNotRunning", alone(machines={VIRGINIA_VM: RUNNING._replace(power_state="?")})),
    "gone": ("TargetNotFound", alone(machines={VIRGINIA_VM: None})),
    "hidden": ("PermissionMissing", alone(machines={}, hidden={VIRGINIA_VM: "No."}, grants={})),
    "group": ("TargetNotAllowed", alone(allowed_groups=("other",))),
    "disabled meanwhile": ("EndpointDisabled", replace(DISABLE, is_endpoint_enabled=False)),
    "survivor of a switchover": ("NoSurvivor", replace(PROBE, answering={})),
    "profile's group": ("TargetNotAllowed", replace(PROBE, allowed_groups=())),
}


@pytest.mark.parametrize(("code", "facts"), AGAIN.values(), ids=AGAIN.keys())
def test_injection_asks_again(code: str, facts: Facts) -> None:
    """Minutes may have passed since preflight: consent may be gone, or the survivor."""
    assert [fault.code for fault in check_again(facts)] == [code]


def test_injection_does_not_ask_for_everything_again() -> None:
    """The walk, the rights, DNS and the header were asked for the start, and are not seen here."""
    for facts in (GOOD, PROBE):
        unseen = replace(
            facts,
            named_by_dns=None,
            answering={"amsterdam": True},
            behind=Behind(),
            grants={},
            answers_with_header=None,
        )

        assert check_again(unseen) == ()
