"""Probe results to statuses: the tables of Microsoft's monitoring page, row by row."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.monitor import (
    EndpointStatus,
    ProbeHistory,
    ProfileStatus,
    endpoint_status,
    is_healthy,
    is_probed,
    profile_status,
)
from tests.emulator.values import endpoint, profile

NEVER, GOOD, BAD = ProbeHistory(), ProbeHistory(is_healthy=True), ProbeHistory(False, 4)

# profile enabled, endpoint enabled, always served, probes say -> status
ENDPOINT_ROWS = {
    "a disabled profile makes its endpoints Inactive": (False, True, False, GOOD, "Inactive"),
    "a disabled endpoint is Disabled": (True, False, False, GOOD, "Disabled"),
    "also in a disabled profile": (False, False, False, GOOD, "Disabled"),
    "no first verdict yet is CheckingEndpoint": (True, True, False, NEVER, "CheckingEndpoint"),
    "healthy is Online": (True, True, False, GOOD, "Online"),
    "failing is Degraded": (True, True, False, BAD, "Degraded"),
    "always served is Unmonitored": (True, True, True, BAD, "Unmonitored"),
    "always served but disabled is Disabled": (True, False, True, BAD, "Disabled"),
}

ROLL_UP_ROWS = {
    "no endpoints": ([], "Inactive"),
    "all Disabled": (["Disabled", "Disabled"], "Inactive"),
    "all Stopped": (["Stopped"], "Inactive"),
    "one Degraded beats all": (["Online", "Degraded", "CheckingEndpoint"], "Degraded"),
    "one Online": (["Online", "CheckingEndpoint", "Disabled"], "Online"),
    "one CheckingEndpoint": (["CheckingEndpoint", "Disabled"], "CheckingEndpoints"),
    "Unmonitored counts as Online (our choice)": (["Unmonitored"], "Online"),
}


@pytest.mark.parametrize("row", ENDPOINT_ROWS.values(), ids=ENDPOINT_ROWS)
def test_endpoint_status(row: tuple[bool, bool, bool, ProbeHistory, str]) -> None:
    """Row by row."""
    profile_enabled, enabled, always, history, expected = row
    one = endpoint("one", enabled=enabled, always_serve=always)

    status = endpoint_status(profile(one, enabled=profile_enabled), one, [history])

    assert status.value == expected


@pytest.mark.parametrize("row", ROLL_UP_ROWS.values(), ids=ROLL_UP_ROWS)
def test_profile_status(row: tuple[list[str], str]) -> None:
    """The first match wins."""
    statuses, expected = row

    assert profile_status(profile(), map(EndpointStatus, statuses)).value == expected


def test_a_disabled_profile_is_disabled_whatever_its_endpoints_are() -> None:
    """The first row of the roll-up."""
    assert profile_status(profile(enabled=False), [EndpointStatus.DEGRADED]) == (
        ProfileStatus.DISABLED
    )


@pytest.mark.parametrize("tolerated", range(10))
def test_only_more_failures_in_a_row_than_tolerated_degrade(tolerated: int) -> None:
    """Tolerated 3: the fourth degrades; tolerated 0: the first."""
    history = ProbeHistory(is_healthy=True)

    for _ in range(tolerated):
        history = history.after(succeeded=False, tolerated_failures=tolerated)
        assert history.is_healthy
    history = history.after(succeeded=False, tolerated_failures=tolerated)

    assert history.is_healthy is False


def test_one_good_probe_restores_at_once() -> None:
    """There is no hysteresis; users ask for it."""
    assert BAD.after(succeeded=True, tolerated_failures=3) == GOOD


def test_tolerated_failures_before_any_verdict_leave_it_open() -> None:
    """CheckingEndpoint lasts until the first verdict, and is in DNS all the while."""
    assert NEVER.after(succeeded=False, tolerated_failures=3).is_healthy is None


def test_several_probers_degrade_only_by_majority() -> None:
    """Two of three say so; one alone does not; and one alone makes no endpoint healthy unseen."""
    assert is_healthy([BAD, BAD, GOOD]) is False
    assert is_healthy([BAD, GOOD, GOOD]) is True
    assert is_healthy([BAD, NEVER, NEVER]) is None


def test_what_is_not_probed() -> None:
    """Disabled endpoints, disabled profiles, always-served endpoints."""
    one = endpoint("one")
    assert is_probed(profile(one), one)
    assert not is_probed(profile(one, enabled=False), one)
    assert not is_probed(profile(one), endpoint("one", enabled=False))
    assert not is_probed(profile(one), endpoint("one", always_serve=True))


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 9))
def test_the_status_follows_from_the_last_run_of_results(results: list[bool], allowed: int) -> None:
    """Degraded iff more than the allowed last results failed, else Online iff any was good."""
    history = ProbeHistory()
    for succeeded in results:
        history = history.after(succeeded=succeeded, tolerated_failures=allowed)

    trailing = len(results) - 1 - results[::-1].index(True) if True in results else -1
    failures = len(results) - 1 - trailing
    expected = False if failures > allowed else (True if True in results else None)
    assert history.is_healthy is expected


@pytest.mark.parametrize(
    ("interval", "timeout", "tolerated"), [(30, 10, 3), (10, 9, 3), (10, 5, 0), (30, 5, 1)]
)
def test_detection_of_a_dropping_machine_lies_in_its_bounds_and_reaches_both_ends(
    interval: int, timeout: int, tolerated: int
) -> None:
    """[N*I + T, (N+1)*I + T): a thousand faults at random instants of a fixed cadence."""
    drawn = random.Random(7)  # noqa: S311 - to be repeatable
    found = []
    for _ in range(1_000):
        fault_at, history, started_at = drawn.uniform(0, interval), GOOD, 0.0
        while history.is_healthy:
            started_at += interval
            fails = started_at >= fault_at
            history = history.after(succeeded=not fails, tolerated_failures=tolerated)
        found.append(started_at + timeout - fault_at)

    low = tolerated * interval + timeout
    assert low <= min(found) < low + 0.05 * interval
    assert low + 0.95 * interval < max(found) < low + interval
