"""What `infra/` is held against: names and values, each stated once, none read from the Bicep."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from shared.settings import Settings
from tests.infra.bicep import Expression, Value

FUNCTIONS = {
    *("empty", "environment", "guid", "join", "loadJsonContent", "resourceGroup"),
    *("subscription", "subscriptionResourceId", "tenant", "toLower", "union", "uniqueString"),
}
OUTPUTS = {"AZURE_LOCATION", "AZURE_TENANT_ID", "SERVICE_API_NAME", "TABLES_ENDPOINT"}

STORAGE = {
    "allowBlobPublicAccess": False,
    "allowCrossTenantReplication": False,
    "allowSharedKeyAccess": False,
    "defaultToOAuthAuthentication": True,
    "minimumTlsVersion": "TLS1_2",
    "supportsHttpsTrafficOnly": True,
}
PLAN = {"sku": {"name": "FC1", "tier": "FlexConsumption"}, "properties": {"reserved": True}}
SITE = {
    "kind": "functionapp,linux",
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {"'${identityId}'": {}}},
    "properties": {
        "serverFarmId": Expression("planId"),
        "httpsOnly": True,
        "siteConfig": {"minTlsVersion": "1.2"},
        "functionAppConfig": {
            "deployment": {
                "storage": {
                    "type": "blobContainer",
                    "value": Expression("packageUri"),
                    "authentication": {
                        "type": "UserAssignedIdentity",
                        "userAssignedIdentityResourceId": Expression("identityId"),
                    },
                }
            },
            "runtime": {"name": "python", "version": "3.11"},
            "scaleAndConcurrency": {"instanceMemoryMB": Expression("instanceMemoryMB")},
        },
    },
}
INSIGHTS = {"DisableLocalAuth": True, "WorkspaceResourceId": Expression("workspaceId")}

_PROFILES = "Microsoft.Network/trafficManagerProfiles"
_ENDPOINT_KINDS = ("azureEndpoints", "externalEndpoints", "nestedEndpoints")
_GROUP_READ = "Microsoft.Resources/subscriptions/resourceGroups/read"
_RIGHTS_READ = "Microsoft.Authorization/permissions/read"
ACTIONS = {
    "drill": {
        _RIGHTS_READ,
        "Microsoft.Compute/locations/operations/read",
        "Microsoft.Compute/virtualMachines/deallocate/action",
        "Microsoft.Compute/virtualMachines/instanceView/read",
        "Microsoft.Compute/virtualMachines/powerOff/action",
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/start/action",
        "Microsoft.Network/loadBalancers/read",
        "Microsoft.Network/networkInterfaces/read",
        "Microsoft.Network/publicIPAddresses/read",
        _GROUP_READ,
    },
    "profile": {
        *(f"{_PROFILES}/{verb}" for verb in ("read", "write", "delete")),
        *(f"{_PROFILES}/{k}/{v}" for k in _ENDPOINT_KINDS for v in ("read", "write", "delete")),
        _GROUP_READ,
        _RIGHTS_READ,
    },
    "endpoint": {"Microsoft.Network/publicIPAddresses/read"},
}
BEYOND_THE_CALLS = {
    "Microsoft.Compute/locations/operations/read": "whoever follows a power operation to its end",
    "Microsoft.Compute/virtualMachines/instanceView/read": "the power state, read with the machine",
    _GROUP_READ: "finding the group by name, as `az` does; it tells of no resource in it",
}
"""Granted without a request of its own; all of them only read."""

_STORAGE_ACCESS = "app/storage-access.bicep"
ASSIGNMENTS = {
    (_STORAGE_ACCESS, "blobs"): ("'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')", "account"),
    (_STORAGE_ACCESS, "queues"): ("'974c5e8b-45b9-4653-ba55-5f855dd0fb88')", "account"),
    (_STORAGE_ACCESS, "tables"): ("'0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')", "account"),
    ("app/insights.bicep", "publisher"): ("'3913510d-42f4-4e42-8a64-420c390055eb')", "component"),
    ("app/group-access.bicep", "access"): ("roleDefinitionId", ""),
}
"""Blob Data Owner, Queue and Table Data Contributor, Monitoring Metrics Publisher, one of ours."""
GROUP_ACCESS = {
    "drillAccess": ("drillResourceGroups", "roles.outputs.drillRoleId"),
    "profileAccess": ("profileGroups", "roles.outputs.profileRoleId"),
    "endpointAccess": ("endpointResourceGroups", "roles.outputs.endpointRoleId"),
}
IDENTITY_PARAMETERS = {
    "identityClientId": "clientId",
    "identityId": "id",
    "principalId": "principalId",
}
IDENTITY_OUTPUTS = {
    "id": Expression("identity.id"),
    "principalId": Expression("identity.properties.principalId"),
    "clientId": Expression("identity.properties.clientId"),
}

SCHEDULES = {
    "samplesSchedule": "SAMPLES_SCHEDULE",
    "advanceSchedule": "ADVANCE_SCHEDULE",
    "restoreSchedule": "RESTORE_SCHEDULE",
    "retentionSchedule": "RETENTION_SCHEDULE",
}
ABSENT = {
    "AzureWebJobsStorage": "a connection string; the host uses the identity",
    "CLOCK": "an emulator's; refused where ARM is not on this machine",
    "CONNECT_TO": "an emulator's; refused where ARM is not on this machine",
    "FUNCTIONS_WORKER_RUNTIME": "functionAppConfig says it; Flex Consumption refuses the setting",
    "REGION_NAME": "App Service sets it",
    "TABLES_CONNECTION": "a secret; TABLES_ENDPOINT and the identity take its place",
}
HOST_SETTINGS = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": Expression(
        "'ClientId=${identityClientId};Authorization=AAD'"
    ),
    "APPLICATIONINSIGHTS_CONNECTION_STRING": Expression("insightsConnection"),
    "AzureWebJobsStorage__blobServiceUri": Expression("blobUri"),
    "AzureWebJobsStorage__clientId": Expression("identityClientId"),
    "AzureWebJobsStorage__credential": "managedidentity",
    "AzureWebJobsStorage__queueServiceUri": Expression("queueUri"),
    "AzureWebJobsStorage__tableServiceUri": Expression("tableUri"),
}
APP_SETTINGS = {
    "ARM_ENDPOINT": Expression("environment().resourceManager"),
    "AZURE_CLIENT_ID": Expression("identityClientId"),
    "AZURE_SUBSCRIPTION_ID": Expression("subscription().subscriptionId"),
    "CREDENTIAL": "managed-identity",
    "DRILL_RESOURCE_GROUPS": Expression("join(drillResourceGroups, ',')"),
    "TABLES_ENDPOINT": Expression("tableUri"),
}
"""Those whose value is not simply the parameter of that name."""
SETTINGS_PARAMETERS = {
    "appName": "api.outputs.name",
    "blobUri": "storage.outputs.blobUri",
    "drillResourceGroups": "drillResourceGroups",
    "insightsConnection": "insights.outputs.connectionString",
    "queueUri": "storage.outputs.queueUri",
    "tableUri": "storage.outputs.tableUri",
    **{name: name for name in ("clientResolver", "dnsClientSubnets", *SCHEDULES)},
    **{name: name for name in ("dnsAuthoritative", "dnsResolvers", "privateTargetsAllowed")},
    **{name: name for name in ("baselineIntervalSeconds", "retentionDays")},
}


def sample(root: Path) -> dict[str, str]:
    """Return the settings that the sample lists."""
    text = (root / "local.settings.sample.json").read_text(encoding="utf-8")
    values: dict[str, str] = json.loads(text)["Values"]
    return values


def settings(root: Path) -> dict[str, Value]:
    """Return every setting that must be set in Azure, with its value."""
    names = set(sample(root)) - set(ABSENT)
    return HOST_SETTINGS | {name: APP_SETTINGS.get(name, _parameter(name)) for name in names}


def _parameter(setting: str) -> Expression:
    first, *rest = setting.lower().split("_")
    return Expression(first + "".join(word.capitalize() for word in rest))


class Recorder(dict[str, str]):
    """Settings that remember which of them were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Return the value, or the default."""
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)


def settings_that_the_code_reads(root: Path) -> Iterator[str]:
    """Yield the names that Settings asks for, and those in triggers' `%NAME%`."""
    recorder = Recorder(sample(root) | {"CLOCK": "", "CONNECT_TO": ""})
    Settings.read(recorder)
    yield from sorted(recorder.asked)
    for path in sorted((root / "functions").glob("*.py")):
        yield from re.findall(r"%([A-Z_]+)%", path.read_text(encoding="utf-8"))
