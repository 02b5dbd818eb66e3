"""Which properties Azure's resources have, told by the management SDKs' own models."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

from tests.infra.bicep import Value

MODELS = {
    "Microsoft.Authorization/roleAssignments": "authorization:RoleAssignment",
    "Microsoft.Authorization/roleDefinitions": "authorization:RoleDefinition",
    "Microsoft.Insights/components": "applicationinsights:ApplicationInsightsComponent",
    "Microsoft.OperationalInsights/workspaces": "loganalytics:Workspace",
    "Microsoft.Storage/storageAccounts": "storage:StorageAccount",
    "Microsoft.Storage/storageAccounts/blobServices": "storage:BlobServiceProperties",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "storage:BlobContainer",
    "Microsoft.Web/serverfarms": "web:AppServicePlan",
    "Microsoft.Web/sites": "web:Site",
    "Microsoft.Web/sites/config": "web:StringDictionary",
}
WITHOUT_PROPERTIES = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": {"name", "location", "tags"},
    "Microsoft.Resources/resourceGroups": {"name", "location", "tags"},
}
"""Too little to install a package for."""
BICEP_OWN = {"name", "parent", "scope", "dependsOn"}

Fields = dict[str, Any]
"""Property -> its fields, None where any value goes (a plain value, or a map with free keys)."""


def unknown_properties(resource_type: str, body: Value) -> Iterator[str]:
    """Yield the paths that the type does not have."""
    if resource_type in WITHOUT_PROPERTIES:
        yield from sorted(set(body) - WITHOUT_PROPERTIES[resource_type])
    elif resource_type in MODELS:
        own = {name: value for name, value in body.items() if name not in BICEP_OWN}
        yield from _unknown(own, _fields(*MODELS[resource_type].split(":")))
    else:
        yield f"(no model is known of {resource_type})"


def _unknown(value: Value, fields: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - Fields or None
    if isinstance(value, list):
        for item in value:
            yield from _unknown(item, fields, path)
    elif isinstance(value, dict) and fields is not None:
        for name, inner in value.items():
            where = f"{path}.{name}".lstrip(".")
            if name not in fields:
                yield where
            elif isinstance(inner, dict | list):
                yield from _unknown(inner, _resolved(fields[name]), where)


def _resolved(fields: Any) -> Any:  # noqa: ANN401 - Fields, a model's address, or None
    return _fields(*fields.split(":")) if isinstance(fields, str) else fields


def _fields(package: str, model_name: str) -> Fields:
    model = getattr(importlib.import_module(f"azure.mgmt.{package}.models"), model_name)
    if hasattr(model, "_attribute_map"):
        return _fields_of_old(package, model)
    return _fields_of_new(package, model)


def _fields_of_new(package: str, model: Any) -> Fields:  # noqa: ANN401 - an SDK's model
    model()  # its table of names is made with the first instance
    hints = {
        name: str(hint)
        for one in reversed(model.__mro__)
        for name, hint in getattr(one, "__annotations__", {}).items()
    }
    return {
        field._rest_name: _model_in(package, hints[name], r"_models\.(\w+)", ("dict[", "Mapping["))
        for name, field in model._attr_to_rest_field.items()
    }


def _fields_of_old(package: str, model: Any) -> Fields:  # noqa: ANN401 - an SDK's model
    """`properties.roleName` and the like are one flat table there."""
    fields: Fields = {}
    for entry in model._attribute_map.values():
        *parents, name = entry["key"].split(".")
        at = fields
        for parent in parents:
            at = at.setdefault(parent, {})
        at[name] = _model_in(package, entry["type"], r"\[?([A-Z]\w+)\]?$", ("{",))
    return fields


def _model_in(package: str, hint: str, pattern: str, maps: tuple[str, ...]) -> str | None:
    if any(text in hint for text in maps):
        return None
    found = re.search(pattern, hint)
    is_model = found and hasattr(
        getattr(importlib.import_module(f"azure.mgmt.{package}.models"), found[1]), "__mro__"
    )
    return f"{package}:{found[1]}" if found and is_model else None
