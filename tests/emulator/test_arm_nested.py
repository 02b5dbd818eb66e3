"""Nested endpoints over ARM: what is stored and shown, and what is refused."""

import pytest

from tests.emulator.running import (
    FQDN,
    PROFILE,
    PROFILE_TYPE,
    VIRGINIA_IP,
    Emulator,
    Json,
    lab_profile,
    with_endpoints,
)

BASE = PROFILE.removesuffix("lab")
NESTED = "nestedEndpoints/below"


def nested(child: str, name: str = "below", **properties: object) -> Json:
    """Return the body of a nested endpoint."""
    return {
        "name": name,
        "type": f"{PROFILE_TYPE}/nestedEndpoints",
        "properties": {"targetResourceId": child} | properties,
    }


def put(emulator: Emulator, name: str, *endpoints: Json, **properties: object) -> int:
    """Write a profile of this name; return the answer's status."""
    dns = {"relativeName": f"switchback-{name}", "ttl": 5}
    body = with_endpoints(*endpoints, **({"dnsConfig": dns} | properties))
    return emulator.arm("PUT", BASE + name, body).status_code


def test_a_nested_endpoint_stands_for_a_profile(emulator: Emulator) -> None:
    """Target and minimum are filled in; the answer to a PUT has no status yet, GET does."""
    emulator.arm("PUT", PROFILE, lab_profile())
    put(emulator, "parent")

    created = emulator.arm("PUT", f"{BASE}parent/{NESTED}", nested(PROFILE))

    assert created.status_code == 201
    properties = created.json()["properties"]
    assert properties["target"] == FQDN
    assert properties["endpointMonitorStatus"] is None
    assert properties["minChildEndpoints"] == 1
    assert (properties["minChildEndpointsIPv4"], properties["minChildEndpointsIPv6"]) == (
        None,
        None,
    )
    shown = emulator.arm("GET", f"{BASE}parent/{NESTED}").json()["properties"]
    assert shown["endpointMonitorStatus"] == "CheckingEndpoint"
    assert shown | {"endpointMonitorStatus": None} == properties


def test_the_three_minimums(emulator: Emulator) -> None:
    """At least one child, and of either family none at least."""
    emulator.arm("PUT", PROFILE, lab_profile())
    given: Json = {"minChildEndpoints": 2, "minChildEndpointsIPv4": 1, "minChildEndpointsIPv6": 0}

    assert put(emulator, "parent", nested(PROFILE, **given)) == 201
    patched = emulator.arm(
        "PATCH", f"{BASE}parent/{NESTED}", {"properties": {"minChildEndpointsIPv6": 1}}
    )

    properties = patched.json()["properties"]
    assert {key: properties[key] for key in given} == given | {"minChildEndpointsIPv6": 1}
    assert put(emulator, "parent", nested(PROFILE, minChildEndpoints=0)) == 400


@pytest.mark.parametrize(
    "endpoint",
    [
        nested(BASE + "nowhere"),
        nested(VIRGINIA_IP),
        nested("lab"),
        nested(PROFILE.replace("00aa", "00ff")),
        nested(PROFILE, alwaysServe="Enabled"),
    ],
    ids=["missing", "no profile", "no id", "another subscription", "alwaysServe"],
)
def test_what_can_be_no_child(emulator: Emulator, endpoint: Json) -> None:
    """400 BadRequest."""
    emulator.arm("PUT", PROFILE, lab_profile())

    assert put(emulator, "parent", endpoint) == 400


def test_what_can_be_no_parent(emulator: Emulator) -> None:
    """MultiValue answers addresses; Performance must know where the child is."""
    emulator.arm("PUT", PROFILE, lab_profile())
    far = nested(PROFILE)
    near = nested(PROFILE, endpointLocation="westeurope")

    assert put(emulator, "parent", far, trafficRoutingMethod="MultiValue") == 400
    assert put(emulator, "parent", far, trafficRoutingMethod="Performance") == 400
    assert put(emulator, "parent", near, trafficRoutingMethod="Performance") == 201


def test_profiles_make_no_loops(emulator: Emulator) -> None:
    """Neither by themselves nor through others."""
    put(emulator, "a")
    put(emulator, "b", nested(BASE + "a"))
    put(emulator, "c", nested(BASE + "b"))

    assert put(emulator, "a", nested(BASE + "a")) == 400
    assert put(emulator, "a", nested(BASE + "c")) == 400
    refused = emulator.arm("PUT", f"{BASE}a/{NESTED}", nested(BASE + "c"))
    assert "loop" in refused.json()["error"]["message"]


def test_profiles_nest_ten_levels_deep(emulator: Emulator) -> None:
    """Counted from the outermost to the innermost, wherever the new link is."""
    put(emulator, "p1")
    for level in range(2, 11):
        assert put(emulator, f"p{level}", nested(f"{BASE}p{level - 1}")) == 201

    assert put(emulator, "p11", nested(f"{BASE}p10")) == 400
    put(emulator, "p0")
    assert put(emulator, "p1", nested(f"{BASE}p0")) == 400
