"""Reading JSON bodies: typed members with their ranges, every fault collected."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from emulator import arm_errors

Json = Mapping[str, object]
T = TypeVar("T")


class Faults:
    """What is wrong with one body; the service concatenates all faults in one message."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def add(self, message: str) -> None:
        """Note a fault."""
        self._messages.append(message)

    def add_all(self, messages: Iterable[str]) -> None:
        """Note several faults."""
        self._messages.extend(messages)

    def raise_if_any(self) -> None:
        """Raise 400 BadRequest when there was any fault."""
        if self._messages:
            raise arm_errors.bad_request(" ".join(self._messages))


class Body:
    """One JSON object; a null member counts as absent, as it does for ARM."""

    def __init__(self, json: Json, faults: Faults) -> None:
        self.json, self.faults = json, faults

    def section(self, key: str, *, is_required: bool = False) -> "Body":
        """Return an object within, empty when it is absent."""
        value = self.json.get(key)
        if isinstance(value, Mapping):
            return Body(value, self.faults)
        if value is not None or is_required:
            self.faults.add(f"'{key}' must be an object.")
        return Body({}, self.faults)

    def objects(self, key: str) -> list[Json]:
        """Return a list of objects, empty when it is absent."""
        value = self.json.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
            self.faults.add(f"'{key}' must be a list of objects.")
            return []
        return value

    def texts(self, key: str) -> list[str]:
        """Return a list of strings, empty when it is absent."""
        value = self.json.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.faults.add(f"'{key}' must be a list of strings.")
            return []
        return value

    def text(self, key: str) -> str | None:
        """Return a string, None when it is absent."""
        value = self.json.get(key)
        if value is None or isinstance(value, str):
            return value
        self.faults.add(f"'{key}' must be a string.")
        return None

    def optional_integer(self, key: str, low: int, high: int) -> int | None:
        """Return an integer in a range, None when it is absent."""
        value = self.json.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.faults.add(f"'{key}' must be an integer from {low} to {high}.")
            return None
        return value

    def integer(self, key: str, low: int, high: int, *, default: int) -> int:
        """Return an integer in a range, the default when it is absent."""
        value = self.optional_integer(key, low, high)
        return default if value is None else value

    def one_of(self, key: str, choices: Mapping[str, T], default: T) -> T:
        """Return the choice that a string names in any case, the default when it is absent."""
        text = self.text(key)
        if text is None:
            return default
        if text.lower() not in choices:
            self.faults.add(f"'{text}' is no value of '{key}'.")
            return default
        return choices[text.lower()]


def merged(base: Json, patch: Json) -> dict[str, object]:
    """Return a PATCH applied: objects member by member, lists and values whole, null ignored."""
    result = dict(base)
    for key, value in patch.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and key != "tags":
            result[key] = merged(old, value)
        elif value is not None:
            result[key] = value
    return result
