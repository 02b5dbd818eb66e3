"""A toy machine that obeys power requests at once, and can be told to misbehave."""

from dataclasses import dataclass, field
from typing import NamedTuple

from shared.core.model import Broken
from shared.core.samples import Attempt, Instant
from shared.core.undo import Seen
from tests.support.drills import START


class Told(NamedTuple):
    """What came of a request."""

    outcome: Attempt
    detail: str = ""


@dataclass
class ToyClock:
    """A clock that a test sets."""

    at: Instant = START

    def now(self) -> Instant:
        """Return the time."""
        return self.at

    def ceil(self) -> Instant:
        """Return the time, rounded up."""
        return self.at + 1


@dataclass
class ToyMachine:
    """One machine: it is stopped and started, and remembers what it was asked."""

    state: str | None = "running"
    obeys: bool = True
    answer: Attempt = Attempt.OK
    asked: list[str] = field(default_factory=list)
    undone_within: list[Instant | None] = field(default_factory=list)
    operation: str = "powerOff"
    undo_operation: str = "start"

    def inject(self, broken: Broken, not_after: Instant) -> Told:
        """Stop, if obeying."""
        del broken, not_after
        self.asked.append("powerOff")
        if self.obeys:
            self.state = "stopped"
        return Told(self.answer)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Told:
        """Start, if obeying."""
        del broken, state_before
        self.undone_within.append(not_after)
        self.asked.append("start")
        if self.obeys:
            self.state = "running"
        return Told(self.answer)

    def look(self, broken: Broken) -> Seen:
        """Return the state."""
        del broken
        known = {"running": False, "stopped": True}
        return Seen(state=self.state, fault_in_place=known.get(self.state or ""))


class DyingMachine(ToyMachine):
    """A machine whose host dies while it sends the fault."""

    def inject(self, broken: Broken, not_after: Instant) -> Told:
        """Die."""
        raise KeyboardInterrupt


@dataclass
class ToySetting:
    """An endpoint's status: it changes at once, and may be read as an old copy of itself."""

    state: str | None = "Enabled"
    stale: str | None = None
    answer: Attempt = Attempt.OK
    asked: list[str] = field(default_factory=list)
    operation: str = "disable"
    undo_operation: str = "enable"

    def inject(self, broken: Broken, not_after: Instant) -> Told:
        """Disable."""
        del broken, not_after
        return self._set("Disabled", self.operation)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Told:
        """Set what was there before."""
        del broken, not_after
        return self._set(state_before, self.undo_operation)

    def look(self, broken: Broken) -> Seen:
        """Return the status, or the old copy."""
        del broken
        shown = self.stale or self.state
        known = {"Enabled": False, "Disabled": True}
        return Seen(state=shown, fault_in_place=known.get(shown or ""))

    def _set(self, state: str, operation: str) -> Told:
        self.asked.append(operation)
        if self.answer is not Attempt.FAILED:
            self.state = state
        return Told(self.answer)
