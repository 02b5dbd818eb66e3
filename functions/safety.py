"""Routes of the safety lever, and of liveness."""

from http import HTTPStatus

import azure.functions as func

from functions._http import answered, written
from functions._models import LeverBody, read
from shared.health import Health
from shared.safety import Safety


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
        return written({"engaged": safety.is_engaged()})

    @bp.function_name("put_safety_lever")
    @bp.route("safety-lever", methods=["PUT"])
    @answered
    def put_safety_lever(req: func.HttpRequest) -> func.HttpResponse:
        body = read(req, LeverBody)
        safety.set(engaged=body.engaged, reason=body.reason)
        return written({"engaged": body.engaged})

    return bp
