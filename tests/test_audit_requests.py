"""The audit of drills: who asked for what, from where, how it ended, and that a drill closed."""

import logging
from dataclasses import replace

import pytest

from shared.audit import AuditedStore
from shared.core.audit import verify
from shared.core.errors import (
    DrillNotFound,
    NothingHeld,
    ProfileBusy,
    StaleRow,
    StillThere,
    UpstreamUnavailable,
)
from shared.core.model import Drill, Ending, Phase
from shared.core.samples import Attempt
from tests.support.audited import ADA, AT_HOME, HERE, AuditBench, Failing, an_act
from tests.support.drills import VIRGINIA_VM, a_drill, at
from tests.support.memory import MemoryDrills
from tests.support.toys import PLAN


@pytest.fixture
def bench() -> AuditBench:
    """Return everything that is audited, over toys."""
    return AuditBench()


def test_a_start_is_told_with_who_and_from_where(bench: AuditBench) -> None:
    """And what it was."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    (act,) = bench.acts()
    assert (act.what, act.who, act.where, act.outcome) == ("startDrill", ADA, AT_HOME, Attempt.OK)
    assert act.detail == "profile lab, endpoint virginia, fault vmPowerOff"


def test_a_schedule_starts_from_here(bench: AuditBench) -> None:
    """No client asked."""
    bench.drills().start("d1", PLAN, "as sent", "schedule nightly")

    assert [(act.who, act.where) for act in bench.acts()] == [("schedule nightly", HERE)]


def test_the_same_start_again_does_nothing_and_is_not_told(bench: AuditBench) -> None:
    """A client that repeats its request has done nothing more."""
    for _ in range(2):
        bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    assert bench.told() == [("startDrill", "ok")]


def test_a_refused_start_is_logged_and_leaves_nothing(
    bench: AuditBench, caplog: pytest.LogCaptureFixture
) -> None:
    """A drill that never was has no chain; who tried is in the log."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with caplog.at_level(logging.WARNING), pytest.raises(ProfileBusy):
        bench.drills().start("d2", PLAN, "as sent", ADA, AT_HOME)

    assert bench.acts("d2") == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert all(word in line for word in ("ProfileBusy", ADA, AT_HOME, "startDrill", "d2"))


def test_a_drill_that_runs_is_not_denied_for_want_of_an_entry(bench: AuditBench) -> None:
    """It has started: its row says who did."""
    bench.chains = Failing()

    drill, is_new = bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    assert (drill.started_by, is_new) == (ADA, True)


def test_what_is_asked_of_a_drill_is_told_before_and_after(bench: AuditBench) -> None:
    """By whom, from where."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    bench.drills().stop("d1", ADA, AT_HOME)
    bench.drills().restore("d1", ADA, AT_HOME)

    assert bench.told()[1:] == [
        ("stopDrill", "unknown"),
        ("stopDrill", "ok"),
        ("restoreDrill", "unknown"),
        ("restoreDrill", "ok"),
    ]
    assert {(act.who, act.where) for act in bench.acts()} == {(ADA, AT_HOME)}


def test_who_says_that_a_machine_is_gone_is_told(bench: AuditBench) -> None:
    """Whoever vouches for that is answerable, also when it is not believed."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(StillThere):
        bench.drills().restore("d1", ADA, AT_HOME, gone=(VIRGINIA_VM,))

    announced, refused = bench.acts()[1:]
    assert (announced.who, announced.detail) == (ADA, f"gone: {VIRGINIA_VM}")
    assert (refused.outcome, refused.detail[:11]) == (Attempt.FAILED, "StillThere:")


