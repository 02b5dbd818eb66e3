"""Every way in which Switchback refuses or fails, as one tree that knows nothing of HTTP.

SwitchbackError
├── InvalidInput            what was sent is wrong; every fault at once
├── NotFound                no such profile, endpoint, drill
├── Conflict                it clashes with what exists (ProfileBusy, DrillExists, ...)
├── PreflightFailed         the drill must not start; every failed check at once
├── SafetyLeverEngaged      nothing may start
├── PreconditionFailed      If-Match did not match
├── StaleRow                another writer was first; read again (never leaves a service)
├── RefusedByAzure          ARM said no, in its own words
└── UpstreamUnavailable     ARM or Table storage did not answer
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its typed code, where (a JSON path), and what would be right."""

    code: str
    target: str
    message: str


def wrong(target: str, value: object, right: str, code: str = "InvalidValue") -> Fault:
    """Return what is said of a value that is not what it must be."""
    return Fault(code, target, f"{target} is {value!r}; it must be {right}.")


class SwitchbackError(Exception):
    """Something was refused or failed; `code` is stable, the sentence is for people."""

    code = "InternalError"

    def __init__(self, message: str, faults: tuple[Fault, ...] = (), target: str = "") -> None:
        super().__init__(message)
        self.faults = faults
        self.target = target


class InvalidInput(SwitchbackError):
    """What was sent is wrong; `faults` names every wrong field."""

    code = "InvalidInput"


class NotFound(SwitchbackError):
    """There is no such thing."""

    code = "NotFound"


class ProfileNotFound(NotFound):
    """There is no such profile here, or ARM no longer has it."""

    code = "ProfileNotFound"


class EndpointNotFound(NotFound):
    """The profile has no such endpoint."""

    code = "EndpointNotFound"


class DrillNotFound(NotFound):
    """There is no such drill."""

    code = "DrillNotFound"


class FailoverNotFound(NotFound):
    """The profile has no such unplanned failover."""

    code = "FailoverNotFound"


class ScheduleNotFound(NotFound):
    """There is no such schedule."""

    code = "ScheduleNotFound"


class Conflict(SwitchbackError):
    """It clashes with what exists."""

    code = "Conflict"


class ProfileBusy(Conflict):
    """A drill is running on the profile."""

    code = "ProfileBusy"


class ProfileObserved(Conflict):
    """The profile belongs to somebody else and is only observed here: it is never written."""

    code = "ProfileObserved"


class ProfileRegistered(Conflict):
    """The profile is known here already, under another name."""

    code = "ProfileRegistered"


class DrillExists(Conflict):
    """A drill of this name exists, with another plan."""

    code = "DrillExists"


class NothingHeld(Conflict):
    """The drill holds no failback that could be released."""

    code = "NothingHeld"


class StillThere(Conflict):
    """What was said to be gone for good is not absent, as far as ARM tells."""

    code = "StillThere"


class PreflightFailed(SwitchbackError):
    """The drill must not start; `faults` names every failed check."""

    code = "PreflightFailed"


class SafetyLeverEngaged(SwitchbackError):
    """The safety lever is engaged: nothing may start."""

    code = "SafetyLeverEngaged"


class PreconditionFailed(SwitchbackError):
    """If-Match named another version."""

    code = "PreconditionFailed"


class StaleRow(SwitchbackError):
    """Another writer moved the row on; whoever reads again sees why."""

    code = "StaleRow"


class RefusedByAzure(SwitchbackError):
    """ARM refused; code and sentence are ARM's own. `status` is the HTTP status it gave."""

    code = "RefusedByAzure"
    status: int = 400


class UpstreamUnavailable(SwitchbackError):
    """A service we depend on did not answer; nothing is known of what it did."""

    code = "UpstreamUnavailable"
    retry_after_seconds: float | None = None
