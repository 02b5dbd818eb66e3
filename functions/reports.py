"""The route of a drill's report, in the format that is asked for."""

from http import HTTPStatus

import azure.functions as func

from functions._http import answered, written
from shared.core.errors import Fault, InvalidInput
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from shared.reports import Reports

FORMATS = ("json", "markdown")


def blueprint(reports: Reports) -> func.Blueprint:
    """Build the route over the report service."""
    bp = func.Blueprint()

    @bp.function_name("get_report")
    @bp.route("drills/{drill}/report", methods=["GET"])
    @answered
    def get_report(req: func.HttpRequest) -> func.HttpResponse:
        wanted = _format(req)
        report = reports.report(req.route_params["drill"])
        if wanted == "markdown":
            return func.HttpResponse(
                to_markdown(report),
                status_code=HTTPStatus.OK,
                mimetype="text/markdown",
                charset="utf-8",
            )
        return written(to_wire(report))

    return bp


def _format(req: func.HttpRequest) -> str:
    wanted = str(req.params.get("format", ""))
    if not wanted:
        return "markdown" if "text/markdown" in req.headers.get("accept", "") else "json"
    if wanted not in FORMATS:
        message = f"format is {wanted!r}; it must be one of {', '.join(FORMATS)}."
        raise InvalidInput(message, (Fault("InvalidValue", "format", message),))
    return wanted
