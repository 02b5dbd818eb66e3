"""Loads a function app and lists its functions, refusing what Azure's Python worker refuses.

The worker indexes all or nothing: one function that it cannot load leaves the app with none.
"""

import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions

from localhost.retry import RetryPolicy, parse_retry
from localhost.signatures import check_signature

SCRIPT_DEFAULT = "function_app.py"
HTTP_TRIGGER = "httpTrigger"
TIMER_TRIGGER = "timerTrigger"


class IndexingError(Exception):
    """The app cannot be indexed: it would have no functions at all on Azure."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app: what to call, and what triggers it."""

    name: str
    call: Callable[..., Any]
    trigger: Mapping[str, Any]
    argument: str
    other_bindings: Sequence[Mapping[str, Any]] = ()
    is_async: bool = False
    wants_context: bool = False
    retry: RetryPolicy | None = None

    @property
    def trigger_type(self) -> str:
        """The trigger's binding type, `httpTrigger` or the like."""
        return str(self.trigger["type"])


def load_functions(directory: Path) -> list[Function]:
    """Import the app's script once and return its functions.

    Raises `IndexingError` with everything that a reader needs to mend the app.
    """
    script = directory / os.environ.get("PYTHON_SCRIPT_FILE_NAME", SCRIPT_DEFAULT)
    module = _import_script(script)
    app = _find_app(module)
    try:
        indexed = [_index(function) for function in app.get_functions()]
    except Exception as error:
        raise IndexingError(str(error)) from error
    _refuse_same_names(indexed)
    return indexed


def _import_script(script: Path) -> ModuleType:
    """The script as a module, with the app's folder last on the path, as Core Tools puts it."""
    if not script.is_file():
        raise IndexingError(f"There is no {script.name} in {script.parent}.")
    if str(script.parent) not in sys.path:
        sys.path.append(str(script.parent))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise IndexingError(f"{script.name} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise IndexingError(f"{script.name} ends the process when it is imported.") from error
    except Exception as error:
        raise IndexingError(
            f"{script.name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module


def _find_app(module: ModuleType) -> azure.functions.FunctionRegister:
    """The one FunctionApp at the top level; a second name for it counts as a second one."""
    register = azure.functions.FunctionRegister
    names = [name for name in dir(module) if isinstance(getattr(module, name, None), register)]
    if not names:
        raise IndexingError("Could not find a top-level FunctionApp (a Blueprint is not one).")
    if len(names) > 1:
        raise IndexingError(f"More than one top-level FunctionApp is defined: {', '.join(names)}.")
    app: azure.functions.FunctionRegister = getattr(module, names[0])
    return app


def _index(function: Any) -> Function:  # noqa: ANN401 - azure-functions' own, untyped
    name = str(function.get_function_name())
    call = function.get_user_function()
    bindings = [json.loads(text) for text in function.get_raw_bindings()]
    trigger = next(binding for binding in bindings if binding["type"].endswith("Trigger"))
    wants_context = check_signature(name, call, bindings)
    return Function(
        name=name,
        call=call,
        trigger=trigger,
        argument=str(trigger["name"]),
        other_bindings=[binding for binding in bindings if binding is not trigger],
        is_async=inspect.iscoroutinefunction(call),
        wants_context=wants_context,
        retry=parse_retry(function.get_settings_dict("retry_policy")),
    )


def _refuse_same_names(functions: Sequence[Function]) -> None:
    """The worker tells `Ping` from `ping`, but the host does not."""
    seen: dict[str, str] = {}
    for function in functions:
        other = seen.setdefault(function.name.lower(), function.name)
        if other != function.name:
            raise IndexingError(f"{other} and {function.name} differ only in case.")
