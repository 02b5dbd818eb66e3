"""A toy machine that obeys power requests at once, and can be told to misbehave."""

from dataclasses import dataclass, field
from typing import NamedTuple

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
    operation: str = "powerOff"
    undo_operation: str = "start"

    def inject(self, resource: str, not_after: Instant) -> Told:
        """Stop, if obeying."""
        del resource, not_after
        self.asked.append("powerOff")
        if self.obeys:
            self.state = "stopped"
        return Told(self.answer)

    def undo(self, resource: str) -> Told:
        """Start, if obeying."""
        del resource
        self.asked.append("start")
        if self.obeys:
            self.state = "running"
        return Told(self.answer)

    def look(self, resource: str) -> Seen:
        """Return the state."""
        del resource
        known = {"running": False, "stopped": True}
        return Seen(state=self.state, fault_in_place=known.get(self.state or ""))
