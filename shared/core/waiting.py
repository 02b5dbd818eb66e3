"""What a drill waits for, in one sentence for people, and until when. Pure."""

from shared.core.decide import (
    SETTLE_SECONDS,
    STEADY_WAIT_FACTOR,
    STEADY_WAIT_SECONDS_MIN,
    Observation,
    is_holding_back,
)
from shared.core.model import Drill, Phase
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.samples import Instant


def waits_for(drill: Drill, seen: Observation) -> str:
    """Return what the drill waits for now."""
    plan, endpoint = drill.plan, drill.endpoint
    if drill.phase is Phase.STEADY:
        return f"{endpoint} to be Online, named by DNS and serving for {plan.steady_seconds} s"
    if drill.phase is Phase.FAILOVER:
        return f"the {plan.objective_client} client to be served by a survivor of {endpoint}"
    if drill.phase is Phase.HOLD:
        return f"{plan.held_seconds} s of holding to pass"
    if drill.phase is Phase.FAILBACK:
        return _held(drill, seen) if is_holding_back(drill) else _failback(drill, seen)
    return ""


def until(drill: Drill) -> Instant | None:
    """Return the latest instant at which the phase ends by itself; None where none is fixed."""
    plan = drill.plan
    steady = max(STEADY_WAIT_FACTOR * plan.steady_seconds, STEADY_WAIT_SECONDS_MIN)
    held = plan.failback_hold_seconds_max if is_holding_back(drill) else plan.switch_seconds_max
    seconds = {
        Phase.STEADY: steady,
        Phase.FAILOVER: plan.switch_seconds_max,
        Phase.HOLD: plan.held_seconds,
        Phase.FAILBACK: held,
    }.get(drill.phase)
    return None if seconds is None else drill.phase_since + 1_000 * seconds


def _held(drill: Drill, seen: Observation) -> str:
    endpoint = drill.endpoint
    if seen.fault_clear is True or drill.plan.fault is FaultKind.ENDPOINT_DISABLE:
        return f"somebody to release the failback: POST /drills/{drill.id}/failback"
    if not seen.hold_seen:
        return f"{endpoint} to be disabled, so that traffic stays away"
    return f"the fault to be undone behind {endpoint}, which stays disabled"


def _failback(drill: Drill, seen: Observation) -> str:
    endpoint = drill.endpoint
    if seen.ledger_clear is not True:
        return (
            f"{_mended(drill)}, read back at least {SETTLE_SECONDS} s after the last moment of "
            "injection"
        )
    if seen.endpoint_online is not True:
        return f"Traffic Manager to see {endpoint} Online"
    if seen.dns_back is not True:
        return f"the authoritative servers to name {endpoint} again"
    seconds = drill.plan.stability_seconds
    return f"the {drill.plan.objective_client} client to stay on {endpoint} for {seconds} s"


def _mended(drill: Drill) -> str:
    if drill.plan.fault in VM_FAULTS:
        return f"the machines behind {drill.endpoint} to be running and serving again"
    what = "status" if drill.plan.fault is FaultKind.ENDPOINT_DISABLE else "custom headers"
    return f"{drill.endpoint} to have the {what} again that it had"