def test_a_refusal_is_told_with_its_code(bench: AuditBench) -> None:
    """Nothing is held: asking for its release failed."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(NothingHeld):
        bench.drills().release("d1", ADA, AT_HOME)

    refused = bench.acts()[-1]
    assert (refused.what, refused.outcome) == ("releaseFailback", Attempt.FAILED)
    assert refused.detail.startswith("NothingHeld: ")


def test_a_request_whose_end_is_not_known_says_so(bench: AuditBench) -> None:
    """Storage did not answer: it may have stopped the drill or not."""

    class Deaf(MemoryDrills):
        def save(self, drill: Drill) -> Drill:
            super().save(drill)
            raise UpstreamUnavailable("The answer was lost.")

    bench.store = Deaf()
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(UpstreamUnavailable):
        bench.drills().stop("d1", ADA, AT_HOME)

    assert bench.acts()[-1].outcome is Attempt.UNKNOWN
    assert "lost" in bench.acts()[-1].detail


def test_a_request_that_died_is_told_by_its_announcement(bench: AuditBench) -> None:
    """Who stopped the drill is known, whatever became of the host."""

    class Dying(MemoryDrills):
        def save(self, drill: Drill) -> Drill:
            raise KeyboardInterrupt

    bench.store = Dying()
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(KeyboardInterrupt):
        bench.drills().stop("d1", ADA, AT_HOME)

    assert bench.told()[1:] == [("stopDrill", "unknown")]


def test_a_stop_works_without_its_entry(bench: AuditBench) -> None:
    """Stopping is mending."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    bench.chains = Failing()

    assert bench.drills().stop("d1", ADA, AT_HOME).stop_requested == "OperatorStop"


def test_what_is_asked_of_no_drill_leaves_nothing(
    bench: AuditBench, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody fills the tables by asking for names; the log has it."""
    with caplog.at_level(logging.WARNING), pytest.raises(DrillNotFound):
        bench.drills().stop("no-such-drill", ADA, AT_HOME)

    assert bench.acts("no-such-drill") == []
    assert "stopDrill" in caplog.text


def closing(bench: AuditBench) -> Drill:
    """Return an open drill as it is about to be closed."""
    drill = bench.store.create(a_drill(Phase.FAILBACK))
    return drill.enter(Phase.CLOSED, at(10), Ending.STOPPED, "OperatorStop")


def test_a_closed_drill_names_its_last_entry(bench: AuditBench) -> None:
    """So an end of its chain that is cut off is missed."""
    bench.audit.append("d1", an_act())
    closed = AuditedStore(bench.store, bench.audit).save(closing(bench))

    entries = bench.chains.read("d1")
    assert bench.told()[1:] == [("closeDrill", "unknown"), ("closeDrill", "ok")]
    assert {act.detail for act in bench.acts()[1:]} == {"stopped OperatorStop"}
    assert bench.store.load("d1") == closed
    assert verify("d1", entries, closed.audit_head).broken_at is None
    assert verify("d1", entries[:1], closed.audit_head).broken_at == 2


def test_a_drill_closes_without_its_entry(bench: AuditBench) -> None:
    """Its profile must not stay locked."""
    bench.chains = Failing()

    closed = AuditedStore(bench.store, bench.audit).save(closing(bench))

    assert (closed.phase, closed.audit_head) == (Phase.CLOSED, "")


def test_a_drill_that_another_host_closed_was_not_closed_here(bench: AuditBench) -> None:
    """Both have said what they are about to do; one has failed."""
    drill = closing(bench)
    closed = AuditedStore(bench.store, bench.audit).save(drill)
    with pytest.raises(StaleRow):
        AuditedStore(bench.store, bench.audit).save(drill)

    assert [str(act.outcome) for act in bench.acts()] == ["unknown", "ok", "unknown", "failed"]
    assert verify("d1", bench.chains.read("d1"), closed.audit_head).broken_at is None


def test_a_drill_that_goes_on_is_saved_and_no_more(bench: AuditBench) -> None:
    """No tick writes an entry."""
    drill = bench.store.create(a_drill(Phase.FAILBACK))
    AuditedStore(bench.store, bench.audit).save(replace(drill, needs_attention=True))

    assert bench.acts() == []
