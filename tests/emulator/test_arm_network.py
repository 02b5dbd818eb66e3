"""From a public address to the machines behind it, over ARM, as a drill walks it."""

import pytest

from tests.emulator.running import (
    AMSTERDAM_IP,
    SUBSCRIPTION,
    VIRGINIA_IP,
    VIRGINIA_VM,
    Emulator,
    Json,
)


def get(emulator: Emulator, path: str) -> Json:
    """Return a resource that must exist."""
    response = emulator.arm("GET", path)
    assert response.status_code == 200
    body: Json = response.json()
    return body


def test_an_address_leads_to_its_interface_and_vm(emulator: Emulator) -> None:
    """Walk A: public IP, network interface, VM."""
    address = get(emulator, VIRGINIA_IP)["properties"]
    interface, _, _ = address["ipConfiguration"]["id"].partition("/ipConfigurations/")

    assert address["ipAddress"] == "127.1.0.4"
    assert address["publicIPAllocationMethod"] == "Static"
    assert address["dnsSettings"]["fqdn"] == "switchback-virginia.eastus.cloudapp.azure.com"
    assert get(emulator, interface)["properties"]["virtualMachine"]["id"] == VIRGINIA_VM


def test_an_address_leads_through_a_load_balancer_to_its_vms(emulator: Emulator) -> None:
    """Walk B: public IP, frontend, rule, pool, network interfaces, VMs."""
    frontend = get(emulator, AMSTERDAM_IP)["properties"]["ipConfiguration"]["id"]
    balancer = get(emulator, frontend.partition("/frontendIPConfigurations/")[0])["properties"]

    (rule,) = balancer["loadBalancingRules"]
    (pool,) = balancer["backendAddressPools"]
    assert rule["properties"]["frontendIPConfiguration"]["id"] == frontend
    assert rule["properties"]["backendAddressPool"]["id"] == pool["id"]
    names = []
    for configuration in pool["properties"]["backendIPConfigurations"]:
        interface = get(emulator, configuration["id"].partition("/ipConfigurations/")[0])
        machine = get(emulator, interface["properties"]["virtualMachine"]["id"])
        names.append(machine["name"])
    assert names == ["amsterdam-vm1", "amsterdam-vm2"]


@pytest.mark.parametrize(
    ("kind", "count"),
    [("publicIPAddresses", 2), ("networkInterfaces", 3), ("loadBalancers", 1)],
)
def test_lists(emulator: Emulator, kind: str, count: int) -> None:
    """By subscription and by group, each entry as GET shows it."""
    everywhere = get(emulator, f"{SUBSCRIPTION}/providers/Microsoft.Network/{kind}")["value"]
    group = f"{SUBSCRIPTION}/resourceGroups/switchback-lab-westeurope"
    in_group = get(emulator, f"{group}/providers/Microsoft.Network/{kind}")["value"]

    assert len(everywhere) == count
    assert {r["location"] for r in in_group} == {"westeurope"}
    assert all(get(emulator, r["id"]) == r for r in everywhere)


def test_a_missing_resource_is_the_gateways_404(emulator: Emulator) -> None:
    """With the type in its canonical case."""
    response = emulator.arm("GET", VIRGINIA_IP.lower() + "x")

    assert response.status_code == 404
    assert (
        "'Microsoft.Network/publicIPAddresses/virginia-ipx'"
        in (response.json()["error"]["message"])
    )


def test_resource_groups(emulator: Emulator) -> None:
    """GET, list, and HEAD, which has no body."""
    groups = f"{SUBSCRIPTION}/resourcegroups"

    listed = get(emulator, groups)["value"]

    assert [g["name"] for g in listed] == [
        "switchback-lab",
        "switchback-lab-eastus",
        "switchback-lab-westeurope",
    ]
    assert get(emulator, f"{groups}/SWITCHBACK-LAB") == listed[0]
    assert emulator.arm("HEAD", f"{groups}/switchback-lab").status_code == 204
    assert emulator.arm("HEAD", f"{groups}/nowhere").status_code == 404
    missing = emulator.arm("GET", f"{groups}/nowhere").json()
    assert missing["error"]["code"] == "ResourceGroupNotFound"
