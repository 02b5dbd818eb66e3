"""What the service of drills is made of: stores, the ledger, preflight. Protocols only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.errors import Fault
from shared.core.model import Caution, Drill, HealthCheck, Snapshot
from shared.core.plan import Plan
from shared.core.samples import Attempt, Instant, Timeline, Transition
from shared.core.undo import LedgerView


class DrillStore(Protocol):
    """Where drills, their locks and the safety lever are kept."""

    def find(self, drill_id: str) -> Drill | None:
        """Return a drill, or None."""

    def load(self, drill_id: str) -> Drill:
        """Return a drill, or raise DrillNotFound."""

    def open_drills(self) -> tuple[Drill, ...]:
        """Return the drills that hold a lock."""

    def holder(self, profile: str) -> str | None:
        """Return the id of the drill that holds the profile's lock."""

    def create(self, drill: Drill) -> Drill:
        """Commit a drill and its lock, or raise ProfileBusy or DrillExists."""

    def save(self, drill: Drill) -> Drill:
        """Replace the version that was read, or raise StaleRow."""

    def closed(self, profile: str, top: int, after: str = "") -> list[dict[str, Any]]:
        """Return the newest summaries of a profile's closed drills, from behind that `key` on."""

    def is_lever_engaged(self) -> bool:
        """Return whether the safety lever is engaged."""


class Records(Protocol):
    """A drill's timeline."""

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return what was recorded."""

    def write_transition(self, drill_id: str, transition: Transition) -> None:
        """Write down that a drill entered a phase."""


class Restored(Protocol):
    """What restoring once more found of a resource, and what came of asking."""

    @property
    def resource(self) -> str:
        """Its id."""

    @property
    def state(self) -> str | None:
        """What was seen of it."""

    @property
    def sent(self) -> Attempt | None:
        """What is known of the request; None if none was needed."""


class Undoing(Protocol):
    """The ledger."""

    def view(self, drill: Drill, *, is_noted: bool = True) -> LedgerView:
        """Return what is known of the drill's fault."""

    def inject(self, drill: Drill, check: HealthCheck | None) -> None:
        """Break what the drill is to break, each under its record."""

    def hold_back(self, drill: Drill, check: HealthCheck | None) -> None:
        """Keep traffic away from the endpoint, under a record of its own."""

    def roll_back(self, drill: Drill, *, keep_hold: bool = False) -> None:
        """Take the next step of undoing everything, or all but the hold."""

    def restore_again(
        self, drill_id: str, by: str, gone: tuple[str, ...] = ()
    ) -> tuple[Restored, ...]:
        """Undo everything the drill ever broke that is not as it was; give up what is gone."""


class Found(Protocol):
    """What preflight found."""

    @property
    def endpoint(self) -> str:
        """The endpoint under test."""

    @property
    def snapshot(self) -> Snapshot:
        """The configuration that a drill would be judged by."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every reason not to start."""

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What its starter should know."""


class Looking(Protocol):
    """Preflight."""

    def inspect(self, plan: Plan) -> Found:
        """Return configuration and reasons not to start."""

    def blocked(self, drill: Drill) -> str:
        """Return what no longer holds, or nothing."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the service is made of."""

    store: DrillStore
    records: Records
    ledger: Undoing
    preflight: Looking
    health_check: Callable[[Drill], HealthCheck | None]
    now: Callable[[], Instant]
