"""Tenants, subscriptions, resource groups, lists of resources and Resource Graph."""

import pytest

from tests.emulator.running import (
    EASTUS,
    PROFILE,
    SUBSCRIPTION,
    VIRGINIA_IP,
    VIRGINIA_VM,
    Emulator,
    Json,
    lab_profile,
    lab_topology,
    running,
)

GROUP = f"{SUBSCRIPTION}/resourceGroups/fresh"
GRAPH = "/providers/Microsoft.ResourceGraph/resources"


def test_the_tenant_and_the_subscription(emulator: Emulator) -> None:
    """What az asks for after a login."""
    (tenant,) = emulator.arm("GET", "/tenants").json()["value"]
    (subscription,) = emulator.arm("GET", "/subscriptions").json()["value"]

    assert subscription["id"] == SUBSCRIPTION
    assert subscription["tenantId"] == tenant["tenantId"]
    assert (subscription["state"], subscription["displayName"]) == (
        "Enabled",
        "Switchback emulator",
    )
    assert emulator.arm("GET", SUBSCRIPTION).json() == subscription
    assert emulator.arm("GET", SUBSCRIPTION + "x").status_code == 404
    locations = emulator.arm("GET", f"{SUBSCRIPTION}/locations").json()["value"]
    assert {"eastus": "East US"}.items() <= {x["name"]: x["displayName"] for x in locations}.items()


@pytest.mark.parametrize(
    "scope",
    [VIRGINIA_VM, PROFILE, f"{PROFILE}/azureEndpoints/virginia", EASTUS.rpartition("/")[0]],
    ids=lambda scope: scope.rpartition("/")[2],
)
def test_what_one_may_do_is_told_for_any_scope_in_a_group(emulator: Emulator, scope: str) -> None:
    """Everything; in any case, as ARM's paths are."""
    path = f"{scope}/providers/microsoft.authorization/PERMISSIONS"
    told = emulator.arm("GET", path)

    assert told.status_code == 200
    assert told.json() == {
        "value": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]
    }
    elsewhere = emulator.arm("GET", path.replace("switchback-lab", "nowhere"))
    assert elsewhere.json()["error"]["code"] == "ResourceGroupNotFound"


def test_what_one_is_told_is_the_topologys() -> None:
    """A role that may read and start, say; nothing here holds anybody to it."""
    may = {"actions": ["*/read"], "notActions": ["Microsoft.Compute/*"]}
    described = lab_topology().model_dump(by_alias=True) | {"permissions": [may]}
    with running(topology=lab_topology().model_validate(described)) as lab:
        path = f"{VIRGINIA_VM}/providers/Microsoft.Authorization/permissions"
        (told,) = lab.arm("GET", path).json()["value"]

    assert told == may | {"dataActions": [], "notDataActions": []}


def test_a_resource_groups_life(quick_lab: Emulator) -> None:
    """201, 200 with other tags, and a deletion that takes what is in it along."""
    body: Json = {"location": "East US", "tags": {"a": "b"}}
    created = quick_lab.arm("PUT", GROUP, body)
    assert (created.status_code, created.json()["location"]) == (201, "eastus")
    assert created.json()["tags"] == {"a": "b"}
    again = quick_lab.arm("PUT", GROUP.upper(), {"location": "eastus"})
    assert (again.status_code, again.json()["name"]) == (200, "fresh")
    profile = PROFILE.replace("switchback-lab", "fresh")
    ip = VIRGINIA_IP.replace("switchback-lab-eastus", "fresh")
    quick_lab.arm("PUT", profile, lab_profile())
    quick_lab.arm("PUT", ip, {"location": "eastus"})

    gone = quick_lab.arm("DELETE", GROUP)

    assert gone.status_code == 202
    while quick_lab.http.get(gone.headers["location"]).status_code == 202:
        pass
    assert quick_lab.arm("HEAD", GROUP).status_code == 404
    listed = quick_lab.arm("GET", f"{SUBSCRIPTION}/resources").json()["value"]
    assert not any("/fresh/" in one["id"] for one in listed)
    assert quick_lab.arm("DELETE", GROUP).status_code == 404


