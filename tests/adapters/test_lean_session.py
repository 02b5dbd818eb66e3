"""The session of Table storage: as safe and as exact as the SDK's own."""

from pathlib import Path

import pytest

from shared.adapters.lean_session import LeanSession, lean_transport
from shared.adapters.tables import Rows, Tables
from shared.core.errors import UpstreamUnavailable
from shared.settings import Settings
from tests.support.azurite import VALUES, fresh_tables
from tests.support.certificates import self_signed
from tests.support.http_server import answer, http_server

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Azure."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def test_text_and_bytes_come_back_as_they_were() -> None:
    """Of any alphabet; long ones too."""
    rows = Rows(fresh_tables(), "timeline")
    text, octets = "Zürich — 東京 \U0001f6a6 'quoted' \"twice\" \n", bytes(range(256)) * 200
    rows.put({"PartitionKey": "p", "RowKey": "é|1", "text": text, "octets": octets, "none": ""})

    (back,) = rows.between("p", "", "\uffff")

    assert (back["RowKey"], back["text"], back["octets"], back["none"]) == ("é|1", text, octets, "")


def test_a_server_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Whoever sits between us and the storage must not read what is written."""
    context = self_signed(tmp_path, "127.0.0.1")
    with http_server(lambda head: answer(200), context) as server:
        endpoint = f"https://127.0.0.1:{server.port}/a"
        connection = f"AccountName=a;AccountKey=a2V5;TableEndpoint={endpoint};"
        tables = Tables(Settings.read(VALUES | {"TABLES_CONNECTION": connection}))

        with pytest.raises(UpstreamUnavailable, match="certificate verify failed"):
            Rows(tables, "timeline").get("p", "r")

        assert server.requests == []


def test_a_redirect_is_not_followed() -> None:
    """A key must not be sent to wherever an answer points."""
    with (
        http_server(lambda head: answer(200)) as elsewhere,
        http_server(
            lambda head: answer(307, f"Location: http://127.0.0.1:{elsewhere.port}/")
        ) as server,
    ):
        response = LeanSession().request("GET", f"http://127.0.0.1:{server.port}/")

        assert response.status_code == 307
        assert elsewhere.requests == []


def test_cookies_are_not_kept() -> None:
    """Nothing of one answer is sent with another request."""
    with http_server(lambda head: answer(200, "Set-Cookie: a=b")) as server:
        session = LeanSession()
        for _ in range(2):
            session.request("GET", f"http://127.0.0.1:{server.port}/", headers={"x": "1"})

    assert not any(b"ookie" in head for head in server.requests)


def test_where_there_is_a_proxy_the_sdk_s_own_session_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks up which addresses go through it; an exception alone is no proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert "transport" in lean_transport(read_timeout=5)

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    assert lean_transport(read_timeout=5) == {"read_timeout": 5}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_other_authorities_are_trusted_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As the SDK's own session does, which looks there for every request."""
    for each in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(each, raising=False)
    assert lean_transport()["transport"].connection_config.verify is True

    monkeypatch.setenv(name, "/etc/authorities.pem")

    assert lean_transport()["transport"].connection_config.verify == "/etc/authorities.pem"
