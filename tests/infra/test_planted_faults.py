"""The checks are checked: faults planted in a copy of `infra/`, each found by the right one."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.infra.bicep import Infra
from tests.infra.checks import CHECKS, ROOT


class Fault(NamedTuple):
    """A change to one file, and the check that must see it."""

    what: str
    seen_by: str
    file: str
    old: str
    new: str = ""


API, MAIN, ROLES = "app/api.bicep", "main.bicep", "app/roles.bicep"
SETTINGS, STORAGE = "app/settings.bicep", "app/storage.bicep"
ACCESS, INSIGHTS = "app/storage-access.bicep", "app/insights.bicep"
READ = "'Microsoft.Compute/virtualMachines/read'"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"

FAULTS = (
    Fault("a missing brace", "syntax", STORAGE, "    name: 'Standard_LRS'\n  }", "    name: 'x'"),
    Fault("two commas", "syntax", API, "kind: 'functionapp,linux'", "kind: 'x',,"),
    Fault("an open string", "syntax", MAIN, "scope: group\n", "scope: 'group\n"),
    Fault("a misspelt property", "property_names", STORAGE, "SharedKeyA", "SharedKeysA"),
    Fault(
        "a nested one", "property_names", API, "      instanceMemoryMB:", "      instanceMemoryMb:"
    ),
    Fault("one of an old SDK", "property_names", INSIGHTS, "DisableLocalAuth", "disableLocalAuth"),
    Fault("one of a list's item", "property_names", ROLES, "dataActions: []", "dataAction: []"),
    Fault("an unknown variable", "names_in_use", MAIN, "location: location", "location: region"),
    Fault("an unknown function", "names_in_use", MAIN, "uniqueString(", "uniqueText("),
    Fault(
        "an unused parameter", "names_in_use", STORAGE, "param tags", "param x string\nparam tags"
    ),
    Fault("a parameter not given", "modules", MAIN, "    dnsResolvers: dnsResolvers\n"),
    Fault("one not declared", "modules", MAIN, "    planId: plan", "    farm: plan"),
    Fault("an unknown output", "modules", MAIN, "storage.outputs.blobUri", "storage.outputs.blob"),
    Fault("a registry's module", "modules", MAIN, "app/plan.bicep", "br/public:avm/res/web/x:1.0"),
    Fault("a parameter that azd has not", "parameters", MAIN, "param location", "param z"),
    Fault("a fixed value", "parameters", "main.parameters.json", "${AZURE_LOCATION}", "eastus"),
    Fault("an unknown abbreviation", "abbreviations", "abbreviations.json", "webServerFarms", "x"),
    Fault("a key read", "no_secrets", SETTINGS, "'managed-identity'", "app.listKeys().keys[0]"),
    Fault(
        "shared keys allowed", "storage", STORAGE, "SharedKeyAccess: false", "SharedKeyAccess: true"
    ),
    Fault("public blobs", "storage", STORAGE, "BlobPublicAccess: false", "BlobPublicAccess: true"),
    Fault("http to storage", "storage", STORAGE, "    supportsHttpsTrafficOnly: true\n"),
    Fault("old TLS to storage", "storage", STORAGE, "TLS1_2", "TLS1_0"),
    Fault("https only dropped", "site", API, "    httpsOnly: true\n"),
    Fault("https only as a text", "site", API, "httpsOnly: true", "httpsOnly: 'true'"),
    Fault("old TLS to the app", "site", API, "'1.2'", "'1.0'"),
    Fault("another Python", "site", API, "'3.11'", "'3.9'"),
    Fault("another plan", "site", "app/plan.bicep", "'FC1'", "'Y1'"),
    Fault("a package read with a key", "site", API, "'UserAssignedIdentity'", "'ConnectionString'"),
    Fault("telemetry with a key", "insights", INSIGHTS, "DisableLocalAuth: true", "Flow_Type: 'x'"),
    Fault(
        "another service", "tags", MAIN, "'azd-service-name': 'api'", "'azd-service-name': 'web'"
    ),
    Fault("a resource without tags", "tags", "app/logs.bicep", "  tags: tags\n"),
    Fault("a missing output", "tags", MAIN, "output SERVICE_API_NAME", "output API_NAME"),
    Fault("a wildcard action", "roles", ROLES, READ, "'Microsoft.Compute/virtualMachines/*'"),
    Fault("all actions", "roles", ROLES, READ, "'*'"),
    Fault("an action too many", "roles", ROLES, "powerOff/action", "delete"),
    Fault("an action too few", "roles", ROLES, f"          {READ}\n"),
    Fault("a data action", "roles", ROLES, "dataActions: []", "dataActions: ['x/read']"),
    Fault(
        "a role on the subscription", "assignments", MAIN, "resourceGroup(name)", "subscription()"
    ),
    Fault(
        "a role on every group", "assignments", MAIN, "name in drillResource", "name in allResource"
    ),
    Fault(
        "powers where profiles are", "assignments", MAIN, "outputs.profileRole", "outputs.drillRole"
    ),
    Fault("an assignment too many", "assignments", ACCESS, "resource blobs", "resource all"),
    Fault("Contributor", "assignments", ACCESS, BLOB_OWNER, CONTRIBUTOR),
    Fault("a role on the group", "assignments", ACCESS, "  scope: account\n"),
    Fault(
        "access from above",
        "assignments",
        ACCESS,
        "param st",
        "targetScope = 'subscription'\nparam st",
    ),
    Fault("the deployer's rights", "identity", MAIN, "identity.outputs.principalId", "location"),
    Fault("the wrong id", "identity", MAIN, "identity.outputs.clientId", "identity.outputs.id"),
    Fault(
        "ids exchanged",
        "identity",
        "app/identity.bicep",
        "properties.clientId",
        "properties.tenantId",
    ),
    Fault("a missing setting", "app_settings", SETTINGS, "    TABLES_ENDPOINT: tableUri\n"),
    Fault("a text for a name", "app_settings", SETTINGS, "INT: tableUri", "INT: 'tableUri'"),
    Fault(
        "an emulator's setting",
        "app_settings",
        SETTINGS,
        "    CREDENTIAL",
        "    CLOCK: ''\n    CREDENTIAL",
    ),
    Fault("your own az", "app_settings", SETTINGS, "'managed-identity'", "'azure-cli'"),
    Fault(
        "the host without an id", "app_settings", SETTINGS, "AzureWebJobsStorage__clientId", "Other"
    ),
    Fault(
        "queues for tables",
        "app_settings",
        MAIN,
        "tableUri: storage.outputs.tab",
        "tableUri: storage.outputs.q",
    ),
    Fault(
        "another group's drills", "app_settings", SETTINGS, "join(drillResourceGroups, ',')", "''"
    ),
    Fault("an impossible schedule", "schedules", MAIN, "'0 * * * * *'", "'0 61 * * * *'"),
    Fault("another pace", "schedules", MAIN, "'*/10 * * * * *'", "'*/20 * * * * *'"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    """The copy differs in one place, and the check that is there for it says so."""
    copy = tmp_path / "infra"
    shutil.copytree(ROOT / "infra", copy)
    path = copy / fault.file
    text = path.read_text(encoding="utf-8")
    assert fault.old in text
    path.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")

    assert list(CHECKS[fault.seen_by](Infra(copy)))


def test_every_check_has_found_something() -> None:
    """A check that no planted fault needs might as well not be there."""
    assert {fault.seen_by for fault in FAULTS} == set(CHECKS)
