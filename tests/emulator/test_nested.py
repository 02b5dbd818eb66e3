"""Nested profiles: what a child's health makes of its parent, and what is answered."""

import collections

import pytest

from emulator.cloud import Profile, RoutingMethod
from tests.emulator.planes import Plane, nested
from tests.emulator.running import AMSTERDAM_FQDN, VIRGINIA_FQDN
from tests.emulator.values import endpoint, profile

BAD = (False,) * 4


def child(**changes: object) -> Profile:
    """Return a child profile over the lab's two targets."""
    targets = (endpoint("a", 1, target=VIRGINIA_FQDN), endpoint("b", 2, target=AMSTERDAM_FQDN))
    return profile(*targets, **{"name": "child", "relative_name": "child", **changes})


def parent(**changes: object) -> Profile:
    """Return a parent: the nested endpoint first, an external one after it."""
    return profile(nested("down", "child", 1), endpoint("aside", 2), **changes)


@pytest.fixture
def family() -> Plane:
    """Parent and child, everything Online."""
    made = Plane()
    made.plane.write(child())
    made.plane.write(parent())
    for name in ("a", "b"):
        made.probe(name, True, of="child")
    made.probe("aside", True)
    made.truth.events.clear()
    return made


def news(family: Plane) -> list[tuple[str | None, str, str, str | bool]]:
    """Return what has happened since the last look, and to which profile."""
    events, family.truth.events = family.truth.events, []
    return [(e.profile, e.kind.value, e.subject, e.value) for e in events]


def test_the_parent_answers_straight_with_the_childs_choice(family: Plane) -> None:
    """One CNAME however deep; the child's own name answers the same."""
    assert family.answer("lab") == family.answer("child") == VIRGINIA_FQDN

    family.probe("a", *BAD, of="child")

    assert family.answer("lab") == family.answer("child") == AMSTERDAM_FQDN
    assert family.status("down") == "Online"


def test_the_truth_of_the_parent_names_its_own_endpoint(family: Plane) -> None:
    """A choice within the child is the child's news; the parent's is the nested endpoint."""
    family.probe("a", *BAD, of="child")

    assert news(family) == [
        ("child", "endpointMonitorStatus", "a", "Degraded"),
        ("child", "answer", "ns1:53", "b"),
        ("child", "answer", "ns2:53", "b"),
    ]
    family.probe("b", *BAD, of="child")
    assert news(family) == [
        ("child", "endpointMonitorStatus", "b", "Degraded"),
        ("child", "answer", "ns1:53", "a"),
        ("child", "answer", "ns2:53", "a"),
        ("lab", "endpointMonitorStatus", "down", "Degraded"),
        ("lab", "answer", "ns1:53", "aside"),
        ("lab", "answer", "ns2:53", "aside"),
    ]


def test_all_of_a_parents_endpoints_degraded_means_the_childs_best_effort(family: Plane) -> None:
    """The primary again, and in it the primary again."""
    for name in ("a", "b"):
        family.probe(name, *BAD, of="child")
    family.probe("aside", *BAD)

    assert family.answer() == VIRGINIA_FQDN


def test_disabling_or_deleting_the_child_stops_the_nested_endpoint(family: Plane) -> None:
    """Stopped is never in DNS; a child that comes back is checked anew."""
    family.plane.write(child(enabled=False))
    assert (family.status("down"), family.answer()) == ("Stopped", "aside.example.org")

    family.plane.write(child())
    assert (family.status("down"), family.answer()) == ("CheckingEndpoint", VIRGINIA_FQDN)
    family.plane.delete(child())
    assert (family.status("down"), family.answer()) == ("Stopped", "aside.example.org")


def test_a_nested_endpoint_can_be_disabled_as_any_other(family: Plane) -> None:
    """The child knows nothing of it."""
    family.plane.write(profile(nested("down", "child", 1, enabled=False), endpoint("aside", 2)))

    assert (family.status("down"), family.answer()) == ("Disabled", "aside.example.org")
    assert family.answer("child") == VIRGINIA_FQDN


