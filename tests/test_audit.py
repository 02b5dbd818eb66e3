"""The audit: who did what when, from where, and what came of it, whatever fails or dies."""

import json
import logging
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from shared.audit import ATTEMPTS, Audit, AuditedActions, AuditedDrills, AuditedStore
from shared.core.audit import following, members, verify
from shared.core.errors import (
    DrillNotFound,
    NothingHeld,
    ProfileBusy,
    StaleRow,
    StillThere,
    UpstreamUnavailable,
)
from shared.core.model import Broken, Drill, Ending, Phase
from shared.core.plan import Failback, FaultKind
from shared.core.samples import Act, Attempt, Entry, Instant
from shared.drill_ports import Dependencies
from shared.drills import Drills
from shared.ledger import Ledger
from shared.ledger_ports import Dependencies as LedgerDependencies
from tests.support.drills import VIRGINIA_VM, a_drill, an_undo_record, at
from tests.support.machines import Told, ToyClock, ToyMachine, ToySetting
from tests.support.memory import MemoryAudit, MemoryDrills, MemoryTimeline, MemoryUndos
from tests.test_drills import PLAN, ToyPreflight

HERE, ADA, AT_HOME = "instance a process 1", "ada@example.com", "198.51.100.7"
CHECK = an_undo_record().health_check


class Failing(MemoryAudit):
    """Chains that cannot be written."""

    def create(self, chain: str, entry: Entry) -> None:
        """Fail."""
        raise UpstreamUnavailable("Tables do not answer.")


@dataclass
class Bench:
    """Everything that is audited, over toys."""

    chains: MemoryAudit = field(default_factory=MemoryAudit)
    store: MemoryDrills = field(default_factory=MemoryDrills)
    undos: MemoryUndos = field(default_factory=MemoryUndos)
    machine: ToyMachine = field(default_factory=ToyMachine)
    setting: ToySetting = field(default_factory=ToySetting)
    clock: ToyClock = field(default_factory=ToyClock)

    @property
    def audit(self) -> Audit:
        """The audit of a process that has just started."""
        return Audit(self.chains, self.clock.now, HERE)

    def ledger(self) -> Ledger:
        """Return the ledger, as after a restart."""
        return Ledger(
            LedgerDependencies(
                store=self.undos,
                tools={
                    FaultKind.VM_POWER_OFF: self.machine,
                    FaultKind.ENDPOINT_DISABLE: self.setting,
                },
                actions=AuditedActions(MemoryTimeline(), self.audit),
                answers=lambda check: self.machine.state == "running",
                is_lever_engaged=self.store.is_lever_engaged,
                clock=self.clock,
            )
        )

    def drills(self) -> AuditedDrills:
        """Return the drills, as after a restart."""
        drills = Drills(
            Dependencies(
                store=AuditedStore(self.store, self.audit),
                records=MemoryTimeline(),
                ledger=self.ledger(),
                preflight=ToyPreflight(),
                health_check=lambda drill: CHECK,
                now=self.clock.now,
            )
        )
        return AuditedDrills(drills, self.audit)

    def acts(self, chain: str = "d1") -> list[Act]:
        """Return what a chain, which must be whole, tells."""
        entries = self.chains.read(chain)
        assert verify(chain, entries).broken_at is None
        return [entry.act for entry in entries]

    def told(self, chain: str = "d1") -> list[tuple[str, str]]:
        """Return what was done, and what came of it."""
        return [(act.what, str(act.outcome)) for act in self.acts(chain)]


@pytest.fixture
def bench() -> Bench:
    """Return everything that is audited, over toys."""
    return Bench()


def an_act(**changed: str) -> Act:
    """Return an act of somebody's."""
    act = Act(at=at(0), who=ADA, where=AT_HOME, what="stopDrill", subject="d1")
    return replace(act, **changed)  # type: ignore[arg-type]


