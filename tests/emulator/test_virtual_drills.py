"""Whole drills of the core in virtual time: documented bounds hold, and both ends are reached."""

import pytest

from emulator.monitor import EndpointStatus
from emulator.rules import Rules
from emulator.truth import Kind
from tests.emulator.running import AMSTERDAM_FQDN, VIRGINIA_FQDN
from tests.emulator.virtual import Emulation, drill, monitor

DRILLS = 1_000
STATUS, SERVING, ANSWER = Kind.ENDPOINT_MONITOR_STATUS, Kind.SERVING, Kind.ANSWER
# interval, timeout, tolerated: the documents' own, and the ends of what may be set
SETTINGS = [(30, 10, 3), (10, 9, 3), (10, 5, 0), (30, 5, 1), (30, 10, 0), (10, 9, 9)]


def detection(ran: Emulation) -> float:
    """Return the seconds from the machine's silence to Degraded."""
    silent = ran.first(SERVING, "virginia", False)
    return ran.first(STATUS, "virginia", EndpointStatus.DEGRADED.value, silent) - silent


@pytest.mark.parametrize(("interval", "timeout", "tolerated"), SETTINGS)
def test_detection_lies_in_its_bounds_and_reaches_both_ends(
    interval: int, timeout: int, tolerated: int
) -> None:
    """[N*I + T, (N+1)*I + T) for packets that vanish: a thousand drills at random instants."""
    settings = monitor(interval, timeout, tolerated)

    found = [detection(drill(settings, seed)) for seed in range(DRILLS)]

    low = tolerated * interval + timeout
    assert low <= min(found) < low + 0.02 * interval
    assert low + 0.98 * interval < max(found) < low + interval


@pytest.mark.parametrize("settings", [(30, 10, 3), (10, 5, 0)])
def test_failback_takes_less_than_an_interval(settings: tuple[int, int, int]) -> None:
    """One good probe restores: [0, I) after the guest answers, also at both ends."""
    interval = settings[0]
    found = []
    for seed in range(300):
        ran = drill(monitor(*settings), seed)
        away = ran.first(SERVING, "virginia", False)
        serving = ran.first(SERVING, "virginia", True, away)
        found.append(ran.first(STATUS, "virginia", "Online", serving) - serving)

    assert min(found) < 0.05 * interval
    assert 0.95 * interval < max(found) < interval


def test_every_drill_goes_over_and_comes_back() -> None:
    """The answers follow the statuses in the same step."""
    for seed in range(50):
        ran = drill(monitor(10, 5, 0), seed)
        degraded = ran.first(STATUS, "virginia", "Degraded")
        switched = ran.first(ANSWER, "127.1.1.1:53", "amsterdam")
        assert switched == degraded
        online = ran.first(STATUS, "virginia", "Online", degraded)
        assert ran.first(ANSWER, "127.1.1.1:53", "virginia", degraded) == online
        assert ran.answer() == (VIRGINIA_FQDN, 100)


@pytest.mark.parametrize(("probers", "quorum"), [(3, None), (5, None), (3, 1), (3, 3)])
def test_several_probers_detect_when_their_quorum_does(probers: int, quorum: int | None) -> None:
    """Phases lie evenly: the k-th prober to fail is at most k/n of an interval behind the first."""
    interval, timeout, tolerated = 30, 10, 3
    needed = quorum or probers // 2 + 1
    rules = Rules(probers=probers, quorum=quorum)

    found = [detection(drill(monitor(30, 10, 3), seed, rules)) for seed in range(200)]

    low = tolerated * interval + timeout + (needed - 1) * interval / probers
    assert low <= min(found)
    assert max(found) < low + interval / probers


def test_a_prober_that_cannot_reach_an_endpoint_alone_degrades_nothing() -> None:
    """Only a majority does; and its word counts again when others join it."""
    made = Emulation(monitor(10, 5, 0), "alone", rules=Rules(probers=3))
    made.clock.run_until(30)
    key = made.profile.endpoints[0].key

    made.plane.probed(made.profile.key, key, succeeded=False, prober=0)
    assert made.status() == "Online"
    made.plane.probed(made.profile.key, key, succeeded=False, prober=2)
    assert made.status() == "Degraded"
    assert made.answer()[0] == AMSTERDAM_FQDN
    made.plane.probed(made.profile.key, key, succeeded=True, prober=0)
    assert made.status() == "Online"
