"""The route of a drill's records, paged in time order."""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import azure.functions as func

from functions._http import answered, path_name, whole_number, written
from shared.core.errors import Fault, InvalidInput
from shared.core.plan import camel_case
from shared.core.samples import Timeline, rfc3339

Json = dict[str, Any]
Key = tuple[int, str]

TOP, TOP_MAX = 1_000, 5_000


def blueprint(timeline: Callable[[str], Timeline]) -> func.Blueprint:
    """Build the route over a source of timelines."""
    bp = func.Blueprint()

    @bp.function_name("get_timeline")
    @bp.route("drills/{drill}/timeline", methods=["GET"])
    @answered
    def get_timeline(req: func.HttpRequest) -> func.HttpResponse:
        top = whole_number(req, "$top", TOP, TOP_MAX)
        after = _key(req.params.get("continuation", ""))
        series = req.params.get("series", "")
        records = sorted(_records(timeline(path_name(req, "drill")), series), key=lambda r: r[0])
        page = [record for record in records if record[0] > after][: top + 1]
        body: Json = {"value": [record for _, record in page[:top]]}
        if len(page) > top:
            body["nextLink"] = _next(req, page[top - 1][0])
        return written(body)

    return bp


def _records(timeline: Timeline, series: str) -> Iterator[tuple[Key, Json]]:
    """Yield every record with its place in time; with `series`, that series' samples only."""
    for sample in timeline.samples:
        if not series or sample.series == series:
            told = {
                "recordKind": "sample",
                "id": sample.id,
                "series": sample.series,
                "askedAt": rfc3339(sample.asked_at),
                "answeredAt": rfc3339(sample.answered_at),
                "outcome": str(sample.outcome),
                "answer": sample.answer,
                "code": sample.code,
                "ttlSeconds": sample.ttl_seconds,
            }
            yield (sample.asked_at, sample.id), told
    if series:
        return
    for action in timeline.actions:
        at = {"sentAt": rfc3339(action.sent_at), "answeredAt": None}
        if action.answered_at is not None:
            at["answeredAt"] = rfc3339(action.answered_at)
        told = {camel_case(name): value for name, value in asdict(action).items()}
        yield (action.sent_at, action.id), {"recordKind": "action", "id": action.id, **told, **at}
    for move in timeline.transitions:
        told = {"recordKind": "transition", "at": rfc3339(move.at), "phase": move.phase}
        yield (move.at, f"transition/{move.phase}"), told | {"reason": move.reason}


def _key(continuation: str) -> Key:
    if not continuation:
        return (-1, "")
    try:
        at, _, name = base64.urlsafe_b64decode(continuation).decode().partition("|")
        return (int(at), name)
    except (ValueError, binascii.Error) as error:
        message = f"continuation is {continuation!r}; it must be taken from a nextLink."
        fault = Fault("InvalidValue", "continuation", message)
        raise InvalidInput(message, (fault,)) from error


def _next(req: func.HttpRequest, last: Key) -> str:
    token = base64.urlsafe_b64encode(f"{last[0]}|{last[1]}".encode()).decode()
    kept = {name: value for name, value in req.params.items() if name != "continuation"}
    query = "&".join(f"{quote(n)}={quote(v)}" for n, v in [*kept.items(), ("continuation", token)])
    return f"{req.url.split('?')[0]}?{query}"
