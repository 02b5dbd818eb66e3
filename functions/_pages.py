"""How records are paged, and how a sample is told: the same on every route that has them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import azure.functions as func

from shared.core.errors import Fault, InvalidInput
from shared.core.samples import Sample, rfc3339

Json = dict[str, Any]
Key = tuple[int, str]
"""A record's place: an instant, and a name that tells it from others of the same instant."""

START: Key = (-1, "")


def continued(req: func.HttpRequest) -> Key:
    """Return the place after which the page begins; START where none is asked for."""
    text = str(req.params.get("continuation", ""))
    if not text:
        return START
    try:
        at, _, name = base64.urlsafe_b64decode(text).decode().partition("|")
        return (int(at), name)
    except (ValueError, binascii.Error) as error:
        message = f"continuation is {text!r}; it must be taken from a nextLink."
        fault = Fault("InvalidValue", "continuation", message)
        raise InvalidInput(message, (fault,)) from error


def next_link(req: func.HttpRequest, last: Key, fixed: Mapping[str, str] | None = None) -> str:
    """Return the address of the page after a place; `fixed` is asked for there in any case."""
    token = base64.urlsafe_b64encode(f"{last[0]}|{last[1]}".encode()).decode()
    asked = {**req.params, **(fixed or {}), "continuation": token}
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in asked.items())
    return f"{req.url.split('?')[0]}?{query}"


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
    }
