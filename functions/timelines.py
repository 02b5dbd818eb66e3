"""The route of a drill's records, paged in time order."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import azure.functions as func

from functions._http import answered, path_name, whole_number, written
from functions._pages import Key, continued, next_link, told
from shared.core.audit import members
from shared.core.plan import camel_case
from shared.core.samples import ActionRecord, Entry, Timeline, rfc3339

Json = dict[str, Any]

TOP, TOP_MAX = 1_000, 5_000
AUDIT = "audit"
"""Asked for as a series, though its records are no samples."""


def blueprint(timeline: Callable[[str], Timeline]) -> func.Blueprint:
    """Build the route over a source of timelines."""
    bp = func.Blueprint()

    @bp.function_name("get_timeline")
    @bp.route("drills/{drill}/timeline", methods=["GET"])
    @answered
    def get_timeline(req: func.HttpRequest) -> func.HttpResponse:
        top = whole_number(req, "$top", TOP, TOP_MAX)
        after = continued(req)
        series = req.params.get("series", "")
        records = sorted(_records(timeline(path_name(req, "drill")), series), key=lambda r: r[0])
        page = [record for record in records if record[0] > after][: top + 1]
        body: Json = {"value": [record for _, record in page[:top]]}
        if len(page) > top:
            body["nextLink"] = next_link(req, page[top - 1][0])
        return written(body)

    return bp


def _records(timeline: Timeline, series: str) -> Iterator[tuple[Key, Json]]:
    """Yield every record with its place in time; with `series`, that series' only."""
    if series == AUDIT:
        # In the order of the chain, whatever the clocks of two hosts said.
        yield from (((entry.sequence, ""), _entry(entry)) for entry in timeline.audit)
        return
    for sample in timeline.samples:
        if not series or sample.series == series:
            yield (sample.asked_at, sample.id), told(sample)
    if series:
        return
    for action in timeline.actions:
        yield (action.sent_at, action.id), _action(action)
    for move in timeline.transitions:
        record = {"recordKind": "transition", "at": rfc3339(move.at), "phase": move.phase}
        yield (move.at, f"transition/{move.phase}"), record | {"reason": move.reason}
    for entry in timeline.audit:
        record = _entry(entry)
        yield (entry.act.at, record["id"]), record


def _action(action: ActionRecord) -> Json:
    at = {"sentAt": rfc3339(action.sent_at), "answeredAt": None}
    if action.answered_at is not None:
        at["answeredAt"] = rfc3339(action.answered_at)
    members_of = {camel_case(name): value for name, value in asdict(action).items()}
    return {"recordKind": "action", "id": action.id, **members_of, **at}


def _entry(entry: Entry) -> Json:
    return {"recordKind": "audit", "id": f"audit/{entry.sequence:08d}", **members(entry)}
