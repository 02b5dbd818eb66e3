"""Tokens: ARM takes those that were given out here, for it, and whose time is not over."""

import base64
import json

import httpx2
import pytest

from emulator.tokens import Tokens
from tests.emulator.running import PROFILE, Emulator

ARM = "https://management.azure.com"
TENANT = "00000000-0000-0000-0000-0000000000bb"


def refusal(emulator: Emulator, authorization: str) -> tuple[int, str, str]:
    """Return status, code and message of a refused request, which must carry a challenge."""
    headers = {"Authorization": authorization}
    query = {"api-version": "2026-09-01"}
    response = httpx2.get(emulator.url + PROFILE, params=query, headers=headers)
    assert response.headers["www-authenticate"].startswith("Bearer")
    error = response.json()["error"]
    return response.status_code, error["code"], error["message"]


@pytest.mark.parametrize("resource", [ARM, ARM + "/", "https://management.core.windows.net/"])
def test_arms_audiences(emulator: Emulator, resource: str) -> None:
    """Both of ARM's names, with or without the last slash."""
    emulator.http.headers["Authorization"] = f"Bearer {emulator.token(resource)}"

    assert emulator.arm("GET", PROFILE).status_code == 404


def test_a_token_for_another_service_is_refused(emulator: Emulator) -> None:
    """In ARM's words."""
    status, code, message = refusal(
        emulator, f"Bearer {emulator.token('https://storage.azure.com')}"
    )

    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")
    assert "'https://storage.azure.com'" in message


def test_a_token_whose_time_is_over_is_refused(emulator: Emulator) -> None:
    """Both times are told."""
    tokens = emulator.world.tokens
    status, code, message = refusal(
        emulator, f"Bearer {tokens.issue(ARM, lifetime_seconds=-60).text}"
    )

    assert (status, code) == (401, "ExpiredAuthenticationToken")
    assert message.startswith("The access token expiry UTC time '")


@pytest.mark.parametrize(
    "text", ["any", "a.b.c", Tokens().issue(ARM).text, ".", "..a"], ids=range(5)
)
def test_a_token_that_was_not_given_out_here_is_refused(emulator: Emulator, text: str) -> None:
    """Nobody can make one: not even another run of the emulator."""
    assert refusal(emulator, f"Bearer {text}")[:2] == (401, "InvalidAuthenticationToken")


def test_a_token_that_was_changed_is_refused(emulator: Emulator) -> None:
    """Its signature covers what it says."""
    head, claims, signature = emulator.token().split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed["exp"] += 1
    longer = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()

    assert refusal(emulator, f"Bearer {head}.{longer}.{signature}")[0] == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi"])
def test_no_token_at_all(emulator: Emulator, header: str) -> None:
    """The words of a missing header."""
    assert refusal(emulator, header) == (
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )


FORM = {
    "grant_type": "client_credentials",
    "client_id": "00000000-0000-0000-0000-0000000000dd",
    "client_secret": "any",
    "scope": ARM + "/.default",
}


def test_a_service_principals_token_is_good(emulator: Emulator) -> None:
    """Given for a form, without a token; its audience is the scope's resource."""
    given = httpx2.post(f"{emulator.url}/{TENANT}/oauth2/v2.0/token", data=FORM).json()

    emulator.http.headers["Authorization"] = f"Bearer {given['access_token']}"
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 86_400)
    assert emulator.arm("GET", PROFILE).status_code == 404


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"client_id": None}, (400, "invalid_request")),
        ({"scope": None}, (400, "invalid_request")),
        ({"client_secret": None}, (401, "invalid_client")),
    ],
)
def test_a_form_that_is_refused(
    emulator: Emulator, change: dict[str, str | None], expected: tuple[int, str]
) -> None:
    """In Entra's envelope."""
    form = {key: value for key, value in (FORM | change).items() if value is not None}

    response = httpx2.post(f"{emulator.url}/{TENANT}/oauth2/v2.0/token", data=form)

    assert (response.status_code, response.json()["error"]) == expected
    assert response.json()["error_description"].startswith("AADSTS")


def test_an_authority_describes_itself(emulator: Emulator) -> None:
    """For its tenant, and for no other."""
    described = httpx2.get(f"{emulator.url}/{TENANT}/v2.0/.well-known/openid-configuration")
    unknown = httpx2.get(f"{emulator.url}/elsewhere/v2.0/.well-known/openid-configuration")
    refused = httpx2.post(f"{emulator.url}/elsewhere/oauth2/v2.0/token", data=FORM)

    place = f"{emulator.url}/{TENANT}/oauth2/v2.0/token"
    assert described.json()["token_endpoint"] == place
    assert "AADSTS90002" in unknown.json()["error_description"]
    assert refused.status_code == 400


def test_a_cloud_describes_itself(emulator: Emulator) -> None:
    """One object with what az reads; a list would crash it."""
    described = httpx2.get(f"{emulator.url}/metadata/endpoints?api-version=2022-09-01").json()

    assert described["resourceManager"] == emulator.url
    assert described["authentication"]["loginEndpoint"] == emulator.url
    assert "https://management.azure.com/" in described["authentication"]["audiences"]
    assert isinstance(described["suffixes"], dict)
