"""The route of a drill's records, paged in time order."""

from collections.abc import Callable, Iterator
from typing import Any

import azure.functions as func

from functions._http import answered, path_name, whole_number, written
from functions._paging import Key, continued, page, place
from functions._record_answers import action_view, entry_view, sample_view
from shared.core.samples import Timeline, rfc3339

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
        behind = [record for record in records if record[0] > after][: top + 1]
        return written(page(req, [(place(key), record) for key, record in behind], top))

    return bp


def _records(timeline: Timeline, series: str) -> Iterator[tuple[Key, Json]]:
    """Yield every record with its place in time; with `series`, that series' only."""
    if series == AUDIT:
        # In the order of the chain, whatever the clocks of two hosts said.
        yield from (((entry.sequence, ""), entry_view(entry)) for entry in timeline.audit)
        return
    for sample in timeline.samples:
        if not series or sample.series == series:
            yield (sample.asked_at, sample.id), sample_view(sample)
    if series:
        return
    for action in timeline.actions:
        yield (action.sent_at, action.id), action_view(action)
    for move in timeline.transitions:
        record = {"recordKind": "transition", "at": rfc3339(move.at), "phase": move.phase}
        yield (move.at, f"transition/{move.phase}"), record | {"reason": move.reason}
    for entry in timeline.audit:
        record = entry_view(entry)
        yield (entry.act.at, record["id"]), record