def test_an_answer_that_was_lost_is_looked_for(bench: Bench) -> None:
    """The entry is there: it is neither written twice nor taken for missing."""

    class Deaf(MemoryAudit):
        def create(self, chain: str, entry: Entry) -> None:
            super().create(chain, entry)
            raise UpstreamUnavailable("The answer was lost.")

    bench.chains = Deaf()
    bench.audit.append("d1", an_act())
    bench.audit.append("d1", an_act())

    assert [entry.sequence for entry in bench.chains.read("d1")] == [1, 2]


def test_a_request_that_was_lost_while_another_wrote_is_made_again(bench: Bench) -> None:
    """What stands in its place is not its own."""

    class Overtaken(MemoryAudit):
        is_first = True

        def create(self, chain: str, entry: Entry) -> None:
            if self.is_first:
                self.is_first = False
                super().create(chain, following(chain, None, an_act(who="another")))
                raise UpstreamUnavailable("No answer.")
            super().create(chain, entry)

    bench.chains = Overtaken()
    bench.audit.append("d1", an_act())

    assert [act.who for act in bench.acts()] == ["another", ADA]


def test_an_append_does_not_go_on_for_ever(bench: Bench) -> None:
    """Somebody else is always first: after so many attempts it is given up, and said."""

    class Crowded(MemoryAudit):
        tries = 0

        def create(self, chain: str, entry: Entry) -> None:
            self.tries += 1
            super().create(chain, following(chain, self.newest(chain), an_act(who="another")))
            super().create(chain, entry)

    bench.chains = crowded = Crowded()
    with pytest.raises(UpstreamUnavailable, match="too many at once"):
        bench.audit.append("d1", an_act())

    assert crowded.tries == ATTEMPTS


def test_what_others_say_fits_into_a_row(bench: Bench) -> None:
    """However long it is, and whatever characters no table takes."""
    bench.audit.append("d1", an_act(detail="x" * 40_000, where="\ud800"))

    (act,) = bench.acts()
    assert (len(act.detail), act.where) == (2_000, "?")


def test_a_fault_is_announced_before_it_is_sent_and_told_after(bench: Bench) -> None:
    """Two entries: what is to be done, and what came of it."""
    seen: list[list[tuple[str, str]]] = []

    class Watched(ToyMachine):
        def inject(self, broken: Broken, not_after: Instant) -> Told:
            seen.append(bench.told())
            super().inject(broken, not_after)
            return Told(Attempt.OK, "202 Accepted")

    bench.machine = Watched()
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert seen == [[("inject", "unknown")]]
    announced, done = bench.acts()
    assert replace(done, at=announced.at, outcome=Attempt.UNKNOWN, detail="powerOff") == announced
    assert (done.outcome, done.detail) == (Attempt.OK, "powerOff 202 Accepted")
    assert (done.who, done.where, done.subject) == ("timer advance_drills", HERE, VIRGINIA_VM)


def test_a_host_that_dies_in_between_leaves_the_truth(bench: Bench) -> None:
    """Nobody knows whether the request was sent: the entry says so, and the chain goes on."""

    class Dying(ToyMachine):
        def inject(self, broken: Broken, not_after: Instant) -> Told:
            raise KeyboardInterrupt

    bench.machine = Dying()
    with pytest.raises(KeyboardInterrupt):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    assert bench.told() == [("inject", "unknown")]
    bench.machine = ToyMachine()
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.told() == [("inject", "unknown"), ("inject", "unknown"), ("inject", "ok")]


def test_no_fault_is_sent_without_its_entry(bench: Bench) -> None:
    """Nothing is broken that cannot be accounted for."""
    bench.chains = Failing()

    with pytest.raises(UpstreamUnavailable):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    assert bench.machine.asked == []


def test_an_undo_is_sent_without_its_entry(bench: Bench) -> None:
    """Nothing stays broken for want of a row."""
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    bench.ledger().view(a_drill(Phase.FAILOVER))
    bench.chains = Failing()

    bench.ledger().roll_back(a_drill(Phase.FAILBACK))

    assert bench.machine.asked == ["powerOff", "start"]


