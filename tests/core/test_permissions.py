"""What roles allow, by ARM's own rules, and what each kind of drill needs of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.permissions import Grant, grants_of, missing, needed
from shared.core.plan import Failback, FaultKind, Plan, ProbePath
from tests.support.drills import LAB, VIRGINIA_VM

OFF = "Microsoft.Compute/virtualMachines/powerOff/action"
READ = "Microsoft.Compute/virtualMachines/read"
PLAN = Plan(profile="lab", rto_seconds=300)
ACTIONS = st.from_regex(r"Microsoft\.[A-Z][a-z]{1,8}/[a-z]{1,8}(/[a-z]{1,8}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("pattern", "action", "is_allowed"),
    [
        ("*", OFF, True),
        (OFF, OFF, True),
        (OFF.upper(), OFF, True),
        ("Microsoft.Compute/*", OFF, True),
        ("Microsoft.Compute/*/action", OFF, True),
        ("Microsoft.Compute/virtualMachines/*/action", OFF, True),
        ("*/read", READ, True),
        ("*/read", OFF, False),
        ("*/powerOff/*", OFF, True),
        ("Microsoft.Compute/virtualMachines", OFF, False),
        ("Microsoft.Compute", OFF, False),
        ("Microsoft.Network/*", OFF, False),
        ("MicrosoftXCompute/*", OFF, False),
        ("", OFF, False),
    ],
)
def test_a_star_stands_for_any_text(pattern: str, action: str, is_allowed: bool) -> None:
    """Slashes too; letters match in any case, and a dot is a dot."""
    assert Grant((pattern,)).allows(action) is is_allowed


def test_what_a_role_takes_off_it_does_not_allow() -> None:
    """A contributor without power, say."""
    role = Grant(("*",), ("Microsoft.Compute/*/powerOff/action", "*/deallocate/action"))

    assert missing([OFF, READ], [role]) == (OFF,)


def test_what_one_role_takes_off_another_may_give() -> None:
    """NotActions are no denial: roles add up."""
    assert missing([OFF], [Grant(("*",), (OFF,)), Grant((OFF,))]) == ()


def test_without_a_role_nothing_is_allowed() -> None:
    """An identity that was given nothing."""
    assert missing([OFF, READ], []) == (OFF, READ)


def test_arms_list_is_read_role_by_role() -> None:
    """Members that say nothing of ARM's own actions are left aside."""
    told: list[dict[str, object]] = [
        {"actions": ["*/read"], "notActions": None, "dataActions": ["x/*"], "notDataActions": []},
        {"actions": [OFF], "notActions": ["*/delete"]},
        {},
    ]

    assert grants_of(told) == (Grant(("*/read",)), Grant((OFF,), ("*/delete",)), Grant(()))


@given(st.lists(ACTIONS, max_size=4), ACTIONS)
def test_a_role_of_exact_actions_allows_exactly_those(actions: list[str], other: str) -> None:
    """Nothing follows from a name that merely looks alike."""
    role = Grant(tuple(actions))
    known = {action.lower() for action in actions}

    assert missing(actions, [role]) == ()
    assert role.allows(other) is (other.lower() in known)


@pytest.mark.parametrize(
    ("fault", "verb"),
    [(FaultKind.VM_POWER_OFF, "powerOff"), (FaultKind.VM_DEALLOCATE, "deallocate")],
)
def test_stopping_needs_the_start_as_well(fault: FaultKind, verb: str) -> None:
    """And the look at what came of both."""
    needs = needed(replace(PLAN, fault=fault), LAB, "virginia")

    verbs = ("read", f"{verb}/action", "start/action")
    assert needs == {VIRGINIA_VM: tuple(f"Microsoft.Compute/virtualMachines/{v}" for v in verbs)}


@pytest.mark.parametrize("kind", ["azureEndpoints", "externalEndpoints", "nestedEndpoints"])
def test_changing_an_endpoint_needs_the_right_to_its_kind(kind: str) -> None:
    """Asked at the profile: the endpoint is a part of it."""
    endpoint = replace(LAB.endpoints[0], type=kind)
    snapshot = replace(LAB, endpoints=(endpoint,), targets=())
    plans = (
        replace(PLAN, fault=FaultKind.ENDPOINT_DISABLE),
        replace(PLAN, fault=FaultKind.PROBE_PATH, probe_path=ProbePath(header="X", value="y")),
    )

    profiles = "Microsoft.Network/trafficManagerProfiles"
    actions = (f"{profiles}/read", f"{profiles}/{kind}/read", f"{profiles}/{kind}/write")
    for plan in plans:
        assert needed(plan, snapshot, "virginia") == {LAB.profile_id: actions}


def test_a_held_failback_needs_both() -> None:
    """The machine is stopped, and the endpoint disabled while it comes back."""
    needs = needed(replace(PLAN, failback=Failback.HOLD), LAB, "virginia")

    assert set(needs) == {VIRGINIA_VM, LAB.profile_id}
