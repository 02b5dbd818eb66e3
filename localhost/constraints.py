"""ASP.NET's inline route constraints: `{id:int:min(1)}` takes only what each of them allows."""

import re
from collections.abc import Callable
from datetime import datetime

Constraint = Callable[[str], bool]

# One constraint; its arguments may hold one level of parentheses, as a regex does.
ONE_CONSTRAINT = r":[A-Za-z]+(?:\((?:[^()]|\([^()]*\))*\))?"

_NAME_AND_ARGUMENTS = re.compile(r":(?P<name>[A-Za-z]+)(?:\((?P<arguments>.*)\))?", re.DOTALL)
_INTEGER = r"[+-]?[0-9]{1,19}"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?"
_DASHED = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_GUID = rf"[0-9a-f]{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\)"
_INT_BITS, _LONG_BITS = 32, 64


def parse_constraints(text: str) -> list[Constraint]:
    """What `:int:min(1)` asks for; raises `ValueError` for a constraint that ASP.NET lacks."""
    return [_parse_constraint(one) for one in re.findall(ONE_CONSTRAINT, text)]


def _parse_constraint(text: str) -> Constraint:
    found = _NAME_AND_ARGUMENTS.fullmatch(text)
    make = _CONSTRAINTS.get(found["name"].lower()) if found else None
    if found is None or make is None:
        raise ValueError(f"Route constraint {text[1:]!r} is not known.")
    return make((found["arguments"] or "").replace("{{", "{").replace("}}", "}"))


def _like(pattern: str) -> Callable[[str], Constraint]:
    """A constraint without arguments: the whole value looks like `pattern`."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda _arguments: lambda value: compiled.fullmatch(value) is not None


def _integer(bits: int) -> Callable[[str], Constraint]:
    limit = 1 << (bits - 1)
    return lambda _arguments: _between(-limit, limit - 1)


def _between(low: int | None, high: int | None) -> Constraint:
    def allows(value: str) -> bool:
        if re.fullmatch(_INTEGER, value) is None:
            return False
        number = int(value)
        return (low is None or low <= number) and (high is None or number <= high)

    return allows


def _long_enough(low: int, high: int | None) -> Constraint:
    return lambda value: low <= len(value) and (high is None or len(value) <= high)


def _length(arguments: str) -> Constraint:
    low, _, high = arguments.partition(",")
    return _long_enough(int(low), int(high or low))


def _range(arguments: str) -> Constraint:
    low, _, high = arguments.partition(",")
    return _between(int(low), int(high))


def _regex(arguments: str) -> Constraint:
    compiled = re.compile(arguments, re.IGNORECASE)
    return lambda value: compiled.search(value) is not None


def _datetime(_arguments: str) -> Constraint:
    def allows(value: str) -> bool:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True

    return allows


_CONSTRAINTS: dict[str, Callable[[str], Constraint]] = {
    "alpha": _like("[a-z]*"),
    "bool": _like("true|false"),
    "datetime": _datetime,
    "decimal": _like(_NUMBER),
    "double": _like(_NUMBER),
    "float": _like(_NUMBER),
    "guid": _like(_GUID),
    "int": _integer(_INT_BITS),
    "length": _length,
    "long": _integer(_LONG_BITS),
    "max": lambda high: _between(None, int(high)),
    "maxlength": lambda high: _long_enough(0, int(high)),
    "min": lambda low: _between(int(low), None),
    "minlength": lambda low: _long_enough(int(low), None),
    "range": _range,
    "regex": _regex,
    "required": lambda _arguments: bool,
}
