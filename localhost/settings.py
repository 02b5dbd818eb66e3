"""What an app is configured with: application settings and `local.settings.json`."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOCAL_SETTINGS = "local.settings.json"

_REFERENCE = re.compile(r"%([^%]+)%")
_TRUE = {"1", "true"}


class SettingsError(Exception):
    """A settings file that cannot be used, and why."""


def load_local_settings(directory: Path) -> None:
    """Put into the environment what `local.settings.json` adds to it; what is set there wins."""
    for name, value in _read_values(directory / LOCAL_SETTINGS).items():
        os.environ.setdefault(name, value)


def read_host_section(directory: Path) -> Mapping[str, Any]:
    """`Host` of `local.settings.json`: what Core Tools themselves are told."""
    host = read_json_object(directory / LOCAL_SETTINGS).get("Host") or {}
    if not isinstance(host, dict):
        raise SettingsError(f"{LOCAL_SETTINGS}: Host must hold a JSON object.")
    return host


def resolve_references(text: str, settings: Mapping[str, str]) -> str:
    """`text` with each `%NAME%` replaced by that setting."""

    def look_up(reference: re.Match[str]) -> str:
        name = reference[1]
        if name not in settings:
            raise ValueError(f"%{name}% names a setting that is not there.")
        return settings[name]

    return _REFERENCE.sub(look_up, text)


def is_disabled(function_name: str, settings: Mapping[str, str]) -> bool:
    """True when the function's `AzureWebJobs.<name>.Disabled` says so (on Linux also with `_`)."""
    return any(
        settings.get(name, "").lower() in _TRUE
        for name in (
            f"AzureWebJobs.{function_name}.Disabled",
            f"AzureWebJobs_{function_name}_Disabled",
        )
    )


def is_true(name: str, settings: Mapping[str, str]) -> bool:
    """True when the setting is `1` or `true`."""
    return settings.get(name, "").lower() in _TRUE


def read_json_object(path: Path) -> dict[str, Any]:
    """What a file holds, or nothing when there is none; `SettingsError` when it is no object."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SettingsError(f"{path.name} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path.name} must hold a JSON object.")
    return content


def _read_values(path: Path) -> dict[str, str]:
    content = read_json_object(path)
    if content.get("IsEncrypted"):
        raise SettingsError(f"{path.name} is encrypted: run `func settings decrypt` first.")
    values = content.get("Values") or {}
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsError(f"{path.name}: these values must be strings: {', '.join(wrong)}.")
    return {str(name): str(value) for name, value in values.items()}
