"""Pages of a collection: an opaque word tells where the next one begins."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import quote

import azure.functions as func

from shared.core.errors import Fault, InvalidInput

CONTINUATION = "continuation"


def continuation(req: func.HttpRequest) -> str:
    """Return where the page begins: behind what this names; empty for the first page."""
    text = str(req.params.get(CONTINUATION, ""))
    try:
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise wrong_continuation(req) from error


def wrong_continuation(req: func.HttpRequest) -> InvalidInput:
    """Return the refusal of a word that no link of ours has."""
    text = str(req.params.get(CONTINUATION, ""))
    message = f"continuation is {text!r}; it must be taken from a nextLink."
    return InvalidInput(message, (Fault("InvalidValue", CONTINUATION, message),))


def link(req: func.HttpRequest, last: str, fixed: Mapping[str, str] | None = None) -> str:
    """Return the address of the page behind `last`; all other parameters stay, or are `fixed`."""
    token = base64.urlsafe_b64encode(last.encode()).decode()
    asked = {**req.params, **(fixed or {}), CONTINUATION: token}
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in asked.items())
    return f"{req.url.split('?')[0]}?{query}"
