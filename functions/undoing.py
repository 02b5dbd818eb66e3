"""The app when its settings are wrong: only the watchdog runs, and health says so."""

from collections.abc import Callable
from http import HTTPStatus

import azure.functions as func

from functions._http import written
from shared.core.errors import InvalidInput


def blueprint(restore: Callable[[], int], wrong: InvalidInput) -> func.Blueprint:
    """Build the watchdog's timer and a health that names the settings that are wrong."""
    bp = func.Blueprint()

    @bp.function_name("restore_overdue")
    @bp.timer_trigger(arg_name="timer", schedule="%RESTORE_SCHEDULE%", use_monitor=True)
    def restore_overdue(timer: func.TimerRequest) -> None:
        restore()

    @bp.function_name("get_health")
    @bp.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    def get_health(req: func.HttpRequest) -> func.HttpResponse:
        # Names only: the page needs no key. The log has the values and what would be right.
        problems = [f"The setting {fault.target} is missing or wrong." for fault in wrong.faults]
        body = {"status": "unhealthy", "problems": problems}
        return written(body, HTTPStatus.SERVICE_UNAVAILABLE)

    return bp
