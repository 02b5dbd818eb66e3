"""What a tick can tell from a drill's newest samples."""

from dataclasses import replace

from shared.core.model import Phase
from shared.core.observe import last_seen, observe
from shared.core.plan import StopConditions
from shared.core.samples import Outcome, Sample
from tests.support.drills import SERVER, VIRGINIA, VIRGINIA_NAME, a_drill, a_sample, at, lab_samples

STEADY, FAILOVER = a_drill(Phase.STEADY), a_drill(Phase.FAILOVER)
FAILBACK = a_drill(Phase.FAILBACK)


def without(samples: list[Sample], series: str, seconds: range) -> list[Sample]:
    """Return the samples less those of one series in those seconds."""
    return [
        s
        for s in samples
        if s.series != series or not at(seconds[0]) <= s.asked_at <= at(seconds[-1])
    ]


def test_the_steady_state_began_with_the_first_good_sample() -> None:
    """Online, named by DNS and answering us: since the latest of their beginnings."""
    seen = observe(STEADY, lab_samples(range(3, 60)), at(62))

    assert seen.steady_for_seconds == 56


def test_a_gap_is_no_steady_state() -> None:
    """More than three intervals without a sample never count as healthy."""
    samples = without(lab_samples(range(60)), "health/virginia", range(20, 30))

    assert observe(STEADY, samples, at(62)).steady_for_seconds == 30


def test_a_failed_dns_sample_proves_nothing() -> None:
    """A lost answer neither ends the steady state nor is one."""
    samples = without(lab_samples(range(60)), f"dns/authoritative/{SERVER}", range(20, 21))
    samples.append(a_sample(f"dns/authoritative/{SERVER}", 20, "", Outcome.TIMEOUT))

    assert observe(STEADY, samples, at(62)).steady_for_seconds == 60


def test_a_failed_health_sample_restarts_the_steady_state() -> None:
    """What does not answer us is not steady."""
    samples = without(lab_samples(range(60)), "health/virginia", range(20, 21))
    samples.append(a_sample("health/virginia", 20, "", Outcome.TIMEOUT))

    assert observe(STEADY, samples, at(62)).steady_for_seconds == 39


def test_no_steady_state_without_every_series() -> None:
    """A series that says nothing is not taken for a good one."""
    samples = [s for s in lab_samples(range(60)) if s.series != "client/fresh"]

    assert observe(STEADY, samples, at(62)).steady_for_seconds is None


def test_old_samples_tell_nothing() -> None:
    """A sampler that died is no steady state."""
    seen = observe(STEADY, lab_samples(range(60)), at(106))

    assert (seen.steady_for_seconds, seen.endpoint_online, seen.dns_back) == (None, None, None)


def test_traffic_is_away_with_the_first_survivor_that_serves() -> None:
    """The hold is counted from that sample's answer."""
    samples = lab_samples(range(10, 20), at_virginia=False)

    assert observe(FAILOVER, samples, at(30)).away_at == at(10) + 10


def test_what_the_client_saw_before_the_fault_is_not_a_failover() -> None:
    """Only samples asked in the failover count."""
    drill = replace(FAILOVER, phase_since=at(15))

    assert observe(drill, lab_samples(range(10), at_virginia=False), at(30)).away_at is None


def test_everything_is_back() -> None:
    """Endpoint, DNS and client, each by its own series."""
    seen = observe(FAILBACK, lab_samples(range(60)), at(62))

    assert (seen.endpoint_online, seen.dns_back, seen.client_back_for_seconds) == (True, True, 60)


def test_one_isolated_client_failure_is_a_blip() -> None:
    """Two in a row restart the client's return; one does not."""
    blip = without(lab_samples(range(60)), "client/fresh", range(20, 21))
    blip.append(a_sample("client/fresh", 20, "", Outcome.TIMEOUT))
    two = without(blip, "client/fresh", range(21, 22))
    two.append(a_sample("client/fresh", 21, "", Outcome.TIMEOUT))

    assert observe(FAILBACK, blip, at(62)).client_back_for_seconds == 60
    assert observe(FAILBACK, two, at(62)).client_back_for_seconds == 38


def test_the_client_is_not_back_while_a_survivor_serves_it() -> None:
    """An answer from elsewhere ends the stretch."""
    seen = observe(FAILBACK, lab_samples(range(60), at_virginia=False), at(62))

    assert (seen.dns_back, seen.client_back_for_seconds) == (False, None)


def test_an_unhealthy_survivor_stops_the_drill() -> None:
    """Five of our own samples in a row, not ARM's word."""
    good = without(lab_samples(range(10, 30), at_virginia=False), "health/amsterdam", range(25, 30))
    bad = [a_sample("health/amsterdam", s, "", Outcome.TIMEOUT) for s in range(25, 30)]

    assert observe(FAILOVER, good + bad[1:], at(35)).stop == ""
    assert observe(FAILOVER, good + bad, at(35)).stop == "SurvivorUnhealthy"


def test_a_client_outage_over_its_budget_stops_the_drill() -> None:
    """The budget is counted from the first failure of the outage."""
    plan = replace(FAILOVER.plan, stop_conditions=StopConditions(client_outage_seconds_max=30))
    drill = replace(FAILOVER, plan=plan)
    down = [a_sample("client/fresh", s, "", Outcome.TIMEOUT) for s in range(10, 41)]

    assert observe(drill, down[:-1], at(45)).stop == ""
    assert observe(drill, down, at(45)).stop == "ClientOutageOverBudget"


def test_last_seen_tells_every_series_newest_answer() -> None:
    """What a person who looks at a running drill is shown."""
    samples = [*lab_samples(range(3)), a_sample("client/fresh", 3, "", Outcome.TIMEOUT)]

    told = last_seen(samples)

    assert (told["client/fresh"], told["monitor/virginia"]) == ("timeout", "Online")


def test_a_client_is_back_at_an_address_that_nobody_foresaw() -> None:
    """The primary was deallocated, and its own health samples tell where it is now."""
    by_name = replace(FAILBACK.snapshot.endpoints[0], address=VIRGINIA_NAME)
    snapshot = replace(FAILBACK.snapshot, endpoints=(by_name, FAILBACK.snapshot.endpoints[1]))
    moved = [
        s._replace(answer=s.answer.replace(VIRGINIA, "127.1.0.6")) for s in lab_samples(range(60))
    ]

    seen = observe(replace(FAILBACK, snapshot=snapshot), moved, at(62))

    assert seen.client_back_for_seconds == 60