# minimums (all, IPv4, IPv6) over a child with two IPv4 and one IPv6 endpoint, the first failing
MINIMUMS = {
    (1, None, None): "Online",
    (2, None, None): "Online",
    (3, None, None): "Degraded",
    (1, 1, None): "Online",
    (1, 2, None): "Degraded",
    (1, 1, 1): "Online",
    (1, None, 2): "Degraded",
}


@pytest.mark.parametrize("minimums", MINIMUMS, ids=str)
def test_the_three_minimums(minimums: tuple[int, int | None, int | None]) -> None:
    """All that are set must be met."""
    made = Plane()
    targets = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    made.plane.write(
        profile(
            *(endpoint(f"e{i}", i + 1, target=t) for i, t in enumerate(targets)),
            name="child",
            relative_name="child",
        )
    )
    for i in range(3):
        made.probe(f"e{i}", *(BAD if i == 0 else (True,)), of="child")
    total, ipv4, ipv6 = minimums
    down = nested(
        "down",
        "child",
        min_child_endpoints=total,
        min_child_endpoints_ipv4=ipv4,
        min_child_endpoints_ipv6=ipv6,
    )
    made.plane.write(profile(down))

    assert made.status("down") == MINIMUMS[minimums]


def test_names_count_for_neither_family() -> None:
    """Their record type is CNAME."""
    made = Plane()
    made.plane.write(child())
    made.plane.write(profile(nested("down", "child", min_child_endpoints_ipv4=1)))
    made.probe("a", True, of="child")

    assert made.status("down") == "Degraded"


def test_weights_multiply_through_the_levels() -> None:
    """A quarter to the external endpoint, three quarters shared two to one within the child."""
    made = Plane()
    weights = (endpoint("a", 1, weight=2), endpoint("b", 2, weight=1))
    made.plane.write(
        profile(*weights, name="child", relative_name="child", method=RoutingMethod.WEIGHTED)
    )
    made.plane.write(
        profile(
            nested("down", "child", 1, weight=3),
            endpoint("aside", 2, weight=1),
            method=RoutingMethod.WEIGHTED,
        )
    )

    drawn = collections.Counter(made.answer() for _ in range(4_000))

    shares = {name.partition(".")[0]: count / 4_000 for name, count in drawn.items()}
    assert shares == pytest.approx({"a": 0.5, "b": 0.25, "aside": 0.25}, abs=0.03)
    (told,) = {e.value for e in made.truth.events if e.profile == "lab" and e.kind == "answer"}
    assert told == "down|aside"


def test_three_levels_and_a_child_of_a_method_that_is_not_emulated() -> None:
    """Changes climb all the way; a child that cannot answer makes its parents refuse."""
    made = Plane()
    made.plane.write(child())
    made.plane.write(profile(nested("lower", "child"), name="middle", relative_name="middle"))
    made.plane.write(profile(nested("upper", "middle"), endpoint("aside", 2)))
    assert made.answer() == VIRGINIA_FQDN

    for name in ("a", "b"):
        made.probe(name, *BAD, of="child")
    assert (made.status("upper"), made.answer()) == ("Degraded", "aside.example.org")
    made.probe("b", True, of="child")
    assert (made.status("upper"), made.answer()) == ("Online", AMSTERDAM_FQDN)

    made.plane.write(child(method=RoutingMethod.PERFORMANCE))
    assert made.answer() == "REFUSED"


def test_profiles_that_nest_each_other_end() -> None:
    """ARM refuses such a loop; should one be stored all the same, nothing runs forever."""
    made = Plane()
    made.plane.write(profile(nested("round", "lab"), name="child", relative_name="child"))
    made.plane.write(profile(nested("about", "child")))

    assert made.answer() == "NXDOMAIN"


def test_serving_of_a_nested_endpoint_follows_the_machines_behind_its_child(family: Plane) -> None:
    """True while any of them answers."""
    virginia, amsterdam = (ip.key for ip in family.cloud.public_ips)
    for machine in family.cloud.machines:
        object.__setattr__(machine, "is_serving", False)
        behind = {virginia} if "virginia" in machine.name else {amsterdam}
        family.plane.serving_changed(behind, family.clock.instant)

    told = [(e.profile, e.subject, e.value) for e in family.truth.events]
    assert told[0] == ("child", "a", False)
    assert told[-1] == ("lab", "down", False)
    assert told.count(("lab", "down", False)) == 1
