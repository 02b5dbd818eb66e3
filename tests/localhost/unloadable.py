"""Apps that Azure's worker refuses to index, each with the reason that our host must give."""

_HEAD = """
import functools
import azure.functions as func
from typing import TYPE_CHECKING, Optional
app = func.FunctionApp()
"""
_HTTP = _HEAD + "@app.route(route='a')\n"
_TIMER = _HEAD + "@app.timer_trigger(schedule='0 * * * * *', arg_name='timer')\n"

UNLOADABLE: dict[str, tuple[str, str]] = {
    "parameter that is no binding": (
        _HTTP + "def a(req: func.HttpRequest, id): return 'x'",
        "['id'] are declared in Python but are no bindings",
    ),
    "parameter with a default": (
        _HTTP + "def a(req: func.HttpRequest, extra=1): return 'x'",
        "['extra'] are declared in Python",
    ),
    "binding that is no parameter": (
        _HTTP + "def a(request: func.HttpRequest): return 'x'",
        "are declared in Python but are no bindings",
    ),
    "decorator without functools.wraps": (
        _HTTP + "def a(*a, **k): return 'x'",
        "are declared in Python but are no bindings",
    ),
    "context of another type": (
        _HTTP + "def a(req: func.HttpRequest, context: int): return 'x'",
        "'context' must be azure.functions.Context",
    ),
    "HTTP parameter of another type": (
        _HTTP + "def a(req: dict): return 'x'",
        "the type of req, dict, does not match its binding httpTrigger",
    ),
    "optional HTTP return": (
        _HTTP + "def a(req: func.HttpRequest) -> Optional[func.HttpResponse]: return 'x'",
        "non-type return annotation",
    ),
    "union HTTP return": (
        _HTTP + "def a(req: func.HttpRequest) -> func.HttpResponse | None: return 'x'",
        "non-type return annotation",
    ),
    "dict HTTP return": (
        _HTTP + "def a(req: func.HttpRequest) -> dict: return {}",
        "the return annotation dict does not match",
    ),
    "None HTTP return": (
        _HTTP + "def a(req: func.HttpRequest) -> None: pass",
        "the return annotation NoneType does not match",
    ),
    "annotation imported for type checkers only": (
        "from __future__ import annotations\n"
        + _HEAD
        + "if TYPE_CHECKING:\n    from collections.abc import Mapping\n"
        + "@app.route(route='a')\n"
        + "def a(req: func.HttpRequest) -> Mapping: return 'x'",
        "name 'Mapping' is not defined",
    ),
    "timer parameter of another type": (
        _TIMER + "def a(timer: dict): pass",
        "the type of timer, dict, does not match its binding timerTrigger",
    ),
    "retry interval in words": (
        _TIMER
        + "@app.retry(strategy='fixed_delay', max_retry_count='3', delay_interval='5 s')\n"
        + "def a(timer): pass",
        "retry: delay_interval must be hh:mm:ss, not '5 s'",
    ),
    "retry count in words": (
        _TIMER
        + "@app.retry(strategy='exponential_backoff', max_retry_count='many')\n"
        + "def a(timer): pass",
        "retry: max_retry_count must be a number, not 'many'",
    ),
    "second name for the app": (
        _HTTP + "def a(req: func.HttpRequest): return 'x'\napplication = app",
        "More than one top-level FunctionApp",
    ),
    "only a Blueprint": (
        "import azure.functions as func\napp = func.Blueprint()",
        "Could not find a top-level FunctionApp",
    ),
    "duplicate function names": (
        _HTTP
        + "def a(req: func.HttpRequest): return 'x'\n"
        + "@app.function_name('a')\n@app.route(route='b')\n"
        + "def b(req: func.HttpRequest): return 'x'",
        "does not have a unique function name",
    ),
    "no trigger": (
        _HEAD + "@app.function_name('a')\ndef a(req): return 'x'",
        "does not have a trigger",
    ),
    "failing import": (_HEAD + "import module_that_is_not_there", "module_that_is_not_there"),
}
