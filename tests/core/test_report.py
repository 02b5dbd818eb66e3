"""The lab's drill, reported: verdicts, where the time went, what else to know."""

from dataclasses import replace

import pytest

from shared.core.intervals import Comparison, Elapsed, Verdict, meets
from shared.core.milestones import Switch
from shared.core.model import Drill, Ending, Phase
from shared.core.report import Report, build_report
from shared.core.samples import ActionKind, Outcome, Sample, Timeline
from shared.core.verdict import Objective
from tests.support.drills import LAB, RESOLVER, SERVER, a_drill, at
from tests.support.worlds import (
    Sampler,
    World,
    a_finished_drill,
    an_action,
    timeline,
    until,
)

LAB_WORLD = World()
LAB_TIMELINE = timeline(LAB_WORLD)
OTHER_SERVER, OTHER_RESOLVER = "127.1.1.2:53", "127.1.2.2:53"


def failover(report: Report) -> Objective:
    """Return the failover's objective."""
    return report.objectives[0]


def failback(report: Report) -> Objective:
    """Return the failback's objective."""
    return report.objectives[1]


def codes(report: Report) -> list[str]:
    """Return the findings' codes."""
    return [finding.code for finding in report.findings]


def as_series(series: str, of: str, world: World) -> tuple[Sample, ...]:
    """Return another world's series under a new name, to stand beside the lab's."""
    return tuple(s._replace(series=series) for s in timeline(world).series(of))


def beside_the_lab(*samples: Sample) -> Timeline:
    """Return the lab's timeline with more samples."""
    return replace(LAB_TIMELINE, samples=(*LAB_TIMELINE.samples, *samples))


def test_the_labs_drill_met_its_promise() -> None:
    """Failover and failback, each with both bounds."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert [o.verdict for o in report.objectives] == [Verdict.MET, Verdict.MET]
    assert 288.4 - 101.95 in (failover(report).elapsed or Elapsed(0, 0))
    assert 530.7 - 412.1 in (failback(report).elapsed or Elapsed(0, 0))
    assert report.findings == ()


def test_because_names_bound_proof_and_phase() -> None:
    """One plain sentence."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert failover(report).because == (
        "Met: the fresh client was on a survivor at most 188.007 s after the fault took effect "
        "(300 s promised), proved by client/fresh@2026-11-22T09:04:49.000Z#one; "
        "detection took longest, 109.999 to 115.007 s."
    )


def test_where_the_time_went() -> None:
    """Every phase on its own, and each within what the settings promise."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert [(p.of, p.name) for p in report.phases] == [
        ("failover", "detection"),
        ("failover", "dnsSwitch"),
        ("failover", "cacheDrain"),
        ("failover", "clientRecovery"),
        ("failback", "boot"),
        ("failback", "reinstatement"),
        ("failback", "dnsReturn"),
        ("failback", "cacheDrain"),
        ("failback", "clientReturn"),
    ]
    assert all(meets(p.elapsed, p.promised) for p in report.phases)
    assert {c.of: c.comparison for c in report.compared} == {
        Switch.FAILOVER: Comparison.WITHIN,
        Switch.FAILBACK: Comparison.WITHIN,
    }


def test_the_failover_is_also_told_from_the_request() -> None:
    """The machine took its time to stop."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert 288.4 - 90.1 in (failover(report).since_request or Elapsed(0, 0))


def test_the_sampling_error_is_told() -> None:
    """The widest milestone is the one that a time-out proves."""
    error = build_report(a_finished_drill(), LAB_TIMELINE).sampling_error

    assert error is not None
    assert (error.seconds_max, error.widest) == (3.001, "faultEffective at virginia")
    assert error.seconds_median < 1.1


@pytest.mark.parametrize(
    ("rto", "verdict", "words"),
    [
        (190, Verdict.MET, "at most 188.007 s after the fault took effect (190 s promised)"),
        (150, Verdict.MISSED, "at least 183.999 s after the fault took effect (150 s promised)"),
        (185, Verdict.INCONCLUSIVE, "samples every 0.75 s instead of 1 s could have decided it"),
    ],
)
def test_a_verdict_needs_bounds_on_one_side(rto: int, verdict: Verdict, words: str) -> None:
    """What sampling leaves open is inconclusive, and says what could have decided it."""
    objective = failover(build_report(a_finished_drill(rto_seconds=rto), LAB_TIMELINE))

    assert objective.verdict is verdict
    assert objective.because.startswith(verdict.capitalize())
    assert words in objective.because


def test_a_gap_that_left_it_open_is_named() -> None:
    """Not finer sampling, but sampling there could have decided it."""
    recorded = timeline(LAB_WORLD, Sampler(gaps=((270.0, 300.0),)))

    objective = failover(build_report(a_finished_drill(rto_seconds=190), recorded))

    assert objective.verdict is Verdict.INCONCLUSIVE
    assert (
        "samples of client/fresh in its gap from 2026-11-22T09:04:29.000Z to "
        "2026-11-22T09:05:00.000Z could have decided it"
    ) in objective.because


def test_a_gap_in_another_series_is_not_blamed() -> None:
    """Only what proves the milestone can have left it open."""
    recorded = timeline(LAB_WORLD)
    samples = tuple(
        s for s in recorded.samples if s.series != "power/virginia-vm" or s.asked_at > at(350)
    )
    drill = a_finished_drill(rto_seconds=185)

    objective = failover(build_report(drill, replace(recorded, samples=samples)))

    assert "samples every" in objective.because