def test_a_group_of_machines_cannot_be_deleted_here(emulator: Emulator) -> None:
    """Their ports are open for as long as the emulator runs."""
    refused = emulator.arm("DELETE", f"{SUBSCRIPTION}/resourceGroups/switchback-lab-eastus")

    assert refused.json()["error"]["code"] == "NotEmulated"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("fresh", {}, "LocationRequired"),
        ("fresh", {"location": "atlantis"}, "LocationNotAvailableForResourceGroup"),
        ("fresh.", {"location": "eastus"}, "InvalidResourceGroup"),
        ("fresh", {"location": "eastus", "tags": {"a": 1}}, "BadRequest"),
        ("switchback-lab", {"location": "westus"}, "InvalidResourceGroupLocation"),
    ],
)
def test_groups_that_are_refused(emulator: Emulator, name: str, body: Json, code: str) -> None:
    """Nothing is created."""
    refused = emulator.arm("PUT", f"{SUBSCRIPTION}/resourceGroups/{name}", body)

    assert refused.json()["error"]["code"] == code
    assert emulator.arm("HEAD", GROUP).status_code == 404


def test_operations_that_nobody_started(emulator: Emulator) -> None:
    """404, for each provider."""
    for path in (
        "/operationresults/x",
        "/providers/Microsoft.Network/locations/eastus/operations/x",
        "/providers/Microsoft.Network/locations/eastus/operationResults/x",
    ):
        assert emulator.arm("GET", SUBSCRIPTION + path).status_code == 404


def test_resources_of_all_types(emulator: Emulator) -> None:
    """Listed together, or by group, type and name."""
    emulator.arm("PUT", PROFILE, lab_profile())
    everything = emulator.arm("GET", f"{SUBSCRIPTION}/resources").json()["value"]
    one = emulator.http.get(
        f"{SUBSCRIPTION}/resources",
        params={
            "api-version": "2024-11-01",
            "$filter": "resourceType eq 'microsoft.compute/virtualMachines' and "
            "name eq 'virginia-vm' and resourceGroup eq 'SWITCHBACK-LAB-EASTUS'",
        },
    ).json()["value"]
    group = EASTUS.removesuffix("/providers")
    of_group = emulator.arm("GET", f"{group}/resources").json()["value"]

    assert len(everything) == 10
    assert [r["id"] for r in one] == [VIRGINIA_VM]
    assert {r["name"] for r in of_group} == {"virginia-vm", "virginia-nic", "virginia-ip"}
    refused = emulator.http.get(
        f"{SUBSCRIPTION}/resources",
        params={"api-version": "2024-11-01", "$filter": "substringof('x', name)"},
    )
    assert refused.json()["error"]["code"] == "NotEmulated"


def query(emulator: Emulator, text: str, **options: str) -> Json:
    """Return what Resource Graph answers."""
    body = {"subscriptions": [SUBSCRIPTION.rpartition("/")[2]], "query": text, "options": options}
    answer: Json = emulator.arm("POST", GRAPH, body, "2021-03-01").json()
    return answer


def test_resource_graph_finds_a_machine_as_chaostoolkit_asks(emulator: Emulator) -> None:
    """By type, group and name, as a table."""
    found = query(
        emulator,
        "Resources | where type=~'Microsoft.Compute/virtualMachines'"
        "| where resourceGroup=='switchback-lab-eastus' and name=='virginia-vm'",
        resultFormat="table",
    )

    columns = [column["name"] for column in found["data"]["columns"]]
    (row,) = found["data"]["rows"]
    assert row[columns.index("id")] == VIRGINIA_VM
    assert row[columns.index("type")] == "microsoft.compute/virtualmachines"
    assert (found["totalRecords"], found["count"], found["resultTruncated"]) == (1, 1, "false")


def test_resource_graph_answers_objects_too(emulator: Emulator) -> None:
    """Projected, limited, compared with and without case, or not equal."""
    text = (
        "resources | where name != 'virginia-vm' and type =~ \"MICROSOFT.COMPUTE/virtualMachines\" "
        "and resourceGroup !~ 'a|b' | project name, location | take 1"
    )

    assert query(emulator, text)["data"] == [{"name": "amsterdam-vm1", "location": "westeurope"}]
    assert query(emulator, "Resources | where type == 'Microsoft.Compute/virtualMachines'")[
        "data"
    ] == ([])
    elsewhere = emulator.arm("POST", GRAPH, {"subscriptions": ["x"], "query": "Resources"})
    assert elsewhere.json()["count"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "ResourceContainers",
        "Resources | summarize count()",
        "Resources | where name contains 'x'",
        "Resources | where colour == 'x'",
        "Resources | limit many",
        "Resources" + " | limit 1" * 2_000,
    ],
    ids=range(6),
)
def test_the_rest_of_the_language_is_not_emulated(emulator: Emulator, text: str) -> None:
    """And says so."""
    assert query(emulator, text)["error"]["code"] == "NotEmulated"


def test_a_query_must_be_a_text(emulator: Emulator) -> None:
    """400."""
    assert emulator.arm("POST", GRAPH, {"query": 1}).status_code == 400
