"""The lab's drill, reported whole: verdicts, where the time went, and every odd ending."""

from dataclasses import replace

from shared.core.audit import Verified, following
from shared.core.intervals import Comparison, Elapsed, Verdict, meets
from shared.core.milestones import Switch
from shared.core.model import Drill, Ending
from shared.core.report import build_report
from shared.core.samples import Act, ActionKind, Entry, Timeline
from tests.support.drills import a_drill, at
from tests.support.reports import (
    LAB_TIMELINE,
    codes,
    failback,
    failover,
)
from tests.support.worlds import (
    World,
    a_finished_drill,
    an_action,
    timeline,
    until,
)


def test_the_labs_drill_met_its_promise() -> None:
    """Failover and failback, each with both bounds."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert [o.verdict for o in report.objectives] == [Verdict.MET, Verdict.MET]
    assert 288.4 - 101.95 in (failover(report).elapsed or Elapsed(0, 0))
    assert 530.7 - 412.1 in (failback(report).elapsed or Elapsed(0, 0))
    assert report.findings == ()


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


def test_the_sampling_error_is_told() -> None:
    """The widest milestone is the one that a time-out proves."""
    error = build_report(a_finished_drill(), LAB_TIMELINE).sampling_error

    assert error is not None
    assert (error.seconds_max, error.widest) == (3.001, "faultEffective at virginia")
    assert error.seconds_median < 1.1


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


def test_an_action_of_the_watchdog_alone_is_a_restore() -> None:
    """The drill's host was down."""
    watchdog = an_action(ActionKind.ROLL_BACK, 412, 412.2, by="watchdog")
    recorded = replace(LAB_TIMELINE, actions=(LAB_TIMELINE.actions[0], watchdog))

    report = build_report(a_finished_drill(), recorded)

    assert failback(report).verdict is Verdict.MET


def audited(*what: str) -> tuple[Entry, ...]:
    """Return a whole chain of the lab's drill."""
    entries: list[Entry] = []
    for each in what:
        act = Act(at=at(0), who="ada", where="home", what=each, subject="d1")
        entries.append(following("d1", entries[-1] if entries else None, act))
    return tuple(entries)


def test_a_whole_audit_is_told_with_its_last_hash() -> None:
    """Whoever keeps that elsewhere can be sure of all before it."""
    entries = audited("startDrill", "stopDrill")
    drill = replace(a_finished_drill(), audit_head=entries[-1].hash)

    report = build_report(drill, replace(LAB_TIMELINE, audit=entries))

    assert report.audit == Verified(2, None, entries[-1].hash)
    assert "AuditChainBroken" not in codes(report)


def test_a_broken_audit_comes_first() -> None:
    """An entry was removed; where is said."""
    first, _, last = audited("startDrill", "inject", "closeDrill")

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, audit=(first, last)))

    assert codes(report)[0] == "AuditChainBroken"
    assert "broken at 2" in report.findings[0].message


def test_an_end_of_the_audit_that_was_cut_off_is_missed() -> None:
    """The drill's row knows the entry it closed with."""
    first, last = audited("startDrill", "closeDrill")
    drill = replace(a_finished_drill(), audit_head=last.hash)

    report = build_report(drill, replace(LAB_TIMELINE, audit=(first,)))

    assert report.audit.broken_at == 2
    assert "AuditChainBroken" in codes(report)
