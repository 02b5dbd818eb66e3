"""The audit: chains of entries, and what the ledger does, whatever fails or dies."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.audit import ATTEMPTS
from shared.core.audit import following, members
from shared.core.errors import UpstreamUnavailable
from shared.core.model import Broken, Phase
from shared.core.plan import Failback
from shared.core.samples import Attempt, Entry, Instant
from tests.support.audited import ADA, AT_HOME, HERE, AuditBench, Failing, an_act
from tests.support.drills import VIRGINIA_VM, a_drill, at
from tests.support.machines import DyingMachine, Told, ToyMachine
from tests.support.memory import MemoryAudit
from tests.support.toys import CHECK, PLAN


@pytest.fixture
def bench() -> AuditBench:
    """Return everything that is audited, over toys."""
    return AuditBench()


def test_an_answer_that_was_lost_is_looked_for(bench: AuditBench) -> None:
    """The entry is there: it is neither written twice nor taken for missing."""

    class Deaf(MemoryAudit):
        def create(self, chain: str, entry: Entry) -> None:
            super().create(chain, entry)
            raise UpstreamUnavailable("The answer was lost.")

    bench.chains = Deaf()
    bench.audit.append("d1", an_act())
    bench.audit.append("d1", an_act())

    assert [entry.sequence for entry in bench.chains.read("d1")] == [1, 2]


def test_a_request_that_was_lost_while_another_wrote_is_made_again(bench: AuditBench) -> None:
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


def test_an_append_does_not_go_on_for_ever(bench: AuditBench) -> None:
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


def test_what_others_say_fits_into_a_row(bench: AuditBench) -> None:
    """However long it is, and whatever characters no table takes."""
    bench.audit.append("d1", an_act(detail="x" * 40_000, where="\ud800"))

    (act,) = bench.acts()
    assert (len(act.detail), act.where) == (2_000, "?")


def test_a_fault_is_announced_before_it_is_sent_and_told_after(bench: AuditBench) -> None:
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


def test_a_host_that_dies_in_between_leaves_the_truth(bench: AuditBench) -> None:
    """Nobody knows whether the request was sent: the entry says so, and the chain goes on."""
    bench.machine = DyingMachine()
    with pytest.raises(KeyboardInterrupt):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    assert bench.told() == [("inject", "unknown")]
    bench.machine = ToyMachine()
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    assert bench.told() == [("inject", "unknown"), ("inject", "unknown"), ("inject", "ok")]


def test_no_fault_is_sent_without_its_entry(bench: AuditBench) -> None:
    """Nothing is broken that cannot be accounted for."""
    bench.chains = Failing()

    with pytest.raises(UpstreamUnavailable):
        bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    assert bench.machine.asked == []


def test_an_undo_is_sent_without_its_entry(bench: AuditBench) -> None:
    """Nothing stays broken for want of a row."""
    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)
    bench.ledger().view(a_drill(Phase.FAILOVER))
    bench.chains = Failing()

    bench.ledger().roll_back(a_drill(Phase.FAILBACK))

    assert bench.machine.asked == ["powerOff", "start"]


def test_the_lever_is_in_the_chain(bench: AuditBench) -> None:
    """What it forbade at the last moment was announced, and failed."""
    bench.store.set_lever(engaged=True, reason="", now=at(0))

    bench.ledger().inject(a_drill(Phase.FAILOVER), CHECK)

    announced, refused = bench.acts()
    assert (announced.outcome, refused.outcome) == (Attempt.UNKNOWN, Attempt.FAILED)
    assert "lever" in refused.detail


def test_the_watchdog_and_people_are_told_apart(bench: AuditBench) -> None:
    """Whoever of ours sends an undo."""
    bench.broken()
    bench.clock.at = at(2_000)
    bench.ledger().restore_overdue()
    bench.machine.state = "stopped"
    bench.ledger().restore_again("d1", by=ADA)

    undone = [act.who for act in bench.acts() if act.what == "rollBack"]
    assert undone == ["timer restore_overdue"] * 2 + [ADA] * 2


def test_a_hold_has_words_of_its_own(bench: AuditBench) -> None:
    """Keeping traffic away is no fault, and letting it back no undo of one."""
    drill = a_drill(Phase.FAILBACK, plan=replace(a_drill().plan, failback=Failback.HOLD))
    bench.ledger().hold_back(drill, CHECK)
    bench.ledger().view(drill)
    bench.ledger().roll_back(drill)

    assert [what for what, outcome in bench.told() if outcome == "ok"] == ["holdBack", "release"]


def test_the_page_tells_how_to_check_a_chain(bench: AuditBench, tmp_path: Path) -> None:
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