def test_observation_that_ended_before_a_whole_stretch_is_inconclusive() -> None:
    """With how much more would have been needed."""
    stopped = a_finished_drill(rto_seconds=300)

    objective = failover(build_report(stopped, until(LAB_TIMELINE, 310)))

    assert objective.verdict is Verdict.INCONCLUSIVE
    assert objective.elapsed == Elapsed(183.999, None)
    assert objective.because.endswith(
        "clientRecovery was not over; 21 s were seen of the 60 s that prove it, "
        "39 s more of sampling could have decided it."
    )


def test_observation_that_ended_before_any_recovery_is_inconclusive() -> None:
    """While the promised time was not yet over."""
    running = a_drill(Phase.FAILOVER)

    objective = failover(build_report(running, until(LAB_TIMELINE, 200)))

    assert objective.verdict is Verdict.INCONCLUSIVE
    assert objective.because.endswith(
        "detection was not over; sampling on, to 300 s and the 60 s that prove it, "
        "could have decided it (the drill is still running)."
    )


def test_a_recovery_that_did_not_come_in_time_is_missed() -> None:
    """However long it would have taken."""
    objective = failover(build_report(a_finished_drill(rto_seconds=100), until(LAB_TIMELINE, 280)))

    assert objective.verdict is Verdict.MISSED
    assert objective.because.startswith(
        "Missed: the fresh client was not seen to stay on a survivor"
    )
    assert "cacheDrain was not over" in objective.because


def test_a_drill_that_injected_nothing_is_reported() -> None:
    """It says so, and judges nothing."""
    drill = replace(a_finished_drill(), ending=Ending.NO_STEADY_STATE)
    recorded = replace(until(LAB_TIMELINE, 80), actions=(), transitions=())

    report = build_report(drill, recorded)

    assert [o.verdict for o in report.objectives] == [Verdict.INCONCLUSIVE] * 2
    assert failover(report).because == (
        "Inconclusive: faultEffective was not seen, nothing was injected."
    )
    assert not report.phases
    assert not report.milestones
    assert report.sampling_error is None
    assert report.client_downtime[0].elapsed == Elapsed(0.0, 0.0)


def test_a_drill_without_a_record_is_reported() -> None:
    """The first tick may ask before the first sample is written."""
    report = build_report(a_drill(), Timeline())

    assert report.coverage.count == 0
    assert failover(report).because.endswith("nothing was injected (the drill is still running).")


def test_a_drill_in_failover_has_no_failback_yet() -> None:
    """The failback's objective is open."""
    report = build_report(a_drill(Phase.HOLD), until(LAB_TIMELINE, 400))

    assert failover(report).verdict is Verdict.MET
    assert failback(report).verdict is Verdict.INCONCLUSIVE
    assert failback(report).because == (
        "Inconclusive: restoreRequested was not seen, nothing was asked to be restored "
        "(the drill is still running)."
    )
    assert {p.of for p in report.phases} == {Switch.FAILOVER}


def test_a_failback_without_clients_samples_is_open() -> None:
    """Its start is known, its end cannot be."""
    samples = tuple(s for s in LAB_TIMELINE.samples if s.series != "client/fresh")

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    assert failback(report).because == (
        "Inconclusive: clientOnPrimary was not seen, there is no sample of client/fresh."
    )


def test_a_failback_that_nobody_of_ours_asked_for_counts_from_the_machine_running() -> None:
    """And says so, in the sentence and as a finding."""
    recorded = replace(LAB_TIMELINE, actions=LAB_TIMELINE.actions[:1])

    report = build_report(a_finished_drill(), recorded)

    assert failback(report).verdict is Verdict.MET
    assert "after the machine ran again" in failback(report).because
    assert failback(report).since_request is None
    assert 530.7 - 433.8 in (failback(report).elapsed or Elapsed(0, 0))
    assert "RestoredByOthers" in codes(report)
    boot = next(p for p in report.phases if p.name == "boot")
    assert boot.start.name == "vmRunning"


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


def test_the_failback_has_its_own_promise() -> None:
    """Or the failover's where none is given."""
    report = build_report(a_finished_drill(failback_rto_seconds=60), LAB_TIMELINE)

    assert failback(report).rto_seconds == 60
    assert failback(report).verdict is Verdict.MISSED
    assert "proved by client/fresh@2026-11-22T09:08:50.000Z#one" in failback(report).because


def test_a_machine_that_was_stopped_and_rolled_back_early_has_both_totals() -> None:
    """The failover was missed or left open; the failback is measured all the same."""
    early = World(
        degraded=9_000, authoritative_switched=9_000, resolver_switched=9_000,
        restore_sent=150, restore_accepted=150.1, restore_answered=150.2,
        running=170, serving=180, end=260,
    )  # fmt: skip
    drill: Drill = replace(a_finished_drill(), ending=Ending.STOPPED)

    report = build_report(drill, timeline(early))

    assert failover(report).verdict is Verdict.INCONCLUSIVE
    assert failback(report).verdict is Verdict.MET
    assert [p.name for p in report.phases] == ["boot"]


def test_a_promise_missed_without_any_phase_is_still_said() -> None:
    """The client alone was watched."""
    keep = ("client/fresh", "health/virginia")
    samples = tuple(s for s in LAB_TIMELINE.samples if s.series in keep)

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    assert failover(report).because.endswith("proved by client/fresh@2026-11-22T09:04:49.000Z#one.")


def test_an_action_of_the_watchdog_alone_is_a_restore() -> None:
    """The drill's host was down."""
    watchdog = an_action(ActionKind.ROLL_BACK, 412, 412.2, by="watchdog")
    recorded = replace(LAB_TIMELINE, actions=(LAB_TIMELINE.actions[0], watchdog))

    report = build_report(a_finished_drill(), recorded)

    assert failback(report).verdict is Verdict.MET
