"""A drill as the wire shows it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from shared.core.envelope import envelope_of
from shared.core.errors import Fault
from shared.core.model import Caution, Drill, Ending, Phase
from shared.core.plan import Plan, camel_case
from shared.core.samples import rfc3339
from shared.drill_ports import Found, Restored
from shared.drills import View
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
        "spared": [machine.id for machine in drill.snapshot.spared],
        "cautions": _told(drill.cautions),
        "phase": str(drill.phase),
        "phaseSince": rfc3339(drill.phase_since),
        "ending": str(drill.ending) if drill.ending else None,
        "reason": drill.reason or None,
        "needsAttention": drill.needs_attention,
        "stopRequested": drill.stop_requested or None,
        "releaseRequested": drill.release_requested or None,
        "releasedAt": rfc3339(drill.released_at) if drill.released_at else None,
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
        "spared": [machine.id for machine in found.snapshot.spared],
        "preflight": _told(found.faults),
        "cautions": _told(found.cautions),
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


def restored(each: Restored) -> Json:
    """Return what restoring once more found of a resource; `sent` is null where none was needed."""
    return {"resource": each.resource, "state": each.state, "sent": each.sent and str(each.sent)}


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


def _told(findings: Iterable[Fault | Caution]) -> list[Json]:
    return [{"code": one.code, "target": one.target, "message": one.message} for one in findings]


def _camel(value: Json) -> Json:
    return {
        camel_case(name): _camel(each) if isinstance(each, dict) else each
        for name, each in value.items()
    }
