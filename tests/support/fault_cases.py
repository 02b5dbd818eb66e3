"""Everything that the emulated Azure can be made to do wrong while a drill runs, and how it ends.

Each case is a fault on demand, as a request to `/emulator/faults` describes it, put as the drill
enters one of its phases. A drill always ends with nothing broken; the table says how.
"""

from dataclasses import dataclass
from typing import Any

from shared.core.model import Phase
from shared.core.plan import VM_FAULTS, FaultKind

Json = dict[str, Any]

SHORT_SECONDS = 60.0
"""Longer than the fault's request may be sent, shorter than a drill waits for anything."""
LONG_SECONDS = 400.0
"""Longer than a quick drill waits for its steady state, its failover or its failback."""
DELAY_SECONDS = 15.0
READS, ACTS = "GET", "acts"

FINISHED = "finished"
NOT_STEADY = "no-steady-state"
NOT_INJECTED = "stopped FaultNotInjected"
REMOVED = "stopped FaultRemovedByOthers"
NOT_AWAY = "timed-out NoFailoverInTime"
NOT_BACK = "timed-out NoFailbackInTime"
UNVERIFIED = "rollback-failed RollbackUnverified"

ONSETS = (Phase.STEADY, Phase.FAILOVER, Phase.HOLD, Phase.FAILBACK)


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One thing that goes wrong, and of which sort it is."""

    name: str
    sort: str
    fault: Json
    is_of_machines: bool = False

    def __str__(self) -> str:
        return self.name

    def is_about(self, kind: FaultKind) -> bool:
        """Whether a drill of this kind can meet it at all."""
        return kind in VM_FAULTS or not self.is_of_machines

    def body(self, kind: FaultKind, lasts_seconds: float) -> list[Json]:
        """Return the faults to be put."""
        fault = {"name": self.name, "forSeconds": lasts_seconds} | self.fault
        if fault.get("method") == ACTS:
            fault["method"] = "POST" if kind in VM_FAULTS else "PATCH"
        if fault.get("operation") == "stop":
            fault["operation"] = "powerOff" if kind is FaultKind.VM_POWER_OFF else "deallocate"
        return [fault]


def _arm(name: str, sort: str, effect: str, method: str = "", **more: object) -> FaultCase:
    fault: Json = {"on": "arm", "effect": effect, **more}
    return FaultCase(f"arm-{name}", sort, fault | ({"method": method} if method else {}))


def _power(sort: str, operation: str, effect: str, **more: object) -> FaultCase:
    fault = {"on": "power", "effect": effect, "operation": operation, **more}
    return FaultCase(f"{operation}-{effect}", sort, fault, is_of_machines=True)


ARM_IS_GONE, ARM_IS_SLOW, ACTS_FAIL = "ARM is gone", "ARM is slow", "acts fail"
ACTS_UNTOLD, READS_ARE_OLD = "acts are not told of", "reads are old"
STOP_IS_VAIN, STOP_HANGS = "the stop is vain", "the stop hangs"
START_IS_VAIN, GUEST_IS_DEAD = "the start is vain", "the guest is dead"
DNS_IS_GONE, DNS_IS_LATE = "DNS is gone", "DNS is late"

ARM_FAULTS = (
    _arm("throttles-all", ARM_IS_GONE, "throttled"),
    _arm("fails-all", ARM_IS_GONE, "error", status=500),
    _arm("fails-reads", ARM_IS_GONE, "error", READS, status=503),
    _arm("forbids-reads", ARM_IS_GONE, "error", READS, status=403),
    _arm("resets-all", ARM_IS_GONE, "reset"),
    _arm("loses-all-answers", ARM_IS_GONE, "answerLost"),
    _arm("is-slow", ARM_IS_SLOW, "latency", delaySeconds=DELAY_SECONDS),
    _arm("fails-acts", ACTS_FAIL, "error", ACTS, status=500),
    _arm("refuses-acts", ACTS_FAIL, "error", ACTS, status=409),
    _arm("resets-acts", ACTS_FAIL, "reset", ACTS),
    _arm("loses-answers-to-acts", ACTS_UNTOLD, "answerLost", ACTS),
    _arm("reads-old", READS_ARE_OLD, "stale", READS, ageSeconds=30),
)
POWER_FAULTS = (
    _power(STOP_IS_VAIN, "stop", "fails"),
    _power(STOP_IS_VAIN, "stop", "unchanged"),
    _power(STOP_HANGS, "stop", "hangs", lastsSeconds=60),
    _power(START_IS_VAIN, "start", "fails"),
    _power(START_IS_VAIN, "start", "hangs"),
    _power(START_IS_VAIN, "start", "unchanged"),
    _power(GUEST_IS_DEAD, "start", "guestDown", count=1),
)
DNS_FAULTS = tuple(
    FaultCase(f"{who}-{effect}", sort, {"on": "dns", "effect": effect, **server})
    for effect, sort in (
        ("loss", DNS_IS_GONE),
        ("servfail", DNS_IS_GONE),
        ("truncated", DNS_IS_GONE),
        ("garbage", DNS_IS_GONE),
        ("delay", DNS_IS_LATE),
    )
    for who, server in (("dns", {}), ("resolver", {"server": "127.1.2.1"}))
)
EVERY_FAULT = (*ARM_FAULTS, *POWER_FAULTS, *DNS_FAULTS)

_EVERYWHERE = dict.fromkeys(ONSETS, FINISHED)
SHORT: dict[str, dict[Phase, str]] = {
    # In steady nothing is decided before ARM answers; later it answers before the wait is over.
    # As the fault is due, what cannot be seen is not broken.
    ARM_IS_GONE: _EVERYWHERE | {Phase.FAILOVER: NOT_INJECTED},
    ARM_IS_SLOW: _EVERYWHERE | {Phase.FAILOVER: NOT_INJECTED},
    # The request is repeated until it is too late for it.
    ACTS_FAIL: _EVERYWHERE | {Phase.STEADY: NOT_INJECTED, Phase.FAILOVER: NOT_INJECTED},
    # What was asked for is seen, and never asked for again.
    ACTS_UNTOLD: _EVERYWHERE,
    READS_ARE_OLD: _EVERYWHERE,
    # The machine was seen to be stopping, and then runs: nobody puts that fault back.
    STOP_IS_VAIN: _EVERYWHERE | {Phase.STEADY: REMOVED, Phase.FAILOVER: REMOVED},
    STOP_HANGS: _EVERYWHERE,
    START_IS_VAIN: _EVERYWHERE,
    # It runs and does not serve: no start mends that, so the drill waits for a person.
    GUEST_IS_DEAD: dict.fromkeys(ONSETS, UNVERIFIED),
    # What was lost is data, and there is more of it afterwards.
    DNS_IS_GONE: _EVERYWHERE,
    DNS_IS_LATE: _EVERYWHERE,
}
LONG: dict[str, dict[Phase, str]] = SHORT | {
    # An undo that took longer to verify than a drill waits is told to have failed meanwhile.
    ARM_IS_GONE: {
        Phase.STEADY: NOT_STEADY,
        Phase.FAILOVER: NOT_INJECTED,
        Phase.HOLD: UNVERIFIED,
        Phase.FAILBACK: UNVERIFIED,
    },
    ARM_IS_SLOW: {
        Phase.STEADY: FINISHED,
        Phase.FAILOVER: NOT_INJECTED,
        Phase.HOLD: UNVERIFIED,
        Phase.FAILBACK: UNVERIFIED,
    },
    ACTS_FAIL: SHORT[ACTS_FAIL] | {Phase.HOLD: UNVERIFIED, Phase.FAILBACK: UNVERIFIED},
    START_IS_VAIN: dict.fromkeys(ONSETS, UNVERIFIED),
    DNS_IS_GONE: {
        Phase.STEADY: NOT_STEADY,
        Phase.FAILOVER: NOT_AWAY,
        Phase.HOLD: NOT_BACK,
        Phase.FAILBACK: NOT_BACK,
    },
}
LONG_OF_SETTINGS: dict[str, dict[Phase, str]] = {
    # A setting that reads as before may be an old copy: only an undo that was accepted is sure.
    ACTS_FAIL: dict.fromkeys(ONSETS, UNVERIFIED),
    ACTS_UNTOLD: dict.fromkeys(ONSETS, UNVERIFIED),
}


def ending(case: FaultCase, onset: Phase, kind: FaultKind, lasts_seconds: float) -> str:
    """Return how a drill has to end."""
    if lasts_seconds <= SHORT_SECONDS:
        return SHORT[case.sort][onset]
    of_kind = LONG if kind in VM_FAULTS else LONG | LONG_OF_SETTINGS
    return of_kind[case.sort][onset]
