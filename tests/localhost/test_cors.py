"""Pages of another origin: who may ask, and what the answers say about it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from localhost.cors import CorsPolicy, read_cors
from localhost.messages import Answer
from localhost.settings import SettingsError
from tests.localhost.host_process import APPS, HostProcess, running_host

ORIGINS = "http://one.test,http://TWO.test:8080"
FROM_TWO = {"Origin": "http://two.test:8080"}
FROM_ELSEWHERE = {"Origin": "http://elsewhere.test"}
ASKING = {
    "Access-Control-Request-Method": "DELETE",
    "Access-Control-Request-Headers": "x-functions-key, content-type",
}


@pytest.fixture(scope="module")
def cors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web` for pages of two origins, with their cookies, and with a function key."""
    words = ("--cors", ORIGINS, "--cors-credentials", "--function-key", "the-key")
    with running_host(tmp_path_factory.mktemp("cors"), APPS / "web", *words) as host:
        yield host


def _marks(headers: Mapping[str, str]) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in headers.items()
        if name.startswith(prefix)
    }


@pytest.mark.parametrize("path", ["/api/items/1", "/api/for-function-keys", "/nowhere"])
def test_preflight_is_answered_before_anything_else(cors: HostProcess, path: str) -> None:
    """204 without a body, without a key, whether or not the path takes that method."""
    reply = cors.request("OPTIONS", path, {**FROM_TWO, **ASKING})
    assert (reply.status, reply.body) == (204, b"")
    assert _marks(reply.headers) == {
        "allow-origin": "http://two.test:8080",
        "allow-methods": "DELETE",
        "allow-headers": "x-functions-key, content-type",
        "allow-credentials": "true",
    }


def test_preflight_from_elsewhere_allows_nothing(cors: HostProcess) -> None:
    """204 too; the browser goes no further."""
    reply = cors.request("OPTIONS", "/api/items/1", {**FROM_ELSEWHERE, **ASKING})
    assert (reply.status, _marks(reply.headers)) == (204, {})


@pytest.mark.parametrize("headers", [{}, FROM_TWO, ASKING])
def test_other_options_request_goes_to_the_functions(
    cors: HostProcess, headers: Mapping[str, str]
) -> None:
    """A preflight names its origin and the method it asks for."""
    assert cors.request("OPTIONS", "/api/items/1", headers).status == 404


@pytest.mark.parametrize("headers", [FROM_TWO, {**FROM_TWO, **ASKING}])
def test_options_is_404_without_cors(web: HostProcess, headers: Mapping[str, str]) -> None:
    """Where none is configured there is nothing that would answer a preflight."""
    reply = web.request("OPTIONS", "/api/items/1", headers)
    assert (reply.status, _marks(reply.headers)) == (404, {})
    assert _marks(web.get("/api/plain", FROM_TWO).headers) == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/plain", 200),
        ("/nowhere", 404),
        ("/api/for-function-keys", 401),
        ("/api/bad/raise", 500),
    ],
)
def test_every_answer_can_be_read_by_the_page(cors: HostProcess, path: str, status: int) -> None:
    """Errors also, and a cache is told that another origin gets another answer."""
    reply = cors.get(path, FROM_TWO)
    assert (reply.status, reply.headers["vary"]) == (status, "Origin")
    assert _marks(reply.headers) == {
        "allow-origin": "http://two.test:8080",
        "allow-credentials": "true",
    }


def test_request_from_elsewhere_is_answered_but_not_for_the_page(cors: HostProcess) -> None:
    """It is the browser that keeps the answer from it."""
    reply = cors.get("/api/plain", FROM_ELSEWHERE)
    assert (reply.status, reply.text, _marks(reply.headers)) == (200, "plain", {})


def test_one_origin_does_not_vary_and_any_is_a_star() -> None:
    """As ASP.NET says it."""
    one, any_origin = CorsPolicy(frozenset({"http://one.test"})), CorsPolicy(frozenset({"*"}))
    headers = {"origin": "http://one.test"}
    assert one.mark(headers, Answer(200)).headers == [
        (b"access-control-allow-origin", b"http://one.test")
    ]
    assert any_origin.mark(headers, Answer(200)).headers == [(b"access-control-allow-origin", b"*")]


def test_what_a_function_says_about_origins_is_replaced() -> None:
    """Two such headers would make a browser refuse both."""
    own = Answer(200, headers=[(b"x-own", b"1"), (b"access-control-allow-origin", b"null")])
    marked = CorsPolicy(frozenset({"*"})).mark({"origin": "http://one.test"}, own)
    assert marked.headers == [(b"x-own", b"1"), (b"access-control-allow-origin", b"*")]


@pytest.mark.parametrize(
    ("local_settings", "origins", "credentials", "expected"),
    [
        ("{}", None, False, None),
        ('{"Host": {"CORS": ""}}', None, False, None),
        (
            '{"Host": {"CORS": "http://a.test"}}',
            None,
            False,
            CorsPolicy(frozenset({"http://a.test"})),
        ),
        (
            '{"Host": {"CORS": "http://a.test,http://b.test", "CORSCredentials": true}}',
            None,
            False,
            CorsPolicy(frozenset({"http://a.test", "http://b.test"}), allows_credentials=True),
        ),
        ('{"Host": {"CORS": "http://a.test"}}', "*", False, CorsPolicy(frozenset({"*"}))),
        ('{"Host": {"CORS": "http://a.test"}}', "", False, None),
        ("{}", "http://c.test", True, CorsPolicy(frozenset({"http://c.test"}), True)),
    ],
)
def test_where_the_origins_come_from(
    tmp_path: Path,
    local_settings: str,
    origins: str | None,
    credentials: bool,
    expected: CorsPolicy | None,
) -> None:
    """The command line, else `Host` of `local.settings.json`, else no CORS at all."""
    (tmp_path / "local.settings.json").write_text(local_settings, encoding="utf-8")
    assert read_cors(tmp_path, origins, credentials=credentials) == expected


@pytest.mark.parametrize(
    ("local_settings", "reason"),
    [
        ('{"Host": {"CORS": "*", "CORSCredentials": true}}', "to any origin"),
        ('{"Host": [1]}', "Host must hold a JSON object"),
    ],
)
def test_bad_cors_settings(tmp_path: Path, local_settings: str, reason: str) -> None:
    """Refused with the reason, as ASP.NET refuses cookies from anywhere."""
    (tmp_path / "local.settings.json").write_text(local_settings, encoding="utf-8")
    with pytest.raises(SettingsError, match=reason):
        read_cors(tmp_path, None, credentials=False)
