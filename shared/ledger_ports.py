"""What the ledger is made of: tools that break and mend, stores, a clock. Protocols only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.core.model import Broken, HealthCheck, UndoRecord
from shared.core.plan import FaultKind
from shared.core.samples import ActionRecord, Attempt, Instant
from shared.core.undo import Seen


class Answer(Protocol):
    """What came of a request: accepted, refused, or unknown; and in whose words."""

    @property
    def outcome(self) -> Attempt:
        """What is known of it."""

    @property
    def detail(self) -> str:
        """The service's words."""


class FaultTool(Protocol):
    """Injects, undoes and looks for one kind of fault. Never raises for the service's sake."""

    operation: str
    undo_operation: str

    def inject(self, broken: Broken, not_after: Instant) -> Answer:
        """Ask for the fault, once."""

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Answer:
        """Ask for the undo, once, and not after `not_after`; asking again does no harm."""

    def look(self, broken: Broken) -> Seen:
        """Return what is seen of the resource."""


class UndoStore(Protocol):
    """Where undo records are kept."""

    def of_drill(self, drill_id: str) -> tuple[UndoRecord, ...]:
        """Return a drill's records, closed ones too."""

    def open(self) -> tuple[UndoRecord, ...]:
        """Return every open record."""

    def create(self, record: UndoRecord) -> UndoRecord:
        """Commit a new record, or raise StaleRow if there is one."""

    def save(self, record: UndoRecord) -> UndoRecord:
        """Replace the version that was read, or raise StaleRow; a closed record moves away."""

    def reopen(self, record: UndoRecord) -> UndoRecord:
        """Move a closed record back among the open ones, or raise StaleRow."""


class ActionLog(Protocol):
    """Where actions are written before they are sent, and completed after."""

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Write or complete an action."""


class Ticking(Protocol):
    """The one clock."""

    def now(self) -> Instant:
        """Return the time, rounded down."""

    def ceil(self) -> Instant:
        """Return the time, rounded up."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the ledger is made of."""

    store: UndoStore
    tools: Mapping[FaultKind, FaultTool]
    actions: ActionLog
    answers: Callable[[HealthCheck], bool]
    is_lever_engaged: Callable[[], bool]
    clock: Ticking
