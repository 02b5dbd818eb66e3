"""Routes of profiles' baselines: samples taken without a drill, and failovers that nobody planned.

Times are asked for as RFC 3339; the last hour is the default for samples, the last week for
failovers. `series` names one series or all below a name: `dns`, `health/virginia`.
"""

from collections.abc import Callable

import azure.functions as func

from functions._formats import html, markdown, wanted_format
from functions._http import answered, invalid, number, path_name, whole_number, written
from functions._paging import START, continued, next_link, place
from functions._record_answers import sample_view
from shared.core.errors import Fault, wrong
from shared.core.plan import DAY_SECONDS
from shared.core.samples import Instant, instant, rfc3339
from shared.history import History, Period
from shared.render.failover import report_to_markdown, report_to_wire, to_wire
from shared.render.failover_page import to_html

TOP, TOP_MAX = 1_000, 5_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DAYS_MAX = 31
FORMATS = ("json", "markdown", "html")
EARLIEST: Instant = instant("1970-01-03T00:00:00Z")
LATEST: Instant = instant("9999-01-01T00:00:00Z")


def blueprint(history: History, now: Callable[[], Instant]) -> func.Blueprint:
    """Build the routes over what the baselines have seen."""
    bp = func.Blueprint()

    @bp.function_name("get_samples")
    @bp.route("profiles/{profile}/samples", methods=["GET"])
    @answered
    def get_samples(req: func.HttpRequest) -> func.HttpResponse:
        name, after = path_name(req, "profile"), continued(req)
        top = whole_number(req, "$top", TOP, TOP_MAX)
        period = _period(req, now(), HOUR_MS)
        series = str(req.params.get("series", ""))
        page = history.page(name, period, series, None if after == START else after, top)
        body = {"value": [sample_view(sample) for sample in page.samples]}
        if page.last is None:
            return written(body)
        # The next page must be of the same hour, whatever the clock says by then.
        bounds = {"from": rfc3339(period.since), "to": rfc3339(period.until)}
        return written(body | {"nextLink": next_link(req, place(page.last), bounds)})

    @bp.function_name("list_failovers")
    @bp.route("profiles/{profile}/failovers", methods=["GET"])
    @answered
    def list_failovers(req: func.HttpRequest) -> func.HttpResponse:
        period = _period(req, now(), 7 * DAY_MS)
        found = history.failovers(path_name(req, "profile"), period)
        return written({"value": [to_wire(failover) for failover in found]})

    @bp.function_name("get_failover")
    @bp.route("profiles/{profile}/failovers/{failover}", methods=["GET"])
    @answered
    def get_failover(req: func.HttpRequest) -> func.HttpResponse:
        wanted, rto_seconds = wanted_format(req, FORMATS), _rto_seconds(req)
        name, failover = path_name(req, "profile"), path_name(req, "failover")
        account = history.account(name, failover, rto_seconds)
        if wanted == "markdown":
            return markdown(report_to_markdown(account, rto_seconds))
        if wanted == "html":
            return html(to_html(account, rto_seconds))
        return written(report_to_wire(account, rto_seconds))

    return bp


def _period(req: func.HttpRequest, now: Instant, usual_ms: int) -> Period:
    faults: list[Fault] = []
    until = _instant(req, "to", faults) or now
    since = _instant(req, "from", faults) or until - usual_ms
    if not faults and since >= until:
        right = f"before to ({rfc3339(until)})"
        faults.append(wrong("from", rfc3339(since), right))
    if not faults and until - since > DAYS_MAX * DAY_MS:
        right = f"at most {DAYS_MAX} days before to ({rfc3339(until)})"
        faults.append(wrong("from", rfc3339(since), right))
    if faults:
        raise invalid(*faults)
    return Period(since, until)


def _instant(req: func.HttpRequest, name: str, faults: list[Fault]) -> Instant | None:
    """Return a query parameter that is an instant; what is wrong with it joins the faults."""
    text = str(req.params.get(name, ""))
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        told_at = instant(text.strip().replace(" ", "+"))
    except (ValueError, TypeError, OverflowError):
        told_at = None
    if told_at is None or not EARLIEST <= told_at <= LATEST:
        faults.append(wrong(name, text, "an RFC 3339 time such as 2026-11-22T09:00:00Z"))
        return None
    return told_at


def _rto_seconds(req: func.HttpRequest) -> int | None:
    if "rtoSeconds" not in req.params:
        return None
    return number(req, "rtoSeconds", DAY_SECONDS, least=1)
