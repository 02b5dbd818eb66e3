"""What must hold of `infra/`: each check yields what is wrong, as a sentence. Nothing is asked."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from localhost.ncrontab import parse_schedule
from tests.infra import expected
from tests.infra.bicep import BicepFile, Declaration, Expression, Infra, Value
from tests.infra.sdk_names import unknown_properties

Check = Callable[[Infra], Iterator[str]]
ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"


def syntax(infra: Infra) -> Iterator[str]:
    """Every file is Bicep to two parsers."""
    for file in infra.files.values():
        yield from file.syntax_faults()


def property_names(infra: Infra) -> Iterator[str]:
    """Every property is one that the resource type has, in that spelling."""
    for path, file in infra.files.items():
        for resource in file.resources.values():
            for name in unknown_properties(resource.type, resource.value):
                yield f"{path}: {resource.type} has no property {name}."


def names_in_use(infra: Infra) -> Iterator[str]:
    """Every name is declared in its file, every function is one of Bicep's, nothing is unused."""
    for path, file in infra.files.items():
        declared = _declared(file)
        used = set(file.used())
        for name in sorted(used - declared - expected.FUNCTIONS):
            yield f"{path}: {name} is not declared."
        for name in sorted((set(file.parameters) | set(file.variables)) - used):
            yield f"{path}: {name} is not used."


def modules(infra: Infra) -> Iterator[str]:
    """Modules are files of this folder; they get what they declare and give what is asked."""
    for name, module in infra.main.modules.items():
        file = infra.files.get(module.kind)
        if file is None:
            yield f"Module {name}: there is no file {module.kind}."
            continue
        given, wanted = set(module.value.get("params", {})), file.parameters
        for parameter in sorted(given ^ set(wanted)):
            if parameter in given or wanted[parameter].value is None:
                yield f"Module {name}: parameter {parameter} is not both declared and given."
        for output in re.findall(rf"\b{name}\.outputs\.(\w+)", infra.main.text):
            if output not in file.outputs:
                yield f"Module {name} has no output {output}."
        if file.target_scope == "subscription" and "scope" in module.value:
            yield f"Module {name} is of the subscription."


def parameters(infra: Infra) -> Iterator[str]:
    """The environment of azd gives every parameter without a default, and none undeclared."""
    text = (infra.root / "main.parameters.json").read_text(encoding="utf-8")
    given = json.loads(text)["parameters"]
    for name in sorted(set(given) - set(infra.main.parameters)):
        yield f"main.parameters.json: main.bicep has no parameter {name}."
    for name, parameter in infra.main.parameters.items():
        if parameter.value is None and name not in given:
            yield f"main.parameters.json: {name} is missing."
        if not re.fullmatch(r"\$\{[A-Z_]+\}", given.get(name, {"value": "${X}"})["value"]):
            yield f"main.parameters.json: {name} must come from the environment."


def abbreviations(infra: Infra) -> Iterator[str]:
    """Every abbreviation that a name is made of exists."""
    known = json.loads((infra.root / "abbreviations.json").read_text(encoding="utf-8"))
    for name in re.findall(r"\babbreviations\.(\w+)\}", infra.main.text):
        if name not in known:
            yield f"abbreviations.json has no {name}."


def no_secrets(infra: Infra) -> Iterator[str]:
    """No key is read, made or handed on."""
    for path, file in infra.files.items():
        for word in re.findall(
            r"(?i)\blist\w*keys?\b|AccountKey|@secure|sas(?:token)\b", file.text
        ):
            yield f"{path}: {word}: identities only, no secret."


def storage(infra: Infra) -> Iterator[str]:
    """The account refuses keys, anonymous readers, plain http and old TLS."""
    body = infra.resource("app/storage.bicep", "account")
    yield from _differs("storage", expected.STORAGE, body["properties"])


def site(infra: Infra) -> Iterator[str]:
    """Flex Consumption, Python 3.11, https only, TLS 1.2, the identity for everything."""
    yield from _differs("plan", expected.PLAN, infra.resource("app/plan.bicep", "plan"))
    yield from _differs("site", expected.SITE, infra.resource("app/api.bicep", "app"))


def insights(infra: Infra) -> Iterator[str]:
    """Application Insights takes what identities send, and keeps it in the workspace."""
    body = infra.resource("app/insights.bicep", "component")
    yield from _differs("insights", expected.INSIGHTS, body["properties"])


def tags(infra: Infra) -> Iterator[str]:
    """The tags by which azd finds environment and service are there, and the outputs it keeps."""
    yield from _differs(
        "tags", {"azd-env-name": Expression("environmentName")}, _variable(infra, "tags")
    )
    services = re.findall(r"(?m)^services:\n  (\w+):", (ROOT / "azure.yaml").read_text("utf-8"))
    wanted = [f"union(tags, {{ 'azd-service-name': '{name}' }})" for name in services]
    if [infra.main.modules["api"].value["params"]["tags"]] != wanted:
        yield f"The site's tags must be {wanted}."
    for path, file in infra.files.items():
        for resource in file.resources.values():
            is_tagged = resource.value.get("tags") == Expression("tags")
            if "location" in resource.value and not is_tagged:
                yield f"{path}: {resource.name} has no tags."
    yield from (
        f"Output {o} is missing." for o in sorted(expected.OUTPUTS - set(infra.main.outputs))
    )


