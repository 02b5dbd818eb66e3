"""Route templates as ASP.NET matches them, tried in the order given."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from localhost.constraints import ONE_CONSTRAINT, Constraint, parse_constraints

Target = TypeVar("Target")

# A parameter in braces (doubled braces stand for themselves), literal text, or a stray brace.
_SEGMENT_PARTS = re.compile(r"\{((?:[^{}]|\{\{|\}\})+)\}|([^{}]+)|(.)")
_PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[^:=?*/{}]+)"
    rf"(?P<constraints>(?:{ONE_CONSTRAINT})*)"
    r"(?:=(?P<default>.*)|(?P<optional>\?))?",
    re.DOTALL,
)
_ESCAPED_SLASH = re.compile("%2f", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    constraints: Sequence[Constraint]
    default: str | None
    is_optional: bool
    is_catch_all: bool

    @property
    def may_be_absent(self) -> bool:
        return self.is_optional or self.is_catch_all or self.default is not None


@dataclass(frozen=True, slots=True)
class Template:
    """One route: which paths it takes, and the values it finds in them."""

    text: str
    pattern: re.Pattern[str]
    parameters: Sequence[_Parameter]

    def match(self, path: str) -> dict[str, str] | None:
        """The route values of `path`, or nothing when the route does not take it."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for parameter, value in zip(self.parameters, found.groups(), strict=True):
            text = value or parameter.default
            if not text:
                continue  # an optional parameter that is not there has no value at all
            if not all(allows(text) for allows in parameter.constraints):
                return None
            values[parameter.name] = text
        return values


@dataclass(frozen=True, slots=True)
class Route(Generic[Target]):
    """A template, the methods it takes (none named: all), and what is there."""

    template: Template
    methods: frozenset[str]
    target: Target

    def overlaps(self, other: "Route[Target]") -> bool:
        """True when both have the same text and a method in common."""
        return self.template.text.lower() == other.template.text.lower() and (
            not self.methods or not other.methods or bool(self.methods & other.methods)
        )


class Router(Generic[Target]):
    """Finds the first route that takes a path and a method."""

    def __init__(self, routes: Sequence[Route[Target]]) -> None:
        self._routes = tuple(routes)

    def find(self, method: str, path: str) -> tuple[Target, Mapping[str, str]] | None:
        """What is at `path` and its route values; the method is a condition like any other."""
        for route in self._routes:
            if route.methods and method not in route.methods:
                continue
            values = route.template.match(path)
            if values is not None:
                return route.target, values
        return None


def decode_path(raw_path: bytes) -> str:
    """The path as routing sees it: unescaped, but for escaped slashes, which stay as they came."""
    text = raw_path.decode("latin-1")
    return unquote(_ESCAPED_SLASH.sub("%252F", text)) if "%" in text else text


def parse_template(text: str) -> Template:
    """The template that `text` describes; raises `ValueError` for one that ASP.NET refuses."""
    segments = _split(text)
    parameters: list[_Parameter] = []
    required, optional = "", list[str]()
    for index, segment in enumerate(segments):
        pattern, found = _parse_segment(segment, is_last=index == len(segments) - 1)
        parameters.extend(found)
        optional.append(pattern)
        if not _may_be_absent(segment, found):
            required += "".join(f"/{one}" for one in optional)
            optional = []
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) < len(names):
        raise ValueError(f"Route {text!r} names a parameter twice.")
    tail = ""
    for pattern in reversed(optional):
        tail = f"(?:/{pattern}{tail})?"
    return Template(text, re.compile(f"{required}{tail}/?", re.IGNORECASE), tuple(parameters))


def _split(text: str) -> list[str]:
    """The segments between slashes; a slash inside braces (a regex constraint) parts nothing."""
    if text.startswith(("/", "~")):
        raise ValueError(f"Route {text!r} must not begin with / or ~.")
    segments, depth = [""], 0
    for character in text.removesuffix("/"):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            segments.append("")
        else:
            segments[-1] += character
    if text and not all(segments):
        raise ValueError(f"Route {text!r} has an empty segment.")
    return segments if text else []


def _parse_segment(segment: str, *, is_last: bool) -> tuple[str, list[_Parameter]]:
    pattern, parameters = "", list[_Parameter]()
    for inner, literal, stray in _SEGMENT_PARTS.findall(segment):
        if stray:
            raise ValueError(f"Route segment {segment!r} has an unmatched brace.")
        if literal:
            pattern += re.escape(literal)
            continue
        parameter = _parse_parameter(inner)
        is_whole = segment == f"{{{inner}}}"
        if parameter.is_catch_all and not (is_whole and is_last):
            raise ValueError(f"Route parameter {{{inner}}} must be the whole last segment.")
        if parameter.is_optional and not is_whole:
            raise ValueError(f"Route parameter {{{inner}}} must be a whole segment.")
        parameters.append(parameter)
        pattern += "(.*)" if parameter.is_catch_all else "([^/]+)"
    return pattern, parameters


def _parse_parameter(text: str) -> _Parameter:
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise ValueError(f"Route parameter {{{text}}} is not understood.")
    return _Parameter(
        name=found["name"],
        constraints=parse_constraints(found["constraints"]),
        default=found["default"],
        is_optional=found["optional"] is not None,
        is_catch_all=bool(found["stars"]),
    )


def _may_be_absent(segment: str, parameters: Sequence[_Parameter]) -> bool:
    return len(parameters) == 1 and segment.startswith("{") and parameters[0].may_be_absent
