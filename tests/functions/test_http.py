"""Errors on the wire: one tree, one table of status codes, Azure's error body."""

import json
from collections.abc import Iterator
from hashlib import sha256

import azure.functions as func
import pytest

from functions._http import (
    STATUS,
    actor,
    answered,
    flag,
    origin,
    refused,
    status_of,
    whole_number,
    written,
)
from shared.core.errors import (
    DrillExists,
    Fault,
    InvalidInput,
    ProfileNotFound,
    SwitchbackError,
    UpstreamUnavailable,
)


def below(kind: type[SwitchbackError]) -> Iterator[type[SwitchbackError]]:
    """Yield every error below a branch of the tree."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def a_request(**params: str) -> func.HttpRequest:
    """Return a request with query parameters."""
    headers = {"x-ms-client-request-id": "mine"}
    return func.HttpRequest(
        "GET", "http://localhost/api/x", headers=headers, params=params, body=b""
    )


@pytest.mark.parametrize("kind", [*below(SwitchbackError)], ids=lambda k: k.__name__)
def test_every_error_has_a_status(kind: type[SwitchbackError]) -> None:
    """Its branch's: no error of ours is a 500."""
    assert status_of(kind("told")) in STATUS.values()


def test_every_branch_of_the_tree_is_in_the_table() -> None:
    """And nothing else is."""
    assert set(SwitchbackError.__subclasses__()) == set(STATUS)


def test_an_error_is_written_as_azure_writes_one() -> None:
    """Code, sentence, every fault, and the code as a header."""
    error = InvalidInput("Two things.", (Fault("A", "a", "One."), Fault("B", "b[0]", "Two.")))

    response = refused(error)

    assert response.status_code == 400
    assert response.headers["x-ms-error-code"] == "InvalidInput"
    assert json.loads(response.get_body()) == {
        "error": {
            "code": "InvalidInput",
            "message": "Two things.",
            "details": [
                {"code": "A", "target": "a", "message": "One."},
                {"code": "B", "target": "b[0]", "message": "Two."},
            ],
        }
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [(ProfileNotFound("x"), 404), (DrillExists("x"), 409), (UpstreamUnavailable("x"), 503)],
)
def test_a_trigger_that_raises_answers_with_the_errors_status(
    error: SwitchbackError, status: int
) -> None:
    """Mapped once, for every trigger."""

    @answered
    def trigger(req: func.HttpRequest) -> func.HttpResponse:
        raise error

    response = trigger(a_request())

    assert (response.status_code, response.headers["x-ms-client-request-id"]) == (status, "mine")


def test_an_unavailable_service_says_when_to_ask_again() -> None:
    """The service's own Retry-After, where it gave one."""
    error = UpstreamUnavailable("ARM is busy.")
    error.retry_after_seconds = 17

    assert refused(error).headers["Retry-After"] == "17"


def test_an_unknown_api_version_is_refused() -> None:
    """With the code and the form of Azure's REST guidelines; none means the newest."""

    @answered
    def trigger(req: func.HttpRequest) -> func.HttpResponse:
        return written({})

    unknown = trigger(a_request(**{"api-version": "2001-01-01"}))
    known = trigger(a_request(**{"api-version": "2026-11-01"}))

    assert json.loads(unknown.get_body())["error"]["code"] == "UnsupportedApiVersionValue"
    assert (unknown.status_code, known.status_code) == (400, 200)


def test_a_flag_is_true_or_false() -> None:
    """Anything else is told, not taken for false."""
    assert flag(a_request(dryRun="TRUE"), "dryRun")
    assert not flag(a_request(), "dryRun")
    with pytest.raises(InvalidInput):
        flag(a_request(dryRun="maybe"), "dryRun")


@pytest.mark.parametrize("text", ["0", "-1", "1001", "ten", "1.5", ""])
def test_a_count_is_a_whole_number_in_range(text: str) -> None:
    """`$top` and its like."""
    with pytest.raises(InvalidInput):
        whole_number(a_request(top=text), "top", 50, 1_000)


def test_a_count_has_a_default() -> None:
    """Where none is given."""
    assert whole_number(a_request(), "top", 50, 1_000) == 50


KEY = "Zm9yLXRlc3RzLW9ubHk="
KEY_NAME = f"function key {sha256(KEY.encode()).hexdigest()[:8]}"


def asked_by(headers: dict[str, str], **params: str) -> func.HttpRequest:
    """Return a request with these headers."""
    url = "http://localhost/api/x"
    return func.HttpRequest("POST", url, headers=headers, params=params, body=b"")


def test_a_key_is_told_from_others_and_not_told() -> None:
    """By the beginning of its hash, whichever way it was sent."""
    assert actor(asked_by({"x-functions-key": KEY})) == KEY_NAME
    assert actor(asked_by({}, code=KEY)) == KEY_NAME
    assert actor(asked_by({"x-functions-key": KEY}, code="other")) == KEY_NAME
    assert actor(asked_by({})) == "function key"
    assert KEY not in KEY_NAME


def test_a_principal_is_believed_where_the_platform_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere anybody could send the header; an app has no name, but an id."""
    claims = {"x-ms-client-principal-name": "ada@example.com", "x-functions-key": KEY}
    anonymous = actor(asked_by(claims))
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")

    assert anonymous == KEY_NAME
    assert actor(asked_by(claims)) == "ada@example.com"
    assert actor(asked_by({"x-ms-client-principal-id": "0f-42"})) == "0f-42"
    assert actor(asked_by({"x-functions-key": KEY})) == KEY_NAME


def test_where_a_request_came_from_ends_with_what_the_platform_saw() -> None:
    """A client may claim as much as it likes in front of that."""
    told = origin(asked_by({"x-forwarded-for": "203.0.113.9, 198.51.100.7:50123"}))
    long = origin(asked_by({"x-forwarded-for": f"{'9' * 5_000}, 198.51.100.7:50123"}))

    assert told == "203.0.113.9, 198.51.100.7:50123"
    assert long.endswith("9, 198.51.100.7:50123")
    assert len(long) == 200
    assert origin(asked_by({})) == "no address told"
