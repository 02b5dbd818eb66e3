"""Profile and statuses to answers: Priority, Weighted, and corners where nothing is Online."""

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

    assert [option.ttl_seconds for option in answer.options] == [7]


def test_no_endpoints_and_a_disabled_profile_have_no_name() -> None:
    """Whatever the endpoints would say."""
    online = {ONE.key: EndpointStatus.ONLINE}

    assert route(profile(), {}).outcome is Outcome.NO_SUCH_NAME
    assert route(profile(ONE, enabled=False), online).outcome is Outcome.NO_SUCH_NAME


EMULATED = {RoutingMethod.PRIORITY, RoutingMethod.WEIGHTED}


@pytest.mark.parametrize("method", [m for m in RoutingMethod if m not in EMULATED])
def test_methods_that_are_not_emulated_are_refused(method: RoutingMethod) -> None:
    """Never something plausible: neither a guess nor an outage."""
    answer = route(profile(ONE, method=method), {ONE.key: EndpointStatus.ONLINE})

    assert answer.outcome is Outcome.NOT_EMULATED


# statuses of endpoints weighing 1, 2 and 5 -> the share that each gets
SHARES = {
    "all Online": ("Online Online Online", (1 / 8, 2 / 8, 5 / 8)),
    "a Degraded one gets nothing": ("Online Degraded Online", (1 / 6, 0, 5 / 6)),
    "a Disabled one gets nothing": ("Disabled Online CheckingEndpoint", (0, 2 / 7, 5 / 7)),
    "all Degraded: as if all were Online": ("Degraded Degraded Degraded", (1 / 8, 2 / 8, 5 / 8)),
    "Stopped stays out": ("Degraded Stopped Degraded", (1 / 6, 0, 5 / 6)),
}


@pytest.mark.parametrize("case", SHARES.values(), ids=SHARES)
def test_weighted_shares(case: tuple[str, tuple[float, ...]]) -> None:
    """By weight among those that may be answered."""
    statuses, expected = case
    endpoints = [endpoint(f"e{w}", i, weight=w) for i, w in enumerate((1, 2, 5))]
    made = profile(*endpoints, method=RoutingMethod.WEIGHTED)
    by_key = {e.key: EndpointStatus(s) for e, s in zip(endpoints, statuses.split(), strict=True)}

    answer = route(made, by_key)

    shares = {option.via: option.share for option in answer.options}
    assert [shares.get(e.name, 0) for e in endpoints] == pytest.approx(expected)
    assert answer.told == "|".join(e.name for e in endpoints if e.name in shares)


@pytest.mark.parametrize("method", sorted(EMULATED))
@given(st.lists(st.sampled_from(EndpointStatus), min_size=1, max_size=6), st.booleans())
def test_no_answer_names_an_endpoint_that_is_out(
    method: RoutingMethod, statuses: list[EndpointStatus], on: bool
) -> None:
    """Never Disabled, Inactive or Stopped; Degraded only when nothing better is there."""
    endpoints = [endpoint(f"e{i}", i + 1) for i in range(len(statuses))]
    by_key = {e.key: s for e, s in zip(endpoints, statuses, strict=True)}

    answer = route(profile(*endpoints, enabled=on, method=method), by_key)

    out = {EndpointStatus.DISABLED, EndpointStatus.INACTIVE, EndpointStatus.STOPPED}
    if not answer.options:
        assert not on or set(statuses) <= out
    for option in answer.options:
        status = by_key[option.endpoint.key]
        assert status not in out
        assert status is not EndpointStatus.DEGRADED or set(statuses) <= {status, *out}
