"""From an endpoint's public IP to the machines behind it, by recorded ARM exchanges."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared import targets
from shared.core.errors import RefusedByAzure, UpstreamUnavailable
from shared.targets import MEMBERS_MAX, OWNERS, named
from tests.support.networks import (
    FRONTEND,
    GROUP,
    IP,
    LB,
    OTHER_FRONTEND,
    VM,
    Json,
    a_balancer,
    a_network,
    member,
    nic,
    rule,
)

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"
SETS = f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets"


def recorded(name: str) -> dict[str, Json]:
    """Return a recording's answers by path, in lower case."""
    file = RECORDINGS / name
    if not file.exists():
        pytest.skip(f"{file.name} is not beside this checkout (../shared/recordings)")
    exchanges = json.loads(file.read_text())["exchanges"]
    return {e["request"]["path"].lower(): e["response"]["body"] for e in exchanges}


def behind(answers: dict[str, Json], ip: str = IP) -> list[str]:
    """Return the names of the machines behind a public IP, of which nothing speaks against them."""
    found = targets.behind(lambda i: answers.get(i.lower()), ip)
    assert found.faults == ()
    return [machine.name for machine in found.machines]


def refused(answers: dict[str, Json], ip: str = IP) -> tuple[str, str]:
    """Return code and sentence of why there are no machines that a drill may stop."""
    found = targets.behind(lambda i: answers.get(i.lower()), ip)
    assert found.machines == ()
    (fault,) = found.faults
    return fault.code, fault.message


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


def test_only_the_pools_of_the_frontends_own_rules_are_behind_it() -> None:
    """Another frontend's machines serve somebody else; a machine in two pools is one machine."""
    pools = {"p": [member("a"), member("b")], "q": [member("b")], "r": [member("c")]}
    rules = [rule(FRONTEND.upper(), "p", "q"), rule(OTHER_FRONTEND, "r")]

    assert behind(a_balancer(pools, loadBalancingRules=rules)) == ["a", "b"]


def test_a_frontend_without_rules_may_have_every_pool_behind_it() -> None:
    """It says nothing of them, and a drill must not miss one."""
    pools = {"p": [member("a")], "q": [member("c")]}
    rules = [rule(OTHER_FRONTEND, "p")]

    assert behind(a_balancer(pools, loadBalancingRules=rules)) == ["a", "c"]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"inboundNatRules": [rule(FRONTEND, "p")]}, "inbound NAT rules only"),
        (
            {"outboundRules": [{"properties": {"frontendIPConfigurations": [{"id": FRONTEND}]}}]},
            "only lets traffic out",
        ),
    ],
)
def test_a_frontend_that_serves_by_no_pool_is_refused(rules: dict[str, Any], told: str) -> None:
    """Which machine serves is not said by a rule for one port, and none by a way out."""
    pools = {"p": [member("a"), member("b")]}

    code, message = refused(a_balancer(pools, **rules))

    assert code == "TargetNotStoppable"
    assert told in message
    assert FRONTEND in message


def test_inbound_nat_rules_beside_a_balancing_rule_add_nothing() -> None:
    """A port to log in by is not what the endpoint serves with."""
    pools = {"p": [member("a")], "q": [member("b")]}
    rules = {"loadBalancingRules": [rule(FRONTEND, "p")], "inboundNatRules": [rule(FRONTEND, "q")]}

    assert behind(a_balancer(pools, **rules)) == ["a"]


OWNED = {
    "an application gateway": "Microsoft.Network/applicationGateways/gw/frontendIPConfigurations/c",
    "a firewall": "Microsoft.Network/azureFirewalls/fw/azureFirewallIpConfigurations/c",
    "a bastion host": "Microsoft.Network/bastionHosts/b/bastionHostIpConfigurations/c",
    "a VPN or ExpressRoute gateway": (
        "Microsoft.Network/virtualNetworkGateways/v/ipConfigurations/default"
    ),
    "a VPN gateway": "Microsoft.Network/vpnGateways/v/ipConfigurations/Instance0",
    "a point-to-site VPN gateway": "Microsoft.Network/p2sVpnGateways/p/ipConfigurations/c",
    "an ExpressRoute gateway": "Microsoft.Network/expressRouteGateways/e/ipConfigurations/c",
    "a virtual hub": "Microsoft.Network/virtualHubs/h/ipConfigurations/c",
    "a NAT gateway": "Microsoft.Network/natGateways/n",
    "an instance of a scale set": (
        "Microsoft.Compute/virtualMachineScaleSets/s/virtualMachines/0/networkInterfaces/n/"
        "ipConfigurations/c/publicIPAddresses/p"
    ),
    "a resource of type microsoft.other/things": "Microsoft.Other/things/t/ipConfigurations/c",
}


