"""ARM's routes for public IP addresses, network interfaces, load balancers and resource groups."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors
from emulator.arm import GROUP, Arm, ArmRoute, R, answer, empty
from emulator.cloud import LoadBalancer, NetworkInterface, PublicIp, Resource, Table
from emulator.ids import etag, group_json, guid, machine_id, resource_id

Json = dict[str, object]
_PROVIDER = "/providers/Microsoft.Network/"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_IP, _NIC, _LB = "publicIPAddresses", "networkInterfaces", "loadBalancers"


class NetworkRoutes:
    """The parts of the network resource provider that lead from an address to its machines."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def routes(self) -> list[Route]:
        """Return all routes."""
        cloud = self._arm.cloud
        return [
            *self._routes_of(_IP, cloud.public_ips, self._public_ip),
            *self._routes_of(_NIC, cloud.interfaces, self._interface),
            *self._routes_of(_LB, cloud.balancers, self._balancer),
            ArmRoute("GET", _SUBSCRIPTION + "/resourceGroups", self.list_groups),
            ArmRoute("GET", GROUP, self.get_group),
            ArmRoute("HEAD", GROUP, self.head_group),
        ]

    async def list_groups(self, request: Request) -> Response:
        """List the resource groups."""
        subscription = self._arm.find_subscription(request)
        shown = [group_json(subscription, group) for group in self._arm.cloud.groups.values()]
        return answer({"value": shown}, 200, self._arm.quotas.spend("subscription-reads"))

    async def get_group(self, request: Request) -> Response:
        """Show a resource group."""
        group = self._arm.find_group(request)
        shown = group_json(self._arm.cloud.subscription_id, group)
        return answer(shown, 200, self._arm.quotas.spend("subscription-reads"))

    async def head_group(self, request: Request) -> Response:
        """Say whether a resource group exists: 204 or 404, without a body."""
        self._arm.find_subscription(request)
        exists = request.path_params["group"].lower() in self._arm.cloud.groups
        return empty(204 if exists else 404, self._arm.quotas.spend("subscription-reads"))

    def _routes_of(self, kind: str, table: Table[R], show: Callable[[R], Json]) -> list[Route]:
        """Return the routes that show and list one type of resource."""

        async def get(request: Request) -> Response:
            _refuse_expand(request)
            resource = self._arm.find_resource(request, table, f"Microsoft.Network/{kind}")
            headers = self._arm.quotas.spend("subscription-reads")
            headers["etag"] = etag(self._id(kind, resource))
            return answer(show(resource), 200, headers)

        async def list_by_group(request: Request) -> Response:
            resources = table.in_group(self._arm.find_group(request).name)
            headers = self._arm.quotas.spend("subscription-reads")
            return answer({"value": [show(one) for one in resources]}, 200, headers)

        async def list_by_subscription(request: Request) -> Response:
            self._arm.find_subscription(request)
            headers = self._arm.quotas.spend("subscription-reads")
            return answer({"value": [show(one) for one in table]}, 200, headers)

        return [
            ArmRoute("GET", _SUBSCRIPTION + _PROVIDER + kind, list_by_subscription),
            ArmRoute("GET", GROUP + _PROVIDER + kind, list_by_group),
            ArmRoute("GET", GROUP + _PROVIDER + kind + "/{name}", get),
        ]

    def _public_ip(self, ip: PublicIp) -> Json:
        properties: Json = {
            "provisioningState": "Succeeded",
            "resourceGuid": guid(self._id(_IP, ip)),
            "ipAddress": ip.address,
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
        }
        if ip.label is not None:
            properties["dnsSettings"] = {"domainNameLabel": ip.label, "fqdn": ip.fqdn}
        properties["ipTags"] = []
        interface = self._arm.cloud.interface_of(ip)
        balancer = self._arm.cloud.balancer_of(ip)
        if interface is not None:
            properties["ipConfiguration"] = {"id": self._ip_configuration_id(interface)}
        elif balancer is not None:
            properties["ipConfiguration"] = {"id": self._frontend_id(balancer)}
        return self._shown(_IP, ip, properties) | {"sku": {"name": "Standard", "tier": "Regional"}}

    def _interface(self, interface: NetworkInterface) -> Json:
        configuration: Json = {
            "provisioningState": "Succeeded",
            "privateIPAddress": interface.private_address,
            "privateIPAllocationMethod": "Dynamic",
        }
        if interface.public_ip is not None:
            ip = self._arm.cloud.public_ips.by_key(interface.public_ip)
            configuration["publicIPAddress"] = {"id": self._id(_IP, ip)}
        pools = [b for b in self._arm.cloud.balancers if interface.key in b.interfaces]
        if pools:
            ids = [{"id": self._part_id(b, "backendAddressPools", b.pool)} for b in pools]
            configuration["loadBalancerBackendAddressPools"] = ids
        configuration |= {"primary": True, "privateIPAddressVersion": "IPv4"}
        tag = etag(self._id(_NIC, interface))
        properties: Json = {
            "provisioningState": "Succeeded",
            "resourceGuid": guid(self._id(_NIC, interface)),
            "ipConfigurations": [
                {
                    "name": "primary",
                    "id": self._ip_configuration_id(interface),
                    "etag": tag,
                    "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                    "properties": configuration,
                }
            ],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
        }
        machine = self._arm.cloud.machine_of(interface.key)
        if machine is not None:
            properties["primary"] = True
            machine_ref = machine_id(self._arm.cloud.subscription_id, machine)
            properties["virtualMachine"] = {"id": machine_ref}
        return self._shown(_NIC, interface, properties)

    def _balancer(self, balancer: LoadBalancer) -> Json:
        ip = self._arm.cloud.public_ips.by_key(balancer.public_ip)
        members = map(self._arm.cloud.interfaces.by_key, balancer.interfaces)
        frontend = {"id": self._frontend_id(balancer)}
        pool = {"id": self._part_id(balancer, "backendAddressPools", balancer.pool)}
        rules = [
            {"id": self._part_id(balancer, "loadBalancingRules", r.name)} for r in balancer.rules
        ]
        frontend_properties: Json = {
            "provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": self._id(_IP, ip)},
            "loadBalancingRules": rules,
            "privateIPAddressVersion": "IPv4",
        }
        pool_properties: Json = {
            "provisioningState": "Succeeded",
            "backendIPConfigurations": [{"id": self._ip_configuration_id(m)} for m in members],
            "loadBalancingRules": rules,
        }
        properties: Json = {
            "provisioningState": "Succeeded",
            "resourceGuid": guid(self._id(_LB, balancer)),
            "frontendIPConfigurations": [
                self._part(balancer, "frontendIPConfigurations", balancer.frontend)
                | {"properties": frontend_properties}
            ],
            "backendAddressPools": [
                self._part(balancer, "backendAddressPools", balancer.pool)
                | {"properties": pool_properties}
            ],
            "loadBalancingRules": [
                self._part(balancer, "loadBalancingRules", rule.name)
                | {
                    "properties": {
                        "provisioningState": "Succeeded",
                        "frontendIPConfiguration": frontend,
                        "frontendPort": rule.frontend_port,
                        "backendPort": rule.backend_port,
                        "enableFloatingIP": False,
                        "idleTimeoutInMinutes": 4,
                        "protocol": "Tcp",
                        "enableTcpReset": False,
                        "loadDistribution": "Default",
                        "backendAddressPool": pool,
                    }
                }
                for rule in balancer.rules
            ],
            "probes": [],
            "inboundNatRules": [],
            "inboundNatPools": [],
        }
        return self._shown(_LB, balancer, properties) | {
            "sku": {"name": "Standard", "tier": "Regional"}
        }

    def _shown(self, kind: str, resource: Resource, properties: Json) -> Json:
        return {
            "name": resource.name,
            "id": self._id(kind, resource),
            "etag": etag(self._id(kind, resource)),
            "type": f"Microsoft.Network/{kind}",
            "location": resource.location,
            "tags": resource.tags,
            "properties": properties,
        }

    def _part(self, balancer: LoadBalancer, kind: str, name: str) -> Json:
        return {
            "name": name,
            "id": self._part_id(balancer, kind, name),
            "etag": etag(self._id(_LB, balancer)),
            "type": f"Microsoft.Network/{_LB}/{kind}",
        }

    def _id(self, kind: str, resource: Resource) -> str:
        subscription = self._arm.cloud.subscription_id
        return resource_id(subscription, f"Microsoft.Network/{kind}", resource)

    def _ip_configuration_id(self, interface: NetworkInterface) -> str:
        return f"{self._id(_NIC, interface)}/ipConfigurations/primary"

    def _part_id(self, balancer: LoadBalancer, kind: str, name: str) -> str:
        return f"{self._id(_LB, balancer)}/{kind}/{name}"

    def _frontend_id(self, balancer: LoadBalancer) -> str:
        return self._part_id(balancer, "frontendIPConfigurations", balancer.frontend)


def _refuse_expand(request: Request) -> None:
    if "$expand" in request.query_params:
        raise arm_errors.not_emulated("$expand of a network resource")
