"""What must be true of a world after its drill, whatever befell it; told by the emulated Azure."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError  # noqa: TID251 (what a table may raise)

from emulator.cloud import Endpoint
from shared.core.errors import SwitchbackError
from shared.core.model import Phase
from shared.core.samples import rfc3339
from tests.support.sim_arm import Write
from tests.support.sim_stage import DRILL_ID, Stage, rows_of

BREAKING = frozenset({"powerOff", "deallocate", "disable", "addHeader"})
_STOPPING = ("stopping", "deallocating")


@dataclass
class Witness:
    """Sees every write as ARM takes it up, with what the tables held at that moment."""

    world: Stage
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often what worked was broken: by resource and operation."""
    unowed: list[Write] = field(default_factory=list)
    """Writes without what must be committed before them."""
    _was: Endpoint | None = None

    def __post_init__(self) -> None:
        self._was = self.world.azure.endpoint(self.world.azure.primary)
        self.world.arm.on_write = self._see

    def _see(self, write: Write) -> None:
        is_breaking = write.operation in BREAKING
        if not self._is_owed(write, is_breaking=is_breaking):
            self.unowed.append(write)
        now, was = self.world.azure.endpoint(self.world.azure.primary), self._was
        self._was = now
        if (
            was is not None
            and is_breaking
            and (was.enabled, was.headers)
            != (
                now.enabled,
                now.headers,
            )
        ):
            self.effects[write.resource, write.operation] += 1

    def _is_owed(self, write: Write, *, is_breaking: bool) -> bool:
        """An undo record of the resource is committed; a fault's own is open, its action told."""
        tables = self.world.service
        records = [
            row["RowKey"]
            for row in rows_of(tables, "ledger")
            if row.get("resource", "").lower() == write.resource.lower()
        ]
        if not is_breaking:
            return bool(records)
        told = any(
            row["RowKey"].startswith("action|") and row["operation"] == write.operation
            for row in rows_of(tables, "timeline")
        )
        return told and any(key.startswith(f"open|{DRILL_ID}|") for key in records)


class Surprises(logging.Handler):
    """Keeps what was logged of exceptions that are nobody's answer: mistakes in our own code."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is no error of an upstream service."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, SwitchbackError | AzureError):
            self.found.append(f"{record.getMessage()}: {error!r}")


def wrongs(world: Stage, witness: Witness) -> list[str]:
    """Return what is not as it must be."""
    return [*_left_behind(world), *_broken_too_often(world, witness), *_unowed(world, witness)]


def _left_behind(world: Stage) -> Iterator[str]:
    drill, azure = world.drill, world.azure
    if drill is None or drill.phase is not Phase.CLOSED:
        yield f"the drill is {drill and drill.phase}"
    if not azure.is_well():
        shown = [(m.name, str(m.power), m.is_serving) for m in azure.cloud.machines]
        yield f"the machines are {shown}"
    if azure.live != world.before:
        yield f"the profile is {azure.live}, was {world.before}"
    if (verdict := world.audit_verdict()) != "intact":
        yield f"the audit is {verdict}"
    if held := [*world.keys("lock|"), *world.keys("open|")]:
        yield f"held: {held}"


def _broken_too_often(world: Stage, witness: Witness) -> Iterator[str]:
    stopped = Counter(
        (event.subject, str(event.value))
        for event in world.azure.truth.events
        if event.value in _STOPPING
    )
    for (resource, what), count in (stopped + witness.effects).items():
        if count > 1:
            yield f"{resource} was broken {count} times ({what})"


def _unowed(world: Stage, witness: Witness) -> Iterator[str]:
    for write in witness.unowed:
        yield f"{write.operation} at {rfc3339(write.at)} had no record"
    closed_at = world.drill.closed_at if world.drill else None
    for write in world.arm.writes:
        is_late = closed_at is not None and write.at > closed_at
        if is_late and write.is_accepted and write.operation in BREAKING:
            yield f"{write.operation} was accepted at {rfc3339(write.at)}, after the end"
