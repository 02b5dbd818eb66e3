"""Pages of a list: an opaque word, taken from a link, tells where the next one begins."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import azure.functions as func

from functions._http import invalid, within
from shared.core.errors import InvalidInput, wrong

Json = dict[str, Any]
Key = tuple[int, str]
"""A record's place: an instant, and a name that tells it from others of the same instant."""

CONTINUATION = "continuation"
START: Key = (-1, "")
AT_MAX = 10**13
"""No record is younger (milliseconds since 1970)."""


def page(req: func.HttpRequest, found: Sequence[tuple[str, Json]], top: int) -> Json:
    """Return `top` records of those found, each with its place, and the link to more, if any."""
    body: Json = {"value": [record for _, record in found[:top]]}
    if len(found) > top:
        body["nextLink"] = next_link(req, found[top - 1][0])
    return body


def next_link(req: func.HttpRequest, last: str, fixed: Mapping[str, str] | None = None) -> str:
    """Return the address of the page behind `last`; all other parameters stay, or are `fixed`."""
    token = base64.urlsafe_b64encode(last.encode()).decode()
    asked = {**req.params, **(fixed or {}), CONTINUATION: token}
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in asked.items())
    return f"{req.url.split('?')[0]}?{query}"


def continuation(req: func.HttpRequest) -> str:
    """Return where the page begins: behind what this names; empty for the first page."""
    text = str(req.params.get(CONTINUATION, ""))
    try:
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise _no_continuation(req) from error


def place(key: Key) -> str:
    """Return a record's place as a link has it."""
    return f"{key[0]}|{key[1]}"


def continued(req: func.HttpRequest) -> Key:
    """Return the record's place after which the page begins; START where none is asked for."""
    text = continuation(req)
    if not text:
        return START
    told_at, _, name = text.partition("|")
    at = within(told_at, 0, AT_MAX)
    if at is None:
        raise _no_continuation(req)
    return (at, name)


def _no_continuation(req: func.HttpRequest) -> InvalidInput:
    text = str(req.params.get(CONTINUATION, ""))
    return invalid(wrong(CONTINUATION, text, "taken from a nextLink"))
