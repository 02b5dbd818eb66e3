"""Routes of the safety lever, and of liveness."""

from http import HTTPStatus
from typing import Any

import azure.functions as func

from functions._http import actor, answered, origin, written
from functions._models import LeverBody, read
from shared.core.audit import members, summary
from shared.core.lever import Lever
from shared.core.samples import rfc3339
from shared.health import Health
from shared.safety import Safety

Json = dict[str, Any]

HISTORY_TOP = 20


def blueprint(safety: Safety, health: Health) -> func.Blueprint:
    """Build the routes over both services."""
    bp = func.Blueprint()

    @bp.function_name("get_health")
    @bp.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    @answered
    def get_health(req: func.HttpRequest) -> func.HttpResponse:
        problems = health.problems()
        if not problems:
            return written({"status": "ok"})
        body = {"status": "unhealthy", "problems": problems}
        return written(body, HTTPStatus.SERVICE_UNAVAILABLE)

    @bp.function_name("get_safety_lever")
    @bp.route("safety-lever", methods=["GET"])
    @answered
    def get_safety_lever(req: func.HttpRequest) -> func.HttpResponse:
        history = safety.history()
        newest = history.entries[: -HISTORY_TOP - 1 : -1]
        body = {
            **_position(safety.lever()),
            "audit": summary(history.verified),
            "history": [members(entry) for entry in newest],
        }
        return written(body)

    @bp.function_name("put_safety_lever")
    @bp.route("safety-lever", methods=["PUT"])
    @answered
    def put_safety_lever(req: func.HttpRequest) -> func.HttpResponse:
        body = read(req, LeverBody)
        safety.set(engaged=body.engaged, reason=body.reason, by=actor(req), where=origin(req))
        return written(_position(safety.lever()))

    return bp


def _position(lever: Lever) -> Json:
    return {
        "engaged": lever.engaged,
        "reason": lever.reason or None,
        "changedAt": None if lever.changed_at is None else rfc3339(lever.changed_at),
        "changedBy": lever.changed_by or None,
        "changedFrom": lever.changed_from or None,
    }
