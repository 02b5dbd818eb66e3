"""Routes of drills: start, look, stop, release, restore."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

import azure.functions as func

from functions._conditions import condition
from functions._drill_answers import (
    drill_state,
    drill_view,
    operation,
    rehearsal,
    restored,
    summary,
)
from functions._http import actor, answered, flag, invalid, origin, whole_number, written
from functions._models import Json, PlanBody, RestoreBody, canonical, read, sent
from functions._paging import continuation, page
from shared.audit import AuditedDrills
from shared.core.conditions import Condition
from shared.core.errors import DrillNotFound, Fault, wrong
from shared.core.model import Drill, Phase
from shared.drills import Drills

ID_CHARACTERS_MAX = 63
RETRY_AFTER_SECONDS = "5"
LIST_TOP, LIST_TOP_MAX = 50, 1_000
OPEN = "open|"
"""Where those that run have their place in the list: before all that have ended."""


def acting(drills: AuditedDrills) -> func.Blueprint:
    """Build the routes that start and stop drills."""
    bp = func.Blueprint()

    def start(req: func.HttpRequest, drill_id: str) -> func.HttpResponse:
        plan = read(req, PlanBody).plan()
        if flag(req, "dryRun"):
            return written(rehearsal(plan, drills.rehearse(plan)))
        _check(req, drills, drill_id)
        as_sent = canonical(sent(req))
        drill, is_new = drills.start(drill_id, plan, as_sent, actor(req), origin(req))
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
        return _asked(req, drills, drills.stop)

    @bp.function_name("release_drill")
    @bp.route("drills/{drill}/failback", methods=["POST"])
    @answered
    def release_drill(req: func.HttpRequest) -> func.HttpResponse:
        return _asked(req, drills, drills.release)

    @bp.function_name("restore_drill")
    @bp.route("drills/{drill}/restore", methods=["POST"])
    @answered
    def restore_drill(req: func.HttpRequest) -> func.HttpResponse:
        # A body is needed only by whoever gives something up.
        gone = read(req, RestoreBody).gone if req.get_body() else []
        done = drills.restore(_id(req), actor(req), origin(req), tuple(gone))
        return written({"value": [restored(each) for each in done]}, HTTPStatus.ACCEPTED)

    return bp


def looking(drills: Drills) -> func.Blueprint:
    """Build the routes that show drills."""
    bp = func.Blueprint()

    @bp.function_name("get_drill")
    @bp.route("drills/{drill}", methods=["GET"])
    @answered
    def get_drill(req: func.HttpRequest) -> func.HttpResponse:
        view = drills.get(_id(req))
        headers = {"ETag": view.drill.version}
        # While it runs, what was seen last changes, and the version does not.
        is_final = view.drill.phase is Phase.CLOSED
        if is_final and condition(req).is_known(view.drill.version):
            return func.HttpResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return written(drill_view(view), headers=headers)

    @bp.function_name("list_drills")
    @bp.route("drills", methods=["GET"])
    @answered
    def list_drills(req: func.HttpRequest) -> func.HttpResponse:
        top = whole_number(req, "$top", LIST_TOP, LIST_TOP_MAX)
        profile, phase = req.params.get("profile", ""), _phase(req)
        after = continuation(req)
        # Those that run come first: they are few, one for each profile at most.
        shown = _running(drills, profile, phase, after)
        if len(shown) <= top and phase in ("", Phase.CLOSED):
            behind = "" if after.startswith(OPEN) else after
            ended = drills.closed(profile, top - len(shown) + 1, behind)
            shown += [(row["key"], summary(row)) for row in ended]
        return written(page(req, shown, top))

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


def _asked(
    req: func.HttpRequest, drills: AuditedDrills, act: Callable[[str, str, str], Drill]
) -> func.HttpResponse:
    """Do what is asked of a drill, if it is still the one that is meant."""
    _check(req, drills, _id(req))
    return written(drill_state(act(_id(req), actor(req), origin(req))), HTTPStatus.ACCEPTED)


def _check(req: func.HttpRequest, drills: AuditedDrills, drill_id: str) -> None:
    """Raise PreconditionFailed unless the drill's version is what If-Match and its twin demand."""
    demanded = condition(req)
    if demanded == Condition():
        return
    try:
        version = drills.state(drill_id).version
    except DrillNotFound:
        version = None
    demanded.check(version)


def _running(drills: Drills, profile: str, phase: str, after: str) -> list[tuple[str, Json]]:
    """Return those that run behind `after`, each with its place in the list."""
    if after and not after.startswith(OPEN):
        return []
    wanted = [d for d in drills.open() if profile.lower() in ("", d.plan.profile.lower())]
    placed = sorted((OPEN + d.id, drill_state(d)) for d in wanted if phase in ("", d.phase))
    return [(place, drill) for place, drill in placed if place > after]


def _phase(req: func.HttpRequest) -> str:
    text = str(req.params.get("phase", ""))
    if text and text not in set(Phase):
        raise invalid(wrong("phase", text, f"one of {', '.join(Phase)}"))
    return text


def _id(req: func.HttpRequest) -> str:
    text: str = req.route_params["drill"]
    is_plain = text.isascii() and text.replace("-", "").isalnum() and text[0] != "-"
    if not is_plain or len(text) > ID_CHARACTERS_MAX:
        message = f"The drill's id is {text!r}; it must be 1 to 63 letters, digits and hyphens."
        raise invalid(Fault("InvalidValue", "id", message))
    return text


def _started(req: func.HttpRequest, drill: Drill, status: HTTPStatus) -> func.HttpResponse:
    base = req.url.split("?")[0].rsplit("/drills", 1)[0]
    headers = {
        "Operation-Location": f"{base}/drills/{drill.id}/operation",
        "Retry-After": RETRY_AFTER_SECONDS,
        "ETag": drill.version,
    }
    return written(drill_state(drill), status, headers)
