"""The route of a drill's report, in the format that is asked for."""

import azure.functions as func

from functions._formats import html, markdown, wanted_format
from functions._http import answered, path_name, written
from shared.core.report import Report
from shared.render.html import to_html
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from shared.reports import Reports

FORMATS = ("json", "markdown", "html")


def blueprint(reports: Reports) -> func.Blueprint:
    """Build the route over the report service."""
    bp = func.Blueprint()

    @bp.function_name("get_report")
    @bp.route("drills/{drill}/report", methods=["GET"])
    @answered
    def get_report(req: func.HttpRequest) -> func.HttpResponse:
        wanted, name = wanted_format(req, FORMATS), path_name(req, "drill")
        if wanted == "html":
            account = reports.account(name)
            return html(to_html(account.report, account.timeline))
        return _told(reports.report(name), wanted)

    return bp


def _told(report: Report, wanted: str) -> func.HttpResponse:
    if wanted == "markdown":
        return markdown(to_markdown(report))
    return written(to_wire(report))
