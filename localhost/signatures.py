"""The worker's own checks of a function's parameters and annotations against its bindings."""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import azure.functions

RETURN = "$return"
CONTEXT = "context"


def check_signature(
    name: str, call: Callable[..., Any], bindings: Sequence[Mapping[str, Any]]
) -> bool:
    """True when the function wants the invocation's context; `ValueError` when it cannot load."""
    parameters = set(inspect.signature(call).parameters)
    annotations = _type_hints(name, call)
    bound = {binding["name"]: binding for binding in bindings if binding["name"] != RETURN}
    wants_context = CONTEXT in parameters - bound.keys()
    if wants_context:
        parameters.remove(CONTEXT)
        _check_context(name, annotations)
    if unbound := parameters - bound.keys():
        raise _unloadable(name, f"{sorted(unbound)} are declared in Python but are no bindings")
    if missing := bound.keys() - parameters:
        raise _unloadable(name, f"{sorted(missing)} are bindings but no parameters in Python")
    for parameter in parameters & annotations.keys():
        _check_parameter(name, bound[parameter], annotations[parameter])
    _check_return(name, bindings, annotations)
    return wants_context


def _type_hints(name: str, call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError) as error:
        raise _unloadable(name, f"an annotation does not resolve: {error}") from error


def _check_context(name: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get(CONTEXT)
    if annotation is not None and getattr(annotation, "__name__", "") != "Context":
        raise _unloadable(name, f"'context' must be azure.functions.Context, not {annotation!r}")


def _check_parameter(name: str, binding: Mapping[str, Any], annotation: object) -> None:
    if typing.get_origin(annotation) is not None:
        return  # `Out[str]`, `list[X]`: the host refuses such bindings elsewhere
    if not isinstance(annotation, type):
        raise _unloadable(name, f"{binding['name']} has the non-type annotation {annotation!r}")
    converter = azure.functions.get_binding_registry().get(binding["type"])
    if annotation in {str, bytes} or converter is None:
        return  # the worker passes those through its generic binding
    if not converter.check_input_type_annotation(annotation):
        raise _unloadable(
            name,
            f"the type of {binding['name']}, {annotation.__name__}, does not match its binding "
            f"{binding['type']}",
        )


def _check_return(
    name: str, bindings: Sequence[Mapping[str, Any]], annotations: Mapping[str, Any]
) -> None:
    returned = next((binding for binding in bindings if binding["name"] == RETURN), None)
    if returned is None or "return" not in annotations:
        return
    annotation = annotations["return"]
    if not isinstance(annotation, type) or typing.get_origin(annotation) is not None:
        raise _unloadable(name, f"it has the non-type return annotation {annotation!r}")
    converter = azure.functions.get_binding_registry().get(returned["type"])
    if converter is not None and not converter.check_output_type_annotation(annotation):
        raise _unloadable(
            name,
            f"the return annotation {annotation.__name__} does not match its binding "
            f"{returned['type']}",
        )


def _unloadable(name: str, reason: str) -> ValueError:
    return ValueError(f"Cannot load the {name} function: {reason}.")
