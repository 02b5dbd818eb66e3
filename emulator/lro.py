"""Long-running operations as ARM tells of them; pure but for their ids."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

_KEPT_MAX = 10_000  # far beyond any run; the oldest go first


class OperationStatus(StrEnum):
    """The status member of an operation's body."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One accepted request whose work goes on."""

    id: str
    location: str
    started_at: datetime
    ended_at: datetime | None = None
    status: OperationStatus = OperationStatus.IN_PROGRESS
    error: tuple[str, str] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the body of a poll; a failed operation is still answered with 200."""
        body: dict[str, object] = {"startTime": arm_time(self.started_at)}
        if self.ended_at is not None:
            body["endTime"] = arm_time(self.ended_at)
        body |= {"status": self.status.value, "name": self.id}
        if self.error is not None:
            body["error"] = {"code": self.error[0], "message": self.error[1]}
        return body


def arm_time(instant: datetime) -> str:
    """Write an instant as compute does: `2020-10-12T10:47:17.615268+00:00`."""
    return instant.isoformat(timespec="microseconds")


class Operations:
    """All operations of one run."""

    def __init__(self) -> None:
        self._by_id: dict[str, Operation] = {}

    def start(self, location: str, at: datetime) -> Operation:
        """Accept an operation."""
        operation = Operation(id=str(uuid.uuid4()), location=location, started_at=at)
        self._by_id[operation.id] = operation
        if len(self._by_id) > _KEPT_MAX:
            del self._by_id[next(iter(self._by_id))]
        return operation

    def find(self, operation_id: str) -> Operation | None:
        """Return an operation by its id, in any case."""
        return self._by_id.get(operation_id.lower())

    def end(
        self,
        operation_id: str,
        at: datetime,
        status: OperationStatus = OperationStatus.SUCCEEDED,
        error: tuple[str, str] | None = None,
    ) -> None:
        """Close an operation."""
        operation = self._by_id.get(operation_id)
        if operation is not None:
            ended = replace(operation, ended_at=at, status=status, error=error)
            self._by_id[operation_id] = ended
