"""Routes of drills: start, look, stop."""

from http import HTTPStatus
from uuid import uuid4

import azure.functions as func

from functions._drill_answers import drill_state, drill_view, operation, rehearsal, summary
from functions._http import actor, answered, flag, whole_number, written
from functions._models import PlanBody, canonical, read, sent
from shared.core.errors import Fault, InvalidInput
from shared.core.model import Drill, Phase
from shared.drills import Drills

ID_CHARACTERS_MAX = 63
RETRY_AFTER_SECONDS = "5"
LIST_TOP, LIST_TOP_MAX = 50, 1_000


def acting(drills: Drills) -> func.Blueprint:
    """Build the routes that start and stop drills."""
    bp = func.Blueprint()

    def start(req: func.HttpRequest, drill_id: str) -> func.HttpResponse:
        plan = read(req, PlanBody).plan()
        if flag(req, "dryRun"):
            return written(rehearsal(plan, drills.rehearse(plan)))
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

    @bp.function_name("stop_drill")
    @bp.route("drills/{drill}/stop", methods=["POST"])
    @answered
    def stop_drill(req: func.HttpRequest) -> func.HttpResponse:
        return written(drill_state(drills.stop(_id(req))), HTTPStatus.ACCEPTED)

    return bp


def looking(drills: Drills) -> func.Blueprint:
    """Build the routes that show drills."""
    bp = func.Blueprint()

    @bp.function_name("get_drill")
    @bp.route("drills/{drill}", methods=["GET"])
    @answered
    def get_drill(req: func.HttpRequest) -> func.HttpResponse:
        view = drills.get(_id(req))
        return written(drill_view(view), headers={"ETag": view.drill.version})

    @bp.function_name("list_drills")
    @bp.route("drills", methods=["GET"])
    @answered
    def list_drills(req: func.HttpRequest) -> func.HttpResponse:
        top = whole_number(req, "$top", LIST_TOP, LIST_TOP_MAX)
        profile, phase = req.params.get("profile", ""), req.params.get("phase", "")
        running = [drill_state(d) for d in drills.open() if profile in ("", d.plan.profile)]
        ended = [summary(row) for row in drills.closed(profile, top)]
        listed = [d for d in (*running, *ended) if phase in ("", d["phase"])]
        return written({"value": listed[:top]})

    @bp.function_name("get_operation")
    @bp.route("drills/{drill}/operation", methods=["GET"])
    @answered
    def get_operation(req: func.HttpRequest) -> func.HttpResponse:
        drill = drills.state(_id(req))
        running = drill.phase is not Phase.CLOSED
        return written(
            operation(drill), headers={"Retry-After": RETRY_AFTER_SECONDS} if running else {}
        )

    return bp


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
    return written(drill_state(drill), status, headers)
