"""What a reader should know beyond the verdict."""

from dataclasses import replace

import pytest

from shared.core.intervals import Comparison, Verdict
from shared.core.report import build_report
from shared.core.samples import STALE, Outcome
from tests.support.drills import LAB, RESOLVER, SERVER, at
from tests.support.reports import (
    LAB_TIMELINE,
    LAB_WORLD,
    OTHER_RESOLVER,
    OTHER_SERVER,
    as_series,
    beside_the_lab,
    codes,
    failback,
    failover,
)
from tests.support.worlds import (
    Sampler,
    World,
    a_finished_drill,
    timeline,
)


def test_a_slow_phase_is_named() -> None:
    """Detection beyond its bounds makes the failover slower than promised."""
    late = World(
        degraded=260.0, authoritative_switched=260.0, resolver_switched=359.0, restore_sent=500.0,
        restore_accepted=500.1, restore_answered=500.2, running=520, serving=530, online=550,
        authoritative_back=550, resolver_back=600, end=700,
    )  # fmt: skip

    report = build_report(a_finished_drill(rto_seconds=150), timeline(late))

    assert "longer than the settings promise" in failover(report).because
    compared = report.compared[0]
    assert (compared.comparison, compared.phases) == (Comparison.SLOWER, ("detection",))
    (slow,) = [f for f in report.findings if f.code == "SlowerThanPromised"]
    assert slow.message.startswith("detection of the failover took at least 15")
    assert slow.message.endswith("the settings promise at most 130 s.")


def test_a_phase_faster_than_promised_is_a_finding() -> None:
    """Somebody else than probing took the endpoint out."""
    quick = World(degraded=150.0, authoritative_switched=150.0)

    report = build_report(a_finished_drill(), timeline(quick))

    (fast,) = [f for f in report.findings if f.code == "FasterThanPromised"]
    assert fast.message.endswith("the settings promise at least 100 s.")


def test_a_resolver_that_keeps_its_answer_past_the_ttl_is_a_finding() -> None:
    """Named with its excess; by itself no failed drill."""
    stale = World(resolver_switched=345.3)
    series = f"dns/recursive/{OTHER_RESOLVER}"
    recorded = beside_the_lab(*as_series(series, f"dns/recursive/{RESOLVER}", stale))

    report = build_report(a_finished_drill(), recorded)

    (finding,) = report.findings
    assert (finding.code, finding.subject) == ("ResolverPastTtl", OTHER_RESOLVER)
    assert finding.elapsed is not None
    assert 345.3 - 215.3 - 100 in finding.elapsed
    assert failover(report).verdict is Verdict.MET
    took = {b.milestone.vantage: b.elapsed for b in report.beside if b.milestone.of == "failover"}
    assert 345.3 - 215.3 in took[OTHER_RESOLVER]


def test_a_resolver_that_never_switched_is_past_its_ttl_without_bound() -> None:
    """It kept the old answer to the end of the failover."""
    series = f"dns/recursive/{OTHER_RESOLVER}"
    never = World(resolver_switched=9_000)
    recorded = beside_the_lab(*as_series(series, f"dns/recursive/{RESOLVER}", never))

    (finding,) = build_report(a_finished_drill(), recorded).findings

    assert finding.message.startswith(f"Resolver {OTHER_RESOLVER} kept its old answer at least 94")
    assert finding.elapsed is not None
    assert finding.elapsed.seconds_max is None


def test_a_resolver_that_says_that_its_answers_are_stale_is_a_finding() -> None:
    """With how many; whatever they say otherwise."""
    series = f"dns/recursive/{OTHER_RESOLVER}"
    honest = as_series(series, f"dns/recursive/{RESOLVER}", LAB_WORLD)
    stale = (s._replace(detail=STALE) if at(200) <= s.asked_at < at(204) else s for s in honest)

    (finding,) = build_report(a_finished_drill(), beside_the_lab(*stale)).findings

    assert (finding.code, finding.subject) == ("StaleAnswers", OTHER_RESOLVER)
    assert "said of 4 answers that they were past their TTL, from 2026-11-22T09:03:2" in (
        finding.message
    )


