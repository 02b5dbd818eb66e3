"""The report of an unplanned failover: true bounds, as wide as the baseline's interval."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from shared.core.intervals import MS_PER_SECOND, Comparison
from shared.core.milestones import Switch
from shared.core.report import Report
from shared.core.samples import Sample
from shared.core.unplanned import Failover, find_failovers
from shared.core.unplanned_report import Case, report_failover
from shared.render.wire import to_wire
from tests.support.baseline_worlds import CONFIGURATION, IN_FORCE, Baseline, an_outage
from tests.support.drills import START, at
from tests.support.strategies import looks, outages
from tests.support.worlds import World

TRUTHS = {
    "faultEffective": "effective",
    "endpointDegraded": "degraded",
    "authoritativeSwitched": "authoritative_switched",
    "resolverSwitched": "resolver_switched",
    "endpointServing": "serving",
    "endpointOnline": "online",
    "authoritativeBack": "authoritative_back",
    "resolverBack": "resolver_back",
}
patient = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def found(samples: list[Sample]) -> list[Failover]:
    """Return what is recognised."""
    return find_failovers(samples, IN_FORCE, ())


def reported(samples: list[Sample], rto_seconds: int | None = None) -> Report:
    """Return the report of the first failover."""
    case = Case(failover=found(samples)[0], configuration=CONFIGURATION, rto_seconds=rto_seconds)
    return report_failover(case, samples)


def names(report: Report, of: Switch) -> list[str]:
    """Return the milestones of a switch that were reached."""
    return [milestone.name for milestone in report.milestones if milestone.of is of]


def test_it_has_a_drill_s_milestones_without_its_requests() -> None:
    """Both ways, whole."""
    report = reported(Baseline().samples(an_outage()))

    assert names(report, Switch.FAILOVER) == [
        "faultEffective",
        "endpointDegraded",
        "authoritativeSwitched",
        "resolverSwitched",
        "clientOnSurvivor",
    ]
    assert names(report, Switch.FAILBACK) == [
        "endpointServing",
        "endpointOnline",
        "authoritativeBack",
        "resolverBack",
        "clientOnPrimary",
    ]
    assert report.not_reached == ()
    assert report.findings == ()


def test_it_has_phase_times_and_totals() -> None:
    """From the endpoint failing to its clients being served, and back."""
    report = reported(Baseline().samples(an_outage()))

    assert [phase.name for phase in report.phases] == [
        "detection",
        "dnsSwitch",
        "cacheDrain",
        "clientRecovery",
        "reinstatement",
        "dnsReturn",
        "cacheDrain",
        "clientReturn",
    ]
    failover, failback = (objective.elapsed for objective in report.objectives)
    assert failover is not None
    assert 1_420 - 1_230 in failover
    assert failback is not None
    assert 3_130 - 3_020 in failback
    assert {each.comparison for each in report.compared} == {Comparison.WITHIN}


def test_formulas_are_held_against_what_was_seen() -> None:
    """Probes may have run into silence or been refused: ours allows for both."""
    slow = an_outage(degraded=2_400.0, authoritative_switched=2_400.0, resolver_switched=2_430.0)
    usual, late = (reported(Baseline().samples(world)) for world in (an_outage(), slow))

    ours = usual.envelope.formulas[-1]
    assert ours.text.startswith("[N * I, (N + 1) * I + T] + ")
    assert ours.elapsed == usual.envelope.failover_total
    assert {str(formula.observation) for formula in late.envelope.formulas} == {"refuted"}
    # Its bounds are four minutes apart.
    assert str(ours.observation) == "undecided"


def test_a_way_whose_beginning_was_not_seen_is_held_against_the_rest() -> None:
    """Formulas begin with the fault; of the phases only those that were seen are promised."""
    disabled = an_outage(effective=9_000.0)

    report = reported(Baseline().samples(disabled))

    assert {str(formula.observation) for formula in report.envelope.formulas} == {"undecided"}
    (there,) = [each for each in report.compared if each.of is Switch.FAILOVER]
    (back,) = [each for each in report.compared if each.of is Switch.FAILBACK]
    assert there.promised == report.envelope.total_of("failover", ["cacheDrain", "clientRecovery"])
    assert there.comparison is Comparison.WITHIN
    assert back.promised.seconds_max is not None


def test_a_time_out_is_known_a_minute_later() -> None:
    """One packet may be lost: silence counts while it lasts, so its ends are two minutes wide."""
    report = reported(Baseline().samples(an_outage()))

    widths = {m.name: m.interval.width_seconds for m in report.milestones}
    silence = {widths.pop("faultEffective"), widths.pop("endpointServing")}
    assert max(silence) < 2 * 60 + 3
    assert max(widths.values()) < 61


def test_an_rto_can_be_judged() -> None:
    """Nobody had promised one, but one may ask."""
    samples = Baseline().samples(an_outage())

    verdicts = {rto: reported(samples, rto).objectives[0].verdict for rto in (50, 200, 600)}

    assert verdicts == {50: "missed", 200: "inconclusive", 600: "met"}


def test_an_endpoint_that_was_disabled_never_failed_us() -> None:
    """The way there then begins where Traffic Manager left it out."""
    world = an_outage(effective=9_000.0)
    samples = [
        s._replace(answer="Disabled") if s.answer == "Degraded" else s
        for s in Baseline().samples(world)
    ]

    report = reported(samples)

    assert found(samples)[0].monitor_status == "Disabled"
    assert report.paths[Switch.FAILOVER].start == "endpointDegraded"
    assert [phase.name for phase in report.phases][:3] == [
        "dnsSwitch",
        "cacheDrain",
        "clientRecovery",
    ]
    assert [missing.name for missing in report.not_reached] == [
        "faultEffective",
        "endpointServing",
    ]


def test_without_statuses_the_way_is_shorter() -> None:
    """Above so many profiles ARM is not asked; detection and DNS cannot be told apart then."""
    samples = [s for s in Baseline().samples(an_outage()) if not s.series.startswith("monitor")]

    report = reported(samples)

    assert [phase.name for phase in report.phases] == [
        "cacheDrain",
        "clientRecovery",
        "cacheDrain",
        "clientReturn",
    ]
    failover, _ = (objective.elapsed for objective in report.objectives)
    assert failover is not None
    assert 1_420 - 1_230 in failover


def test_while_it_is_away_the_way_back_is_open() -> None:
    """The report so far; nothing is said of a return."""
    samples = [s for s in Baseline().samples(an_outage()) if s.asked_at < at(2_000)]

    report = reported(samples)

    assert len(names(report, Switch.FAILOVER)) == 5
    assert names(report, Switch.FAILBACK) == []
    assert [o.elapsed is None for o in report.objectives] == [False, True]


def test_only_samples_around_it_belong_to_it() -> None:
    """Hours of good health before and after tell nothing of it."""
    world = an_outage(end=20_000.0)
    samples = Baseline().samples(world)

    report = reported(samples)

    assert report.coverage.count < len(samples) / 2
    assert report.coverage.gaps == ()


def test_a_gap_is_stated() -> None:
    """And the bounds hold it."""
    samples = Baseline(gaps=((1_200.0, 1_500.0),)).samples(an_outage())

    report = reported(samples)

    assert report.coverage.gaps
    assert report.coverage.is_thin


@patient
@given(outages(), looks())
def test_every_interval_holds_its_truth(world: World, look: Baseline) -> None:
    """Gaps and jitter may widen what is said, never falsify it."""
    samples = look.samples(world)

    for failover in found(samples):
        case = Case(failover=failover, configuration=CONFIGURATION)
        for milestone in report_failover(case, samples).milestones:
            if milestone.name in TRUTHS:
                truth = START + MS_PER_SECOND * getattr(world, TRUTHS[milestone.name])
                after, not_after = milestone.interval
                assert after <= truth <= not_after, milestone


@patient
@given(outages(), looks())
def test_what_dns_showed_is_recognised(world: World, look: Baseline) -> None:
    """If only one answer named the survivor, there is one failover, and its bounds are true."""
    samples = look.samples(world)
    away = [s for s in samples if s.series.startswith("dns/auth") and "amsterdam" in s.answer]
    is_seen = bool(away) and any(
        s.asked_at < away[0].asked_at for s in samples if s.series.startswith("dns/auth")
    )

    failovers = found(samples)

    assert len(failovers) == int(is_seen)
    for failover in failovers:
        truth = START + MS_PER_SECOND * world.authoritative_switched
        assert failover.left.after <= truth <= failover.left.not_after


@pytest.mark.parametrize("again", [1, 2])
def test_the_report_is_a_pure_function(again: int) -> None:
    """The same samples in another order give the same bytes."""
    samples = Baseline().samples(an_outage())
    one = reported(samples)
    other = reported(sorted(samples, key=lambda s: (hash(s.series) * again, s.asked_at)))

    assert json.dumps(to_wire(one)) == json.dumps(to_wire(other))


def test_the_interval_is_the_configuration_s() -> None:
    """What was asked every ten seconds is judged as such."""
    quick = replace(CONFIGURATION, interval_seconds=10)
    samples = Baseline().samples(an_outage())
    case = Case(failover=found(samples)[0], configuration=quick)

    assert report_failover(case, samples).coverage.is_thin
