"""A drill as the wire shows it."""

from dataclasses import asdict
from typing import Any

from shared.core.envelope import envelope_of
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Plan, camel_case
from shared.core.samples import rfc3339
from shared.drills import Found, View
from shared.render.wire import envelope_to_wire

Json = dict[str, Any]


def operation(drill: Drill) -> Json:
    """Return the status monitor: finished, whatever the verdict, has succeeded."""
    told = {"id": drill.id, "status": "Running"}
    if drill.phase is not Phase.CLOSED:
        return told
    if drill.ending is Ending.FINISHED:
        return told | {"status": "Succeeded"}
    stopped = drill.ending in (Ending.STOPPED, Ending.CANCELLED)
    message = f"The drill ended as {drill.ending} ({drill.reason or 'no reason given'})."
    return told | {
        "status": "Canceled" if stopped else "Failed",
        "error": {"code": drill.reason or str(drill.ending), "message": message},
    }


def drill_state(drill: Drill) -> Json:
    """Return what a drill is and where it stands."""
    return {
        "id": drill.id,
        "profile": drill.plan.profile,
        "endpoint": drill.endpoint,
        "fault": str(drill.plan.fault),
        "targets": [target.id for target in drill.snapshot.targets],
        "phase": str(drill.phase),
        "phaseSince": rfc3339(drill.phase_since),
        "ending": str(drill.ending) if drill.ending else None,
        "reason": drill.reason or None,
        "needsAttention": drill.needs_attention,
        "stopRequested": drill.stop_requested or None,
        "startedAt": rfc3339(drill.started_at),
        "startedBy": drill.started_by,
        "closedAt": rfc3339(drill.closed_at) if drill.closed_at else None,
        "plan": _camel(asdict(drill.plan)),
    }


def rehearsal(plan: Plan, found: Found) -> Json:
    """Return what would happen, and every reason why it must not."""
    return {
        "dryRun": True,
        "endpoint": found.endpoint,
        "targets": [target.id for target in found.snapshot.targets],
        "preflight": [
            {"code": fault.code, "target": fault.target, "message": fault.message}
            for fault in found.faults
        ],
        "envelope": envelope_to_wire(envelope_of(found.snapshot, plan)),
    }


def drill_view(view: View) -> Json:
    """Return a drill with what it waits for and what was seen last."""
    more = {
        "waitsFor": view.waits_for or None,
        "until": rfc3339(view.until) if view.until else None,
        "lastSeen": view.last_seen,
    }
    return drill_state(view.drill) | more


def summary(row: Json) -> Json:
    """Return a closed drill as lists show it."""
    return {
        "id": row["drill_id"],
        "profile": row["profile"],
        "endpoint": row["endpoint"],
        "phase": str(Phase.CLOSED),
        "ending": row["ending"],
        "reason": row["reason"] or None,
        "startedAt": row["started_at"],
        "closedAt": row["closed_at"],
    }


def _camel(value: Json) -> Json:
    return {
        camel_case(name): _camel(each) if isinstance(each, dict) else each
        for name, each in value.items()
    }
