"""How records are paged, and how a sample is told: the same on every route that has them."""

from collections.abc import Mapping
from typing import Any

import azure.functions as func

from functions._paging import continuation, link, wrong_continuation
from shared.core.samples import Sample, rfc3339

Json = dict[str, Any]
Key = tuple[int, str]
"""A record's place: an instant, and a name that tells it from others of the same instant."""

START: Key = (-1, "")


def continued(req: func.HttpRequest) -> Key:
    """Return the place after which the page begins; START where none is asked for."""
    text = continuation(req)
    at, _, name = text.partition("|")
    if not text:
        return START
    try:
        return (int(at), name)
    except ValueError as error:
        raise wrong_continuation(req) from error


def next_link(req: func.HttpRequest, last: Key, fixed: Mapping[str, str] | None = None) -> str:
    """Return the address of the page after a place; `fixed` is asked for there in any case."""
    return link(req, f"{last[0]}|{last[1]}", fixed)


def told(sample: Sample) -> Json:
    """Return a sample as its readers see it."""
    return {
        "recordKind": "sample",
        "id": sample.id,
        "series": sample.series,
        "askedAt": rfc3339(sample.asked_at),
        "answeredAt": rfc3339(sample.answered_at),
        "outcome": str(sample.outcome),
        "answer": sample.answer,
        "code": sample.code,
        "ttlSeconds": sample.ttl_seconds,
        "detail": sample.detail,
        "tookMilliseconds": None if sample.took_tenths is None else sample.took_tenths / 10,
    }
