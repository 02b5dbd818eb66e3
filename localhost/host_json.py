"""What this host heeds of `host.json`, where `AzureFunctionsJobHost__a__b` settings override it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localhost.settings import SettingsError, read_json_object

OVERRIDE_PREFIX = "azurefunctionsjobhost__"
ROUTE_PREFIX_DEFAULT = "api"
# Of every plan but Consumption (5 minutes there, and 10 at most).
FUNCTION_TIMEOUT_SECONDS_DEFAULT = 30 * 60.0
FUNCTION_TIMEOUT_SECONDS_MIN = 1.0
NO_LIMIT = -1

_TIME_SPAN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d+)?))?"
)
_HOURS, _MINUTES, _SECONDS = 24, 60, 60


@dataclass(frozen=True, slots=True)
class HostJson:
    """The app's host.json; `None` stands for no limit."""

    route_prefix: str = ROUTE_PREFIX_DEFAULT
    function_timeout_seconds: float | None = FUNCTION_TIMEOUT_SECONDS_DEFAULT
    outstanding_requests_max: int | None = None
    concurrent_requests_max: int | None = None


def read_host_json(directory: Path, settings: Mapping[str, str]) -> HostJson:
    """The file with its overrides; raises `SettingsError` for what stops the real host too."""
    values = dict(_flatten(read_json_object(directory / "host.json")))
    for name, value in settings.items():
        if name.lower().startswith(OVERRIDE_PREFIX):
            values[name.lower().removeprefix(OVERRIDE_PREFIX)] = value
    return HostJson(
        route_prefix=_route_prefix(values.get("extensions__http__routeprefix")),
        function_timeout_seconds=_function_timeout(values.get("functiontimeout")),
        outstanding_requests_max=_limit(values, "maxOutstandingRequests"),
        concurrent_requests_max=_limit(values, "maxConcurrentRequests"),
    )


def _flatten(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each value under its path, in lower case, as .NET's configuration has it."""
    for name, value in content.items():
        path = f"{prefix}{name.lower()}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{path}__")
        else:
            yield path, value


def _route_prefix(value: object) -> str:
    return ROUTE_PREFIX_DEFAULT if value is None else str(value).strip("/")


def _function_timeout(value: object) -> float | None:
    if value is None:
        return FUNCTION_TIMEOUT_SECONDS_DEFAULT
    if str(value) == str(NO_LIMIT):
        return None
    seconds = _read_time_span(str(value))
    if seconds is None:
        raise SettingsError(f"host.json: functionTimeout must be hh:mm:ss or -1, not {value!r}.")
    if seconds < FUNCTION_TIMEOUT_SECONDS_MIN:
        raise SettingsError(f"host.json: functionTimeout must be a second or more, not {value!r}.")
    return seconds


def _read_time_span(text: str) -> float | None:
    found = _TIME_SPAN.fullmatch(text)
    if found is None:
        return None
    hours, minutes = int(found["hours"]), int(found["minutes"])
    seconds = float(found["seconds"] or 0)
    if hours >= _HOURS or minutes >= _MINUTES or seconds >= _SECONDS:
        return None
    return ((int(found["days"] or 0) * _HOURS + hours) * _MINUTES + minutes) * _SECONDS + seconds


def _limit(values: Mapping[str, object], name: str) -> int | None:
    value = values.get(f"extensions__http__{name.lower()}", NO_LIMIT)
    try:
        limit = int(str(value))
    except ValueError:
        limit = 0
    if limit == NO_LIMIT:
        return None
    if limit < 1:
        raise SettingsError(f"host.json: {name} must be 1 or more, or -1, not {value!r}.")
    return limit
