"""Routes of drills: start, look, stop."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import azure.functions as func

from functions._http import actor, answered, whole_number, written
from functions._models import PlanBody, canonical, read, sent
from shared.core.errors import Fault, InvalidInput
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import camel_case
from shared.core.samples import rfc3339
from shared.drills import Drills, View

Json = dict[str, Any]

ID_CHARACTERS_MAX = 63
RETRY_AFTER_SECONDS = "5"
LIST_TOP, LIST_TOP_MAX = 50, 1_000


def blueprint(drills: Drills) -> func.Blueprint:
    """Build the routes over the drill service."""
    bp = func.Blueprint()

    def start(req: func.HttpRequest, drill_id: str) -> func.HttpResponse:
        plan = read(req, PlanBody).plan()
        drill, is_new = drills.start(drill_id, plan, canonical(sent(req)), actor(req))
        return _started(req, drill, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    @bp.function_name("put_drill")
    @bp.route("drills/{drill}", methods=["PUT"])
    @answered
    def put_drill(req: func.HttpRequest) -> func.HttpResponse:
        return start(req, _id(req))

    @bp.function_name("post_drill")
    @bp.route("drills", methods=["POST"])
    @answered
    def post_drill(req: func.HttpRequest) -> func.HttpResponse:
        return start(req, f"drill-{uuid4().hex[:12]}")

    @bp.function_name("get_drill")
    @bp.route("drills/{drill}", methods=["GET"])
    @answered
    def get_drill(req: func.HttpRequest) -> func.HttpResponse:
        view = drills.get(_id(req))
        return written(_view(view), headers={"ETag": view.drill.version})

    @bp.function_name("list_drills")
    @bp.route("drills", methods=["GET"])
    @answered
    def list_drills(req: func.HttpRequest) -> func.HttpResponse:
        top = whole_number(req, "$top", LIST_TOP, LIST_TOP_MAX)
        profile, phase = req.params.get("profile", ""), req.params.get("phase", "")
        running = [_drill(d) for d in drills.open() if profile in ("", d.plan.profile)]
        ended = [_summary(row) for row in drills.closed(profile, top)]
        listed = [d for d in (*running, *ended) if phase in ("", d["phase"])]
        return written({"value": listed[:top]})

    @bp.function_name("stop_drill")
    @bp.route("drills/{drill}/stop", methods=["POST"])
    @answered
    def stop_drill(req: func.HttpRequest) -> func.HttpResponse:
        return written(_drill(drills.stop(_id(req))), HTTPStatus.ACCEPTED)

    @bp.function_name("get_operation")
    @bp.route("drills/{drill}/operation", methods=["GET"])
    @answered
    def get_operation(req: func.HttpRequest) -> func.HttpResponse:
        drill = drills.get(_id(req)).drill
        running = drill.phase is not Phase.CLOSED
        return written(
            operation(drill), headers={"Retry-After": RETRY_AFTER_SECONDS} if running else {}
        )

    return bp


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


def _id(req: func.HttpRequest) -> str:
    text: str = req.route_params["drill"]
    is_plain = text.isascii() and text.replace("-", "").isalnum() and text[0] != "-"
    if not is_plain or len(text) > ID_CHARACTERS_MAX:
        message = f"The drill's id is {text!r}; it must be 1 to 63 letters, digits and hyphens."
        raise InvalidInput(message, (Fault("InvalidValue", "id", message),))
    return text


def _started(req: func.HttpRequest, drill: Drill, status: HTTPStatus) -> func.HttpResponse:
    base = req.url.split("?")[0].rsplit("/drills", 1)[0]
    headers = {
        "Operation-Location": f"{base}/drills/{drill.id}/operation",
        "Retry-After": RETRY_AFTER_SECONDS,
        "ETag": drill.version,
    }
    return written(_drill(drill), status, headers)


def _drill(drill: Drill) -> Json:
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


def _view(view: View) -> Json:
    more = {
        "waitsFor": view.waits_for or None,
        "until": rfc3339(view.until) if view.until else None,
        "lastSeen": view.last_seen,
    }
    return _drill(view.drill) | more


def _summary(row: Json) -> Json:
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