@pytest.mark.parametrize(("what", "path"), OWNED.items(), ids=OWNED.keys())
def test_other_owners_are_refused_by_name(what: str, path: str) -> None:
    """A drill does not guess, and says what it found in words."""
    attached = "natGateway" if "natGateways" in path else "ipConfiguration"
    answers = a_network(publicIPAddresses_ip={attached: {"id": f"{GROUP}/{path}"}})

    code, message = refused(answers)

    assert code == "TargetNotStoppable"
    assert f"belongs to {what} ({GROUP}/" in message
    assert IP in message


def test_every_owner_that_has_a_word_is_shown() -> None:
    """Each of them in the table above."""
    assert set(OWNERS.values()) < set(OWNED)


def test_an_instance_of_a_scale_set_in_a_pool_is_refused() -> None:
    """The set would put another one in its place."""
    instance = f"{SETS}/s/virtualMachines/0/networkInterfaces/n/ipConfigurations/c"
    answers = a_balancer({"p": [member("a"), {"id": instance}]})

    code, message = refused(answers)

    assert code == "TargetNotStoppable"
    assert "is an instance of a scale set" in message


def test_a_pool_of_addresses_is_refused() -> None:
    """An address is no machine that ARM knows."""
    code, message = refused(a_balancer({"p": []}))

    assert code == "TargetNotFound"
    assert f"{LB}/backendAddressPools/p" in message


def test_a_pool_beyond_all_measure_is_refused_before_it_is_read() -> None:
    """So many machines cannot be asked to stop within the time to inject."""
    members = [member(f"nic{number}") for number in range(MEMBERS_MAX + 1)]

    code, message = refused(a_balancer({"p": members}))

    assert code == "TooManyTargets"
    assert f"{MEMBERS_MAX + 1} members" in message


def test_an_address_that_is_attached_to_nothing_is_refused() -> None:
    """Nothing can be behind it."""
    code, message = refused(a_network(publicIPAddresses_ip={}))

    assert (code, message) == ("TargetNotFound", f"The public IP {IP} is attached to nothing.")


def test_a_nic_without_a_machine_leads_nowhere() -> None:
    """That there is none is preflight's to say."""
    answers = a_network(
        publicIPAddresses_ip={"ipConfiguration": member("n")}, networkInterfaces_n=nic(None)
    )

    assert behind(answers) == []


def test_a_missing_resource_is_told_by_its_id() -> None:
    """ARM does not know it."""
    assert refused({}) == ("TargetNotFound", f"ARM has no resource {IP}.")


@pytest.mark.parametrize(
    ("status", "code"), [(403, "PermissionMissing"), (400, "TargetNotAllowed")]
)
def test_what_arm_does_not_show_is_refused_in_its_words(status: int, code: str) -> None:
    """Not allowed to look, or of another subscription."""
    refusal = RefusedByAzure("Azure refused (X): no.")
    refusal.status = status

    def read(resource_id: str) -> Json | None:
        raise refusal

    (fault,) = targets.behind(read, IP).faults

    assert fault.code == code
    assert IP in fault.message
    assert "Azure refused (X): no." in fault.message


def test_no_answer_is_no_finding() -> None:
    """Nothing is known then, and whoever asked may ask again."""

    def read(resource_id: str) -> Json | None:
        raise UpstreamUnavailable("ARM did not answer.")

    with pytest.raises(UpstreamUnavailable):
        targets.behind(read, IP)


@pytest.mark.parametrize(("method", "is_lost"), [("Dynamic", True), ("Static", False)])
def test_a_machines_own_dynamic_address_is_lost_with_its_host(method: str, is_lost: bool) -> None:
    """A static one stays."""
    ip = {"ipConfiguration": member("n"), "publicIPAllocationMethod": method}
    answers = a_network(publicIPAddresses_ip=ip, networkInterfaces_n=nic("a"))

    assert targets.behind(lambda i: answers.get(i.lower()), IP).loses_address is is_lost


def test_a_load_balancers_dynamic_address_stays() -> None:
    """It belongs to the balancer, which is not stopped."""
    answers = a_balancer({"p": [member("a")]})
    answers[IP.lower()]["properties"]["publicIPAllocationMethod"] = "Dynamic"

    assert not targets.behind(lambda i: answers.get(i.lower()), IP).loses_address


def test_machines_that_share_a_name_are_told_apart_by_their_group() -> None:
    """A series is named after its machine."""
    one, other = f"{VM}/web", f"{VM}/web".replace("/g/", "/h/")

    assert [m.name for m in named((one, other))] == ["g/web", "h/web"]


def test_a_machine_named_twice_is_one_machine() -> None:
    """ARM compares ids in any case; the first spelling stays."""
    assert [m.id for m in named((f"{VM}/web", f"{VM}/WEB", f"{VM}/db"))] == [
        f"{VM}/web",
        f"{VM}/db",
    ]


def test_every_code_of_the_walk_is_shown() -> None:
    """Each of them by a test above."""
    told = set(re.findall(r'"(T[a-z]+[A-Z]\w+|P[a-z]+M\w+)"', Path(targets.__file__).read_text()))

    assert told == {
        "PermissionMissing",
        "TargetNotAllowed",
        "TargetNotFound",
        "TargetNotStoppable",
        "TooManyTargets",
    }
