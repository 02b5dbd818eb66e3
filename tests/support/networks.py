"""Networks as ARM shows them: a public IP, what holds it, and the machines behind it."""

from typing import Any

Json = dict[str, Any]

GROUP = "/subscriptions/0000/resourceGroups/g/providers"
NETWORK = f"{GROUP}/Microsoft.Network"
IP, LB = f"{NETWORK}/publicIPAddresses/ip", f"{NETWORK}/loadBalancers/lb"
FRONTEND, OTHER_FRONTEND = (f"{LB}/frontendIPConfigurations/{name}" for name in ("f", "other"))
VM = f"{GROUP}/Microsoft.Compute/virtualMachines"


def a_network(**resources: Json) -> dict[str, Json]:
    """Return ARM's answers: resources by `kind_name`, their properties given."""
    made = {}
    for key, properties in resources.items():
        kind, _, name = key.partition("_")
        made[f"{NETWORK}/{kind}/{name}".lower()] = {"properties": properties}
    return made


def nic(vm: str | None) -> Json:
    """Return a NIC's properties."""
    return {"virtualMachine": {"id": f"{VM}/{vm}"}} if vm else {}


def member(name: str) -> Json:
    """Return how a pool names a NIC's configuration."""
    return {"id": f"{NETWORK}/networkInterfaces/{name}/ipConfigurations/c"}


def rule(frontend: str, *pools: str) -> Json:
    """Return a rule from a frontend to pools."""
    back = [{"id": f"{LB}/backendAddressPools/{pool}"} for pool in pools]
    properties: Json = {"frontendIPConfiguration": {"id": frontend}}
    if len(back) == 1:
        return {"properties": properties | {"backendAddressPool": back[0]}}
    return {"properties": properties | {"backendAddressPools": back}}


def a_balancer(pools: dict[str, list[Json]], **rules: list[Json]) -> dict[str, Json]:
    """Return a load balancer behind the public IP, with three machines a, b and c to be pooled."""
    balancer: Json = {
        "backendAddressPools": [
            {"id": f"{LB}/backendAddressPools/{n}", "properties": {"backendIPConfigurations": m}}
            for n, m in pools.items()
        ],
        **rules,
    }
    return a_network(
        publicIPAddresses_ip={"ipConfiguration": {"id": FRONTEND}},
        loadBalancers_lb=balancer,
        **{f"networkInterfaces_{name}": nic(name) for name in "abc"},
    )