def test_the_lever_is_in_the_chain(bench: Bench) -> None:
    """What it forbade at the last moment was announced, and failed."""
    bench.store.set_lever(engaged=True, reason="", now=at(0))

    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    announced, refused = bench.acts()
    assert (announced.outcome, refused.outcome) == (Attempt.UNKNOWN, Attempt.FAILED)
    assert "lever" in refused.detail


def test_the_watchdog_and_people_are_told_apart(bench: Bench) -> None:
    """Whoever of ours sends an undo."""
    drill = a_drill(Phase.FAILOVER)
    bench.ledger().inject(drill, CHECK)
    bench.ledger().view(drill)
    bench.clock.at = at(2_000)
    bench.ledger().restore_overdue()
    bench.machine.state = "stopped"
    bench.ledger().restore_again("d1", by=ADA)

    undone = [act.who for act in bench.acts() if act.what == "rollBack"]
    assert undone == ["timer restore_overdue"] * 2 + [ADA] * 2


def test_a_hold_has_words_of_its_own(bench: Bench) -> None:
    """Keeping traffic away is no fault, and letting it back no undo of one."""
    drill = a_drill(Phase.FAILBACK, plan=replace(a_drill().plan, failback=Failback.HOLD))
    bench.ledger().hold_back(drill, CHECK)
    bench.ledger().view(drill)
    bench.ledger().roll_back(drill)

    assert [what for what, outcome in bench.told() if outcome == "ok"] == ["holdBack", "release"]


def test_a_start_is_told_with_who_and_from_where(bench: Bench) -> None:
    """And what it was."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    (act,) = bench.acts()
    assert (act.what, act.who, act.where, act.outcome) == ("startDrill", ADA, AT_HOME, Attempt.OK)
    assert act.detail == "profile lab, endpoint virginia, fault vmPowerOff"


def test_a_schedule_starts_from_here(bench: Bench) -> None:
    """No client asked."""
    bench.drills().start("d1", PLAN, "as sent", "schedule nightly")

    assert [(act.who, act.where) for act in bench.acts()] == [("schedule nightly", HERE)]


def test_the_same_start_again_does_nothing_and_is_not_told(bench: Bench) -> None:
    """A client that repeats its request has done nothing more."""
    for _ in range(2):
        bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    assert bench.told() == [("startDrill", "ok")]


def test_a_refused_start_is_logged_and_leaves_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A drill that never was has no chain; who tried is in the log."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with caplog.at_level(logging.WARNING), pytest.raises(ProfileBusy):
        bench.drills().start("d2", PLAN, "as sent", ADA, AT_HOME)

    assert bench.acts("d2") == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert all(word in line for word in ("ProfileBusy", ADA, AT_HOME, "startDrill", "d2"))


def test_a_drill_that_runs_is_not_denied_for_want_of_an_entry(bench: Bench) -> None:
    """It has started: its row says who did."""
    bench.chains = Failing()

    drill, is_new = bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)

    assert (drill.started_by, is_new) == (ADA, True)


def test_what_is_asked_of_a_drill_is_told_before_and_after(bench: Bench) -> None:
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


def test_who_says_that_a_machine_is_gone_is_told(bench: Bench) -> None:
    """Whoever vouches for that is answerable, also when it is not believed."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(StillThere):
        bench.drills().restore("d1", ADA, AT_HOME, gone=(VIRGINIA_VM,))

    announced, refused = bench.acts()[1:]
    assert (announced.who, announced.detail) == (ADA, f"gone: {VIRGINIA_VM}")
    assert (refused.outcome, refused.detail[:11]) == (Attempt.FAILED, "StillThere:")


