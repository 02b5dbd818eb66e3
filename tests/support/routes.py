"""The functions of a blueprint, called by name as the worker calls them."""

from typing import Any

import azure.functions as func


def functions_of(blueprint: func.Blueprint) -> dict[str, Any]:
    """Return a blueprint's functions by name."""
    app = func.FunctionApp()
    app.register_functions(blueprint)
    return {str(f.get_function_name()): f.get_user_function() for f in app.get_functions()}
