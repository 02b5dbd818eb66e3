"""Frozen dataclasses to JSON and back: how plans and snapshots lie in a table's column."""

import json
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> str:  # noqa: ANN401 - any dataclass instance
    """Return a dataclass as JSON text; the same value gives the same text."""
    return json.dumps(asdict(value), sort_keys=True, separators=(",", ":"))


def from_json(kind: type[T], text: str) -> T:
    """Return the dataclass of that kind which the text holds; a member it lacks has its default."""
    return _read(kind, json.loads(text))  # type: ignore[no-any-return]


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - types are values here
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if value is None else _read(_not_none(kind), value)
    if origin is tuple:
        return _read_tuple(get_args(kind), value)
    if is_dataclass(kind):
        known = _hints(kind)  # type: ignore[arg-type]
        names = [f.name for f in fields(kind) if f.name in value]
        return kind(**{name: _read(known[name], value[name]) for name in names})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value


def _read_tuple(kinds: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], each) for each in value)
    return tuple(_read(kind, each) for kind, each in zip(kinds, value, strict=True))


def _not_none(kind: Any) -> Any:  # noqa: ANN401 - types are values here
    return next(each for each in get_args(kind) if each is not NoneType)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
