"""The form in which a report is answered: as `format` says, else as Accept does, else JSON."""

from collections.abc import Sequence

import azure.functions as func

from functions._http import invalid
from shared.core.errors import wrong
from shared.render.html import POLICY

ACCEPTED = {"text/html": "html", "text/markdown": "markdown"}
"""What is answered where no format is named; browsers ask for text/html, scripts for anything."""


def wanted_format(req: func.HttpRequest, formats: Sequence[str]) -> str:
    """Return which of the formats is asked for, or raise InvalidInput."""
    wanted = str(req.params.get("format", ""))
    if not wanted:
        accept = req.headers.get("accept", "")
        named = (form for kind, form in ACCEPTED.items() if kind in accept and form in formats)
        return next(named, "json")
    if wanted not in formats:
        raise invalid(wrong("format", wanted, f"one of {', '.join(formats)}"))
    return wanted


def html(text: str) -> func.HttpResponse:
    """Write an answer as a page that may run nothing and ask nobody."""
    return func.HttpResponse(
        text,
        mimetype="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"},
    )


def markdown(text: str) -> func.HttpResponse:
    """Write an answer in Markdown."""
    return func.HttpResponse(text, mimetype="text/markdown", charset="utf-8")