def test_a_refusal_is_told_with_its_code(bench: Bench) -> None:
    """Nothing is held: asking for its release failed."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(NothingHeld):
        bench.drills().release("d1", ADA, AT_HOME)

    refused = bench.acts()[-1]
    assert (refused.what, refused.outcome) == ("releaseFailback", Attempt.FAILED)
    assert refused.detail.startswith("NothingHeld: ")


def test_a_request_whose_end_is_not_known_says_so(bench: Bench) -> None:
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


def test_a_request_that_died_is_told_by_its_announcement(bench: Bench) -> None:
    """Who stopped the drill is known, whatever became of the host."""

    class Dying(MemoryDrills):
        def save(self, drill: Drill) -> Drill:
            raise KeyboardInterrupt

    bench.store = Dying()
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    with pytest.raises(KeyboardInterrupt):
        bench.drills().stop("d1", ADA, AT_HOME)

    assert bench.told()[1:] == [("stopDrill", "unknown")]


def test_a_stop_works_without_its_entry(bench: Bench) -> None:
    """Stopping is mending."""
    bench.drills().start("d1", PLAN, "as sent", ADA, AT_HOME)
    bench.chains = Failing()

    assert bench.drills().stop("d1", ADA, AT_HOME).stop_requested == "OperatorStop"


def test_what_is_asked_of_no_drill_leaves_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody fills the tables by asking for names; the log has it."""
    with caplog.at_level(logging.WARNING), pytest.raises(DrillNotFound):
        bench.drills().stop("no-such-drill", ADA, AT_HOME)

    assert bench.acts("no-such-drill") == []
    assert "stopDrill" in caplog.text


def closing(bench: Bench) -> Drill:
    """Return an open drill as it is about to be closed."""
    drill = bench.store.create(a_drill(Phase.FAILBACK))
    return drill.enter(Phase.CLOSED, at(10), Ending.STOPPED, "OperatorStop")


def test_a_closed_drill_names_its_last_entry(bench: Bench) -> None:
    """So an end of its chain that is cut off is missed."""
    bench.audit.append("d1", an_act())
    closed = AuditedStore(bench.store, bench.audit).save(closing(bench))

    entries = bench.chains.read("d1")
    assert bench.told()[1:] == [("closeDrill", "unknown"), ("closeDrill", "ok")]
    assert {act.detail for act in bench.acts()[1:]} == {"stopped OperatorStop"}
    assert bench.store.load("d1") == closed
    assert verify("d1", entries, closed.audit_head).broken_at is None
    assert verify("d1", entries[:1], closed.audit_head).broken_at == 2


def test_a_drill_closes_without_its_entry(bench: Bench) -> None:
    """Its profile must not stay locked."""
    bench.chains = Failing()

    closed = AuditedStore(bench.store, bench.audit).save(closing(bench))

    assert (closed.phase, closed.audit_head) == (Phase.CLOSED, "")


def test_a_drill_that_another_host_closed_was_not_closed_here(bench: Bench) -> None:
    """Both have said what they are about to do; one has failed."""
    drill = closing(bench)
    closed = AuditedStore(bench.store, bench.audit).save(drill)
    with pytest.raises(StaleRow):
        AuditedStore(bench.store, bench.audit).save(drill)

    assert [str(act.outcome) for act in bench.acts()] == ["unknown", "ok", "unknown", "failed"]
    assert verify("d1", bench.chains.read("d1"), closed.audit_head).broken_at is None


def test_a_drill_that_goes_on_is_saved_and_no_more(bench: Bench) -> None:
    """No tick writes an entry."""
    drill = bench.store.create(a_drill(Phase.FAILBACK))
    AuditedStore(bench.store, bench.audit).save(replace(drill, needs_attention=True))

    assert bench.acts() == []


def test_the_page_tells_how_to_check_a_chain(bench: Bench, tmp_path: Path) -> None:
    """Its script, which shares no code with ours, comes to the same result."""
    page = (Path(__file__).parents[1] / "docs" / "audit.md").read_text()
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    bench.drills().start("d1", PLAN, "as sent", "Åda ✓", AT_HOME)
    bench.drills().stop("d1", ADA, AT_HOME)
    entries = [{"id": "x", **members(entry)} for entry in bench.chains.read("d1")]

    def check(listed: list[dict[str, str | int]]) -> str:
        file = tmp_path / "entries.json"
        file.write_text(json.dumps(listed))
        words = [sys.executable, "-c", script, "d1", str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()

    assert check(entries) == entries[-1]["hash"]
    assert check([*entries[:1], entries[1] | {"who": "nobody"}, *entries[2:]]) == "broken at 2"
    assert check(entries[1:]) == "broken at 1"
