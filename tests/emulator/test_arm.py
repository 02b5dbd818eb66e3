"""What every ARM route shares: tokens, versions, case, ids, and what is not emulated."""

import httpx2
import pytest

from tests.emulator.running import PROFILE, SUBSCRIPTION, VIRGINIA_VM, Emulator, lab_profile

METRICS_KEY = f"{SUBSCRIPTION}/providers/Microsoft.Network/trafficManagerUserMetricsKeys/default"


def error(response: httpx2.Response) -> tuple[int, str]:
    """Return an error's status and code, in ARM's envelope."""
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    return response.status_code, response.json()["error"]["code"]


def test_a_request_without_a_token_is_refused(emulator: Emulator) -> None:
    """In ARM's words."""
    response = httpx2.get(emulator.url + PROFILE, params={"api-version": "2026-09-01"})

    assert error(response) == (401, "AuthenticationFailed")
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["message"] == (
        "Authentication failed. The 'Authorization' header is missing."
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("", (400, "MissingApiVersionParameter")),
        ("latest", (400, "InvalidApiVersionParameter")),
        ("2018-04-01", (404, "ResourceNotFound")),
        ("2025-01-01-preview", (404, "ResourceNotFound")),
    ],
)
def test_any_well_formed_api_version_will_do(
    emulator: Emulator, version: str, expected: tuple[int, str]
) -> None:
    """One client uses five of them."""
    assert error(emulator.arm("GET", PROFILE, version=version)) == expected


def test_paths_match_in_any_case_and_ids_are_echoed_in_their_own(emulator: Emulator) -> None:
    """ARM compares without case and answers in canonical case."""
    emulator.arm("PUT", PROFILE, lab_profile())

    response = emulator.arm("GET", PROFILE.upper())

    assert response.json()["id"] == PROFILE
    endpoint = emulator.arm("GET", f"{PROFILE.lower()}/AzureEndpoints/VIRGINIA").json()
    assert endpoint["id"] == f"{PROFILE}/azureEndpoints/virginia"


def test_request_ids_are_given_and_the_clients_own_is_echoed(emulator: Emulator) -> None:
    """So that a failure can be traced from either side."""
    ids = {"x-ms-client-request-id": "mine"}

    response = emulator.http.get(PROFILE, params={"api-version": "2026-09-01"}, headers=ids)

    assert response.headers["x-ms-client-request-id"] == "mine"
    assert len(response.headers["x-ms-request-id"]) == 36


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{SUBSCRIPTION}/resourceGroups/switchback-lab/providers/Microsoft.Web/sites/x"),
        ("POST", f"{VIRGINIA_VM}/redeploy"),
        ("DELETE", VIRGINIA_VM),
        ("PUT", f"{VIRGINIA_VM}/extensions/x"),
        ("GET", f"{PROFILE}/heatMaps/default"),
        ("PUT", METRICS_KEY),
        ("GET", "/"),
    ],
)
def test_what_is_not_emulated_says_so(emulator: Emulator, method: str, path: str) -> None:
    """Never something plausible."""
    emulator.arm("PUT", PROFILE, lab_profile())

    assert error(emulator.arm(method, path)) == (501, "NotEmulated")


def test_other_subscriptions_and_groups_do_not_exist(emulator: Emulator) -> None:
    """The gateway's errors come before the provider's."""
    other = PROFILE.replace("00aa", "00ff")
    elsewhere = PROFILE.replace("switchback-lab", "nowhere")

    assert error(emulator.arm("GET", other)) == (404, "SubscriptionNotFound")
    missing = emulator.arm("PUT", elsewhere, lab_profile())
    assert error(missing) == (404, "ResourceGroupNotFound")
    assert missing.json()["error"]["message"] == "Resource group 'nowhere' could not be found."


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b'{"a":"\xff"}'])
def test_bodies_that_are_no_json_objects_are_refused(emulator: Emulator, content: bytes) -> None:
    """With 400, and the emulator goes on."""
    response = emulator.http.put(PROFILE, params={"api-version": "2026-09-01"}, content=content)

    assert error(response) == (400, "InvalidRequestContent")


def test_every_request_to_arm_is_on_record_in_order(emulator: Emulator) -> None:
    """Tests of the product look here for writes that must not have been made."""
    emulator.arm("PUT", PROFILE, lab_profile())
    emulator.arm("GET", PROFILE)
    emulator.arm("DELETE", PROFILE)

    entries = emulator.http.get("/emulator/requests").json()["requests"]

    assert [(e["method"], e["status"]) for e in entries] == [
        ("PUT", 201),
        ("GET", 200),
        ("DELETE", 200),
    ]
    assert {e["path"] for e in entries} == {PROFILE}
    assert all(e["at"].startswith("2026-11-22T09:00:") for e in entries)
