"""host.json: what of it is heeded, what overrides it, and what is refused."""

import json
from pathlib import Path

import pytest

from localhost.host_json import HostJson, read_host_json
from localhost.settings import SettingsError


def _read(directory: Path, content: object = None, **settings: str) -> HostJson:
    if content is not None:
        (directory / "host.json").write_text(json.dumps(content), encoding="utf-8")
    overrides = {f"AzureFunctionsJobHost__{name}": value for name, value in settings.items()}
    return read_host_json(directory, overrides)


def test_defaults(tmp_path: Path) -> None:
    """Those of every plan but Consumption: half an hour, and no limit to requests."""
    assert _read(tmp_path) == HostJson("api", 1800.0, None, None)
    assert _read(tmp_path, {"version": "2.0", "extensions": None}) == HostJson()


def test_values_whatever_their_case(tmp_path: Path) -> None:
    """As .NET's configuration reads them."""
    http = {"RoutePrefix": "/v1/", "maxOutstandingRequests": 20, "MAXCONCURRENTREQUESTS": 10}
    content = {"FunctionTimeout": "00:10:00", "Extensions": {"http": http}}
    assert _read(tmp_path, content) == HostJson("v1", 600.0, 20, 10)


def test_settings_override_the_file(tmp_path: Path) -> None:
    """Each key by its path, in any case."""
    content = {
        "functionTimeout": "00:10:00",
        "extensions": {"http": {"routePrefix": "v1", "maxOutstandingRequests": 20}},
    }
    settings = {
        "functionTimeout": "00:00:30",
        "extensions__http__routePrefix": "",
        "EXTENSIONS__HTTP__maxConcurrentRequests": "5",
    }
    assert _read(tmp_path, content, **settings) == HostJson("", 30.0, 20, 5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:01", 1.0),
        ("00:00:01.5", 1.5),
        ("0:05", 300.0),
        ("1.02:03:04", 93784.0),
        ("-1", None),
        (-1, None),
        (None, 1800.0),
    ],
)
def test_function_timeout(tmp_path: Path, text: object, seconds: float | None) -> None:
    """A .NET time span, or -1 for none at all."""
    assert _read(tmp_path, {"functionTimeout": text}).function_timeout_seconds == seconds


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"functionTimeout": "5 minutes"}, "functionTimeout must be hh:mm:ss or -1"),
        ({"functionTimeout": "00:60:00"}, "functionTimeout must be hh:mm:ss or -1"),
        ({"functionTimeout": "00:00:00.5"}, "functionTimeout must be a second or more"),
        ({"extensions": {"http": {"maxConcurrentRequests": 0}}}, "maxConcurrentRequests must be 1"),
        ({"extensions": {"http": {"maxOutstandingRequests": "x"}}}, "maxOutstandingRequests must"),
        ([], "host.json must hold a JSON object"),
    ],
)
def test_refused(tmp_path: Path, content: object, reason: str) -> None:
    """The host would not start with it either."""
    with pytest.raises(SettingsError, match=reason):
        _read(tmp_path, content)