def roles(infra: Infra) -> Iterator[str]:
    """The three roles hold exactly the actions that are expected, none with a wildcard."""
    found = infra.files["app/roles.bicep"].resources
    for name in sorted(set(found) ^ set(expected.ACTIONS)):
        yield f"Role {name} is not both expected and there."
    for name, actions in expected.ACTIONS.items():
        if name not in found:
            continue
        body = found[name].value["properties"]
        granted = {
            "actions": sorted(actions),
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        }
        if body["permissions"] != [granted]:
            yield f"Role {name} must grant exactly {granted}, not {body['permissions']}."
    for path, file in infra.files.items():
        for wild in re.findall(r"'(?:Microsoft\.)?[\w./]*\*[\w./]*'", file.text):
            yield f"{path}: {wild} grants more than is known."


def assignments(infra: Infra) -> Iterator[str]:
    """Roles are given on a resource or a resource group, never above; only those expected."""
    found = []
    for path, file in infra.files.items():
        for resource in file.resources.values():
            if resource.type == ASSIGNMENT:
                found.append((path, resource.name))
                yield from _assignment_faults(path, file, resource)
    for where in sorted(set(found) ^ set(expected.ASSIGNMENTS)):
        yield f"The assignment {where} is not both expected and there."
    for name, module in infra.main.modules.items():
        if module.kind == "app/group-access.bicep" or name in expected.GROUP_ACCESS:
            yield from _group_access_faults(module)


def identity(infra: Infra) -> Iterator[str]:
    """Whatever asks for an identity gets the app's own, by the right one of its three ids."""
    for name, module in infra.main.modules.items():
        for parameter, value in module.value.get("params", {}).items():
            output = expected.IDENTITY_PARAMETERS.get(parameter)
            if output and value != Expression(f"identity.outputs.{output}"):
                yield f"Module {name}: {parameter} must be identity.outputs.{output}, not {value}."
    outputs = infra.files["app/identity.bicep"].outputs
    told = {name: output.value for name, output in outputs.items()}
    yield from _differs("identity outputs", expected.IDENTITY_OUTPUTS, told)


def app_settings(infra: Infra) -> Iterator[str]:
    """Every setting that the app needs is set, to the right value, and no other one."""
    given = infra.resource("app/settings.bicep", "settings")["properties"]
    yield from _differs("settings", expected.settings(ROOT), given)
    for name in sorted(set(given) - set(expected.settings(ROOT))):
        yield f"settings: {name} is not a setting of the app or of its host."
    parameters_given = infra.main.modules["settings"].value["params"]
    for name, value in expected.SETTINGS_PARAMETERS.items():
        if parameters_given.get(name) != Expression(value):
            yield f"Module settings: {name} must be {value}, not {parameters_given.get(name)}."


def schedules(infra: Infra) -> Iterator[str]:
    """The default schedules are NCRONTAB, and those of the sample."""
    sample = expected.sample(ROOT)
    for parameter, setting in expected.SCHEDULES.items():
        text = str(infra.main.parameters[parameter].value)
        try:
            parse_schedule(text)
        except ValueError as error:
            yield f"{parameter}: {error}"
        if text != sample[setting]:
            yield f"{parameter} is {text!r}, the sample's {setting} is {sample[setting]!r}."


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        *(syntax, property_names, names_in_use, modules, parameters, abbreviations, no_secrets),
        *(storage, site, insights, tags, roles, assignments, identity, app_settings, schedules),
    )
}


def _declared(file: BicepFile) -> set[str]:
    kinds = (file.parameters, file.variables, file.resources, file.modules)
    loops = {m.each[0] for m in file.modules.values() if m.each}
    return {name for kind in kinds for name in kind} | loops


def _variable(infra: Infra, name: str) -> Value:
    return infra.main.variables[name].value


def _differs(what: str, wanted: Mapping[str, Value], found: Value, at: str = "") -> Iterator[str]:
    """Yield every leaf of `wanted` that is not found, type and all."""
    for name, value in wanted.items():
        where = f"{at}.{name}".lstrip(".")
        given = found.get(name) if isinstance(found, dict) else None
        if isinstance(value, dict) and value:
            yield from _differs(what, value, given, where)
        elif given != value or (type(given) is not type(value) and not isinstance(value, str)):
            yield f"{what}: {where} must be {value!r}, not {given!r}."
        elif isinstance(value, str) and isinstance(value, Expression) != isinstance(
            given, Expression
        ):
            yield f"{what}: {where} must be {value} itself, not a text of that name."


def _assignment_faults(path: str, file: BicepFile, resource: Declaration) -> Iterator[str]:
    if file.target_scope != "resourceGroup":
        yield f"{path}: {resource.name} is assigned to a whole {file.target_scope}."
    role, scope = expected.ASSIGNMENTS.get((path, resource.name), ("", ""))
    properties = resource.value["properties"]
    granted = str(properties["roleDefinitionId"])
    for variable in file.variables.values():
        granted = granted.replace(f", {variable.name})", f", '{variable.value}')")
    if not granted.endswith(role) or resource.value.get("scope", "") != scope:
        yield f"{path}: {resource.name} must give {role} on {scope or 'its resource group'}."
    wanted = {"principalId": Expression("principalId"), "principalType": "ServicePrincipal"}
    yield from _differs(f"{path}: {resource.name}", wanted, properties)


def _group_access_faults(module: Declaration) -> Iterator[str]:
    groups, role = expected.GROUP_ACCESS.get(module.name, ("", ""))
    item, source = module.each or ("", "")
    if source != groups or module.value.get("scope") != Expression(f"resourceGroup({item})"):
        yield f"Module {module.name} must be for each of {groups or 'nothing'}, on that group only."
    if module.value["params"]["roleDefinitionId"] != Expression(role):
        yield f"Module {module.name} must give {role}."
