"""The safety lever: who put it where it is, and that engaging it waits for nothing."""

from dataclasses import dataclass, field

import pytest

from shared.audit import Audit
from shared.core.audit import SAFETY
from shared.core.errors import UpstreamUnavailable
from shared.core.lever import Lever
from shared.core.samples import Act, Attempt
from shared.safety import Safety
from tests.support.audited import ADA, AT_HOME, HERE, Failing
from tests.support.drills import at
from tests.support.machines import ToyClock
from tests.support.memory import MemoryAudit, MemoryDrills


@dataclass
class Bench:
    """The lever over toys."""

    store: MemoryDrills = field(default_factory=MemoryDrills)
    chains: MemoryAudit = field(default_factory=MemoryAudit)
    clock: ToyClock = field(default_factory=ToyClock)

    def safety(self) -> Safety:
        """Return the service, as after a restart."""
        audit = Audit(self.chains, self.clock.now, HERE)
        return Safety(self.store, audit, self.chains.read, self.clock.now)

    def engage(self) -> None:
        """Engage the lever."""
        self.safety().set(engaged=True, reason="an incident", by=ADA, where=AT_HOME)

    def release(self) -> None:
        """Release the lever."""
        self.safety().set(engaged=False, reason="", by=ADA, where=AT_HOME)

    def acts(self) -> list[Act]:
        """Return what was done to the lever."""
        return [entry.act for entry in self.chains.read(SAFETY)]


@pytest.fixture
def bench() -> Bench:
    """Return the lever over toys."""
    return Bench()


def test_a_lever_that_nobody_touched_is_released(bench: Bench) -> None:
    """And nobody has put it there."""
    assert bench.safety().lever() == Lever()


def test_the_lever_says_who_put_it_there(bench: Bench) -> None:
    """When, from where and why."""
    bench.clock.at = at(5)
    bench.engage()

    assert bench.safety().lever() == Lever(
        engaged=True,
        reason="an incident",
        changed_at=at(5),
        changed_by=ADA,
        changed_from=AT_HOME,
    )


def test_every_change_stays_in_the_audit(bench: Bench) -> None:
    """Of a lever that was engaged and released, both are known."""
    bench.engage()
    bench.release()

    history = bench.safety().history()
    told = [(e.act.what, str(e.act.outcome), e.act.detail) for e in history.entries]
    assert told == [
        ("engageLever", "ok", "an incident"),
        ("releaseLever", "unknown", ""),
        ("releaseLever", "ok", ""),
    ]
    assert {(act.who, act.where) for act in bench.acts()} == {(ADA, AT_HOME)}
    assert (history.verified.entries, history.verified.verdict) == (3, "intact")


def test_engaging_needs_no_audit(bench: Bench) -> None:
    """The emergency comes first."""
    bench.chains = Failing()
    bench.engage()

    assert bench.store.is_lever_engaged()


def test_releasing_needs_its_entry(bench: Bench) -> None:
    """Nobody allows drills again unseen."""
    bench.engage()
    bench.chains = Failing()
    with pytest.raises(UpstreamUnavailable):
        bench.release()

    assert bench.store.is_lever_engaged()


def test_a_change_whose_end_is_not_known_says_so(bench: Bench) -> None:
    """The lever may be engaged or not."""

    class Deaf(MemoryDrills):
        def set_lever(self, **changed: object) -> None:
            raise UpstreamUnavailable("The answer was lost.")

    bench.store = Deaf()
    with pytest.raises(UpstreamUnavailable):
        bench.engage()

    assert [act.outcome for act in bench.acts()] == [Attempt.UNKNOWN]
