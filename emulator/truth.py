"""The truth log: what happened in the emulated cloud and exactly when; append-only, pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from emulator.clock import rfc3339


class Kind(StrEnum):
    """What an event tells; README.md says when."""

    POWER_OPERATION = "powerOperation"
    POWER_STATE = "powerState"
    SERVING = "serving"
    ENDPOINT_WRITE = "endpointWrite"
    ENDPOINT_MONITOR_STATUS = "endpointMonitorStatus"
    ANSWER = "answer"
    RESOLVER_ANSWER = "resolverAnswer"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact and its instant; `profile` is told only where several profiles exist."""

    at: datetime
    kind: Kind
    subject: str
    value: str | bool
    profile: str | None = None

    def to_json(self) -> dict[str, str | bool]:
        """Return the event as the control route writes it."""
        written: dict[str, str | bool] = {
            "at": rfc3339(self.at),
            "kind": self.kind.value,
            "subject": self.subject,
            "value": self.value,
        }
        if self.profile is not None:
            written["profile"] = self.profile
        return written


class Truth:
    """All events of one run, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        """Append an event; call it in the same step as the effect, with the same clock reading."""
        self.events.append(event)
