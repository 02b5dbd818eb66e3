"""JSON in, JSON or Azure's error body out; the only place that knows status codes."""

import functools
import json
import os
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared.core import errors

API_VERSION = "2026-11-01"
DIGITS_MAX = 18
ORIGIN_CHARACTERS_MAX = 200
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
HANDLED = Callable[[func.HttpRequest], func.HttpResponse]

STATUS: Mapping[type[errors.SwitchbackError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreflightFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SafetyLeverEngaged: HTTPStatus.LOCKED,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.StaleRow: HTTPStatus.CONFLICT,
    errors.RefusedByAzure: HTTPStatus.BAD_REQUEST,
    errors.UpstreamUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""One row per branch of the error tree; a leaf has its branch's status."""


def answered(handle: HANDLED) -> HANDLED:
    """Wrap a trigger: check api-version, map errors, echo the client's request id."""

    @functools.wraps(handle)
    def wrapper(req: func.HttpRequest) -> func.HttpResponse:
        try:
            _check_version(req)
            response = handle(req)
        except errors.SwitchbackError as error:
            response = refused(error)
        request_id = req.headers.get("x-ms-client-request-id")
        if request_id:
            response.headers["x-ms-client-request-id"] = request_id
        return response

    return wrapper


def written(
    body: Any,  # noqa: ANN401 - anything JSON
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """Write a JSON answer."""
    text = json.dumps(body, separators=(",", ":"))
    return func.HttpResponse(
        text, status_code=status, mimetype="application/json", headers=dict(headers or {})
    )


def refused(error: errors.SwitchbackError) -> func.HttpResponse:
    """Write an error as Azure writes one: {"error": {…}} and x-ms-error-code."""
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.target:
        body["target"] = error.target
    if error.faults:
        body["details"] = [
            {"code": fault.code, "target": fault.target, "message": fault.message}
            for fault in error.faults
        ]
    headers = {"x-ms-error-code": error.code}
    if isinstance(error, errors.UpstreamUnavailable):
        headers["Retry-After"] = str(round(error.retry_after_seconds or 5))
    return written({"error": body}, status_of(error), headers)


def status_of(error: errors.SwitchbackError) -> HTTPStatus:
    """Return an error's status: its own row's, or its nearest ancestor's."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def invalid(*faults: errors.Fault) -> errors.InvalidInput:
    """Return the refusal of a request for all that is wrong with it."""
    return errors.InvalidInput(" ".join(fault.message for fault in faults), faults)


def flag(req: func.HttpRequest, name: str) -> bool:
    """Return a query parameter that is true or false; absent is false."""
    value = req.params.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise invalid(errors.wrong(name, value, "true or false"))
    return bool(value == "true")


def whole_number(req: func.HttpRequest, name: str, default: int, most: int) -> int:
    """Return a query parameter that is a whole number from 1 to `most`."""
    return number(req, name, most, least=1) if name in req.params else default


def number(req: func.HttpRequest, name: str, most: int, *, least: int = 0) -> int:
    """Return a query parameter that is there and is a whole number in range."""
    text = str(req.params[name])
    found = within(text, least, most)
    if found is None:
        raise invalid(errors.wrong(name, text, f"a whole number from {least} to {most}"))
    return found


def within(text: str, least: int, most: int) -> int | None:
    """Return a text that is a whole number in range, else None."""
    is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
    return int(text) if is_number and least <= int(text) <= most else None


def actor(req: func.HttpRequest) -> str:
    """Return who asks: the signed-in principal, where the platform names one, else which key."""
    # Without the platform's sign-in anyone could send the headers.
    if os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true":
        named = (req.headers.get(f"x-ms-client-principal-{what}") for what in ("name", "id"))
        if name := next((name for name in named if name), None):
            return str(name)
    key = req.headers.get("x-functions-key") or req.params.get("code")
    # Which key it was, without a word of it: keys are long and random, this is a short hash.
    return f"function key {sha256(key.encode()).hexdigest()[:8]}" if key else "function key"


def origin(req: func.HttpRequest) -> str:
    """Return where a request came from.

    The platform appends the address that it saw to what the client (or a proxy) claims, so the
    last one is sure. Without the platform in front nobody tells.
    """
    told = str(req.headers.get("x-forwarded-for", ""))
    return told[-ORIGIN_CHARACTERS_MAX:] or "no address told"


def path_name(req: func.HttpRequest, member: str) -> str:
    """Return a name in the path: what may be a profile's, a drill's or a schedule's."""
    name = str(req.route_params[member])
    if not NAME.fullmatch(name):
        right = "1 to 63 letters, digits, hyphens and periods, beginning and ending alphanumeric"
        raise invalid(errors.wrong(member, name, right))
    return name


def _check_version(req: func.HttpRequest) -> None:
    version = req.params.get("api-version")
    if version not in (None, API_VERSION):
        error = errors.InvalidInput(
            f"Unsupported api-version '{version}'. The supported api-versions are '{API_VERSION}'.",
            target="api-version",
        )
        error.code = "UnsupportedApiVersionValue"
        raise error
