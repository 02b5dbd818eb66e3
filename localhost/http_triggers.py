"""The functions with an HTTP trigger, as routes; those that the host refuses are left out."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localhost.indexing import HTTP_TRIGGER, Function
from localhost.keys import Level
from localhost.routes import Route, Router, parse_template
from localhost.settings import is_disabled

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE)
_BINDING_NAME = re.compile(r"(?!.*__)[a-z_][a-z0-9_]{0,127}", re.IGNORECASE)
_BUILT_IN_ROUTES = ("admin", "runtime")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """A function, the level it asks of its callers, and whether it is switched off."""

    function: Function
    level: Level
    is_disabled: bool


def check_names(function: Function) -> None:
    """Raise `ValueError` for names that the host does not take (it puts the function in error)."""
    if not _FUNCTION_NAME.fullmatch(function.name) or function.name.lower() == "host":
        raise ValueError(f"{function.name!r} is no valid function name.")
    if not _BINDING_NAME.fullmatch(function.argument):
        raise ValueError(f"{function.argument!r} is no valid binding name.")


def build_router(
    functions: Sequence[Function], prefix: str, settings: Mapping[str, str]
) -> Router[HttpFunction]:
    """The routes in the order the host tries them in: that of the functions' names."""
    routes: list[Route[HttpFunction]] = []
    for function in sorted(functions, key=lambda function: function.name.upper()):
        if function.trigger_type != HTTP_TRIGGER:
            continue
        try:
            check_names(function)
            routes.append(_build_route(function, prefix, settings))
            _refuse_second(routes)
            if function.retry is not None:
                log.warning("retry ignored: not for HTTP function=%s", function.name)
        except ValueError as error:
            log.error("function in error function=%s reason=%s", function.name, error)  # noqa: TRY400
    return Router(routes)


def _build_route(
    function: Function, prefix: str, settings: Mapping[str, str]
) -> Route[HttpFunction]:
    text = str(function.trigger.get("route", function.name))
    if text.lower().startswith(_BUILT_IN_ROUTES):
        raise ValueError(f"Route {text!r} conflicts with the host's own routes.")
    parse_template(text)
    methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
    level = Level[str(function.trigger.get("authLevel", "function")).upper()]
    target = HttpFunction(function, level, is_disabled(function.name, settings))
    return Route(parse_template(f"{prefix}/{text}".strip("/")), methods, target)


def _refuse_second(routes: list[Route[HttpFunction]]) -> None:
    """Take the last route away again when an earlier one is the same."""
    for other in routes[:-1]:
        if other.overlaps(routes[-1]):
            route = routes.pop()
            raise ValueError(
                f"Route {route.template.text!r} is already that of {other.target.function.name}."
            )
