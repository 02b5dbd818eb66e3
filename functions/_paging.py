"""Pages of a collection: an opaque word tells where the next one begins."""

import base64
import binascii
from urllib.parse import quote

import azure.functions as func

from shared.core.errors import Fault, InvalidInput

CONTINUATION = "continuation"


def continuation(req: func.HttpRequest) -> str:
    """Return where the page begins: behind what this names; empty for the first page."""
    text = req.params.get(CONTINUATION, "")
    try:
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        message = f"continuation is {text!r}; it must be taken from a nextLink."
        raise InvalidInput(message, (Fault("InvalidValue", CONTINUATION, message),)) from error


def next_link(req: func.HttpRequest, last: str) -> str:
    """Return the address of the page behind `last`, all other parameters kept."""
    token = base64.urlsafe_b64encode(last.encode()).decode()
    kept = [(n, v) for n, v in req.params.items() if n != CONTINUATION]
    query = "&".join(f"{quote(n)}={quote(v)}" for n, v in [*kept, (CONTINUATION, token)])
    return f"{req.url.split('?')[0]}?{query}"
