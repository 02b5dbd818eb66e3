"""From an endpoint's public IP to the machines behind it, by recorded ARM exchanges."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.core.errors import PreflightFailed
from shared.targets import machines_behind, named

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"
GROUP = "/subscriptions/0000/resourceGroups/g/providers"
IP = f"{GROUP}/Microsoft.Network/publicIPAddresses/ip"

Json = dict[str, Any]


def recorded(name: str) -> dict[str, Json]:
    """Return a recording's answers by path, in lower case."""
    file = RECORDINGS / name
    if not file.exists():
        pytest.skip(f"{file.name} is not beside this checkout (../shared/recordings)")
    exchanges = json.loads(file.read_text())["exchanges"]
    return {e["request"]["path"].lower(): e["response"]["body"] for e in exchanges}


def behind(answers: dict[str, Json], ip: str) -> list[str]:
    """Return the names of the machines behind a public IP."""
    return [m.name for m in machines_behind(lambda i: answers.get(i.lower()), ip)]


def test_a_public_ip_of_a_nic_leads_to_its_machine() -> None:
    """Public IP, NIC, machine."""
    answers = recorded("net_java_pip_to_nic_to_vm.json")
    ip = next(path for path in answers if path.endswith("pip11c710023ad5a"))

    assert behind(answers, ip) == ["vm76492"]


def test_a_public_ip_of_a_load_balancer_leads_to_all_machines_of_its_pools() -> None:
    """Public IP, frontend, rule, pool, NICs, machines."""
    answers = recorded("net_java_pip_to_lb_to_nic_to_vm.json")
    ip = next(path for path in answers if "publicipaddresses" in path)

    assert behind(answers, ip) == ["vm45865877a7", "vm7da9066942"]


@pytest.mark.parametrize(
    ("resource_id", "configuration", "told"),
    [
        (f"{GROUP}/Microsoft.Web/sites/app", None, "only public IPs lead to machines"),
        (IP, None, "attached to nothing"),
        (
            IP,
            f"{GROUP}/Microsoft.Network/azureFirewalls/fw/azureFirewallIpConfigurations/c",
            "belongs to a microsoft.network/azurefirewalls",
        ),
        (
            IP,
            f"{GROUP}/Microsoft.Network/applicationGateways/gw/frontendIPConfigurations/c",
            "belongs to a microsoft.network/applicationgateways",
        ),
        (
            IP,
            f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets/s/virtualMachines/0/"
            "networkInterfaces/n/ipConfigurations/c",
            "belongs to a microsoft.compute/virtualmachinescalesets",
        ),
    ],
)
def test_other_owners_are_refused_by_name(
    resource_id: str, configuration: str | None, told: str
) -> None:
    """A drill does not guess."""
    properties = {"ipConfiguration": {"id": configuration}} if configuration else {}
    answers: dict[str, Json] = {IP.lower(): {"properties": properties}}

    with pytest.raises(PreflightFailed, match=told):
        behind(answers, resource_id)


def test_a_missing_resource_is_told_by_its_id() -> None:
    """ARM does not know it."""
    with pytest.raises(PreflightFailed, match="ARM has no resource"):
        behind({}, IP)


def test_machines_that_share_a_name_are_told_apart_by_their_group() -> None:
    """A series is named after its machine."""
    one = f"{GROUP}/Microsoft.Compute/virtualMachines/web"
    other = one.replace("/g/", "/h/")

    assert [m.name for m in named((one, other))] == ["g/web", "h/web"]
