"""Who may call what, with which key, and functions that are switched off."""

from collections.abc import Iterator

import pytest

from tests.localhost.host_process import APPS, HostProcess, running_host

KEYS = ("--function-key", "the-function-key", "--master-key", "the-master-key")
FUNCTION, ADMIN = "/api/for-function-keys", "/api/for-admins"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web` with a function key and a master key, and one function switched off."""
    settings = {"AzureWebJobs.switched_off.Disabled": "true"}
    directory = tmp_path_factory.mktemp("guarded")
    with running_host(directory, APPS / "web", *KEYS, settings=settings) as host:
        yield host


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/plain", None, 200),
        ("/api/plain", "wrong", 200),
        (FUNCTION, None, 401),
        (FUNCTION, "wrong", 401),
        (FUNCTION, "the-function-key", 200),
        (FUNCTION, "the-master-key", 200),
        (ADMIN, None, 401),
        (ADMIN, "the-function-key", 401),
        (ADMIN, "the-master-key", 200),
        ("/api/nowhere", "wrong", 404),
    ],
)
def test_key_opens_what_its_level_allows(
    guarded: HostProcess, path: str, key: str | None, status: int
) -> None:
    """The same in the header and in the query; a refusal has no body."""
    by_header = guarded.get(path, {"x-functions-key": key} if key else None)
    by_query = guarded.get(f"{path}?code={key}" if key else path)
    assert (by_header.status, by_query.status) == (status, status)
    assert status == 200 or by_header.body == by_query.body == b""


def test_header_beats_the_query(guarded: HostProcess) -> None:
    """A wrong key in the header is not mended by a right one in the query, nor the reverse."""
    wrong_header = guarded.get(f"{FUNCTION}?code=the-function-key", {"x-functions-key": "wrong"})
    right_header = guarded.get(f"{FUNCTION}?code=wrong", {"x-functions-key": "the-function-key"})
    assert (wrong_header.status, right_header.status) == (401, 200)


def test_key_may_hold_any_character(guarded: HostProcess) -> None:
    """One that is no ASCII is just wrong."""
    assert guarded.get(f"{FUNCTION}?code=%C3%A9").status == 401


def test_without_keys_nothing_is_checked(web: HostProcess) -> None:
    """As `func start` does."""
    assert [web.get(path).status for path in (FUNCTION, ADMIN)] == [200, 200]


def test_disabled_function_is_404(guarded: HostProcess) -> None:
    """As if it were not there."""
    reply = guarded.get("/api/switched-off")
    assert (reply.status, reply.body) == (404, b"")


def test_disabled_function_answers_the_master_key(guarded: HostProcess) -> None:
    """The portal's Test/Run goes on working."""
    assert guarded.get("/api/switched-off", {"x-functions-key": "the-master-key"}).status == 200


def test_disabled_by_the_name_that_linux_takes(tuned: HostProcess) -> None:
    """Where a setting's name may have no dot, with underscores."""
    assert tuned.get("/switched-off").status == 404


def test_admin_routes_need_the_master_key(guarded: HostProcess) -> None:
    """Before anything is said about the function."""
    for key in ("", "the-function-key"):
        reply = guarded.request("POST", "/admin/functions/nothing", {"x-functions-key": key}, b"{}")
        assert (reply.status, reply.body) == (401, b"")
