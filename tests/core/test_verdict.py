"""Whether a promise was kept, and why one may say so."""

from dataclasses import replace

import pytest

from shared.core.intervals import Elapsed, Verdict
from shared.core.milestones import Switch
from shared.core.model import Phase
from shared.core.report import build_report
from tests.support.drills import a_drill, at
from tests.support.reports import (
    LAB_TIMELINE,
    LAB_WORLD,
    codes,
    failback,
    failover,
)
from tests.support.worlds import (
    Sampler,
    a_finished_drill,
    timeline,
    until,
)


def test_because_names_bound_proof_and_phase() -> None:
    """One plain sentence."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert failover(report).because == (
        "Met: the fresh client was on a survivor at most 188.007 s after the fault took effect "
        "(300 s promised), proved by client/fresh@2026-11-22T09:04:49.000Z#one; "
        "detection took longest, 109.999 to 115.007 s."
    )


def test_the_failover_is_also_told_from_the_request() -> None:
    """The machine took its time to stop."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert 288.4 - 90.1 in (failover(report).since_request or Elapsed(0, 0))


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


def test_the_failback_has_its_own_promise() -> None:
    """Or the failover's where none is given."""
    report = build_report(a_finished_drill(failback_rto_seconds=60), LAB_TIMELINE)

    assert failback(report).rto_seconds == 60
    assert failback(report).verdict is Verdict.MISSED
    assert "proved by client/fresh@2026-11-22T09:08:50.000Z#one" in failback(report).because


def test_a_promise_missed_without_any_phase_is_still_said() -> None:
    """The client alone was watched."""
    keep = ("client/fresh", "health/virginia")
    samples = tuple(s for s in LAB_TIMELINE.samples if s.series in keep)

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    assert failover(report).because.endswith("proved by client/fresh@2026-11-22T09:04:49.000Z#one.")
