"""Profile and statuses to answers: Priority, and every corner where nothing is Online."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cloud import RoutingMethod
from emulator.monitor import EndpointStatus
from emulator.routing import Outcome, route
from tests.emulator.values import endpoint, profile

ONE, TWO, THREE = endpoint("one", 1), endpoint("two", 2), endpoint("three", 3)

CASES = {
    "the first by priority that is Online": ("Online Online Online", "one"),
    "CheckingEndpoint is in DNS": ("CheckingEndpoint Online Online", "one"),
    "Unmonitored is in DNS": ("Unmonitored Online Online", "one"),
    "a Degraded one is passed over": ("Degraded Online Online", "two"),
    "a Disabled one is passed over": ("Disabled CheckingEndpoint Online", "two"),
    "a Stopped one is passed over": ("Stopped Degraded Online", "three"),
    "all Degraded: the primary again": ("Degraded Degraded Degraded", "one"),
    "all eligible Degraded: Disabled stays out": ("Disabled Degraded Degraded", "two"),
    "all eligible Degraded: Stopped stays out": ("Stopped Disabled Degraded", "three"),
    "all Disabled: no such name": ("Disabled Disabled Disabled", "none"),
    "all Inactive: no such name": ("Inactive Inactive Inactive", "none"),
    "all Stopped: no such name": ("Stopped Stopped Stopped", "none"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_priority(case: tuple[str, str]) -> None:
    """Also where nothing is Online."""
    statuses, expected = case
    by_key = dict(
        zip((ONE.key, TWO.key, THREE.key), map(EndpointStatus, statuses.split()), strict=True)
    )

    assert route(profile(THREE, ONE, TWO), by_key).told == expected


def test_the_answer_carries_the_profiles_ttl() -> None:
    """The CNAME's TTL is the profile's, not the target's."""
    answer = route(profile(ONE, ttl_seconds=7), {ONE.key: EndpointStatus.ONLINE})

    assert answer.ttl_seconds == 7


def test_no_endpoints_and_a_disabled_profile_have_no_name() -> None:
    """Whatever the endpoints would say."""
    online = {ONE.key: EndpointStatus.ONLINE}

    assert route(profile(), {}).outcome is Outcome.NO_SUCH_NAME
    assert route(profile(ONE, enabled=False), online).outcome is Outcome.NO_SUCH_NAME


@pytest.mark.parametrize("method", [m for m in RoutingMethod if m is not RoutingMethod.PRIORITY])
def test_methods_that_are_not_emulated_are_refused(method: RoutingMethod) -> None:
    """Never something plausible: neither a guess nor an outage."""
    answer = route(profile(ONE, method=method), {ONE.key: EndpointStatus.ONLINE})

    assert answer.outcome is Outcome.NOT_EMULATED


@given(st.lists(st.sampled_from(EndpointStatus), min_size=1, max_size=6), st.booleans())
def test_no_answer_names_an_endpoint_that_is_out(statuses: list[EndpointStatus], on: bool) -> None:
    """Never Disabled, Inactive or Stopped; Degraded only when nothing better is there."""
    endpoints = [endpoint(f"e{i}", i + 1) for i in range(len(statuses))]
    by_key = {e.key: s for e, s in zip(endpoints, statuses, strict=True)}

    answer = route(profile(*endpoints, enabled=on), by_key)

    out = {EndpointStatus.DISABLED, EndpointStatus.INACTIVE, EndpointStatus.STOPPED}
    if answer.endpoint is None:
        assert not on or set(statuses) <= out
    else:
        status = by_key[answer.endpoint.key]
        assert status not in out
        assert status is not EndpointStatus.DEGRADED or set(statuses) <= {status, *out}