def test_no_resolver_is_blamed_before_every_server_has_switched() -> None:
    """It may have asked the one that had not."""
    never = World(authoritative_switched=9_000)
    samples = (
        *as_series(f"dns/authoritative/{OTHER_SERVER}", f"dns/authoritative/{SERVER}", never),
        *as_series(
            f"dns/recursive/{OTHER_RESOLVER}",
            f"dns/recursive/{RESOLVER}",
            World(resolver_switched=9_000),
        ),
    )

    report = build_report(a_finished_drill(), beside_the_lab(*samples))

    (disagree,) = [f for f in report.findings if f.code == "ServersDisagree"]
    assert disagree.subject == OTHER_SERVER
    assert disagree.elapsed is not None
    assert disagree.elapsed.seconds_max is None
    assert "ResolverPastTtl" not in codes(report)


def test_a_resolver_without_samples_is_not_blamed() -> None:
    """Nothing is known of it."""
    vantages = replace(LAB.vantages, resolvers=(RESOLVER, OTHER_RESOLVER))
    drill = replace(a_finished_drill(), snapshot=replace(LAB, vantages=vantages))

    report = build_report(drill, LAB_TIMELINE)

    assert "ResolverPastTtl" not in codes(report)
    assert codes(report)[0] == "ThinSampling"


def test_servers_that_switch_apart_disagree() -> None:
    """For as long as their intervals are apart."""
    later = World(authoritative_switched=225.3)
    series = f"dns/authoritative/{OTHER_SERVER}"
    recorded = beside_the_lab(*as_series(series, f"dns/authoritative/{SERVER}", later))

    (finding,) = build_report(a_finished_drill(), recorded).findings

    assert (finding.code, finding.subject) == ("ServersDisagree", OTHER_SERVER)
    assert finding.elapsed is not None
    assert 10.0 in finding.elapsed


@pytest.mark.parametrize("silent_from", [0, 60], ids=["never asked", "no answers"])
def test_a_server_of_which_nothing_is_known_hides_no_disagreement(silent_from: int) -> None:
    """Neither that of two that switched apart, nor of one that never switched."""
    stuck, silent = "127.1.1.3:53", "127.1.1.1:5353"
    of_lab = f"dns/authoritative/{SERVER}"
    never = World(authoritative_switched=9_000, authoritative_back=9_000)
    samples = (
        *as_series(f"dns/authoritative/{OTHER_SERVER}", of_lab, World(authoritative_switched=225)),
        *as_series(f"dns/authoritative/{stuck}", of_lab, never),
        *(
            s._replace(outcome=Outcome.TIMEOUT, answer="") if s.asked_at >= at(silent_from) else s
            for s in as_series(f"dns/authoritative/{silent}", of_lab, LAB_WORLD)
            if silent_from
        ),
    )
    servers = (SERVER, silent, OTHER_SERVER, stuck)
    vantages = replace(LAB.vantages, authoritative=servers)
    drill = replace(a_finished_drill(), snapshot=replace(LAB, vantages=vantages))

    of_three = build_report(drill, beside_the_lab(*samples))
    of_two = build_report(
        drill, beside_the_lab(*(s for s in samples if not s.series.endswith(stuck)))
    )

    (worst,) = [f for f in of_three.findings if f.code == "ServersDisagree"]
    assert (worst.subject, worst.elapsed and worst.elapsed.seconds_max) == (stuck, None)
    (apart,) = [f for f in of_two.findings if f.code == "ServersDisagree"]
    assert apart.subject == OTHER_SERVER
    assert apart.elapsed is not None
    assert 225 - 215.3 in apart.elapsed


def test_errors_of_the_client_in_failback_are_counted() -> None:
    """Both endpoints were to serve."""
    odd = LAB_TIMELINE.series("client/fresh")[540].id
    samples = tuple(
        s._replace(outcome=Outcome.FAILED) if s.id == odd else s for s in LAB_TIMELINE.samples
    )

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    (finding,) = report.findings
    assert finding.message == "1 of the fresh client's slots failed in the failback; none should."
    assert failback(report).verdict is Verdict.MET


def test_thin_sampling_is_said_first() -> None:
    """Then the gaps one by one."""
    recorded = timeline(LAB_WORLD, Sampler(gaps=((300.0, 330.0),)))

    report = build_report(a_finished_drill(), recorded)

    assert codes(report)[0] == "ThinSampling"
    assert codes(report).count("Gap") == 9
    assert report.findings[0].message.startswith("Only 9")


def test_flaps_are_findings() -> None:
    """With the instant of falling back."""
    series = f"dns/authoritative/{SERVER}"
    odd = LAB_TIMELINE.series(series)[150].id
    samples = tuple(
        s._replace(answer="127.1.0.5") if s.id == odd else s for s in LAB_TIMELINE.samples
    )

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    assert len(report.flaps) == 1
    assert codes(report) == ["Flap"]
