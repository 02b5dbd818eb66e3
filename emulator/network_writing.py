"""Network resources to ARM bodies, members as recorded."""

from emulator.cloud import Cloud, LoadBalancer, NetworkInterface, PublicIp, Resource
from emulator.ids import etag, guid, machine_id, resource_id

Json = dict[str, object]
IP, NIC, LB = "publicIPAddresses", "networkInterfaces", "loadBalancers"


class NetworkWriter:
    """Writes the bodies of one subscription."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def public_ip(self, ip: PublicIp) -> Json:
        """Return a public IP address's body; without an address, the member is absent."""
        properties: Json = {
            "provisioningState": "Updating" if ip.is_updating else "Succeeded",
            "resourceGuid": guid(self.id(IP, ip)),
        }
        if ip.is_allocated:
            properties["ipAddress"] = ip.address
        properties |= {
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static" if ip.is_static else "Dynamic",
            "idleTimeoutInMinutes": ip.idle_timeout_minutes,
        }
        if ip.label is not None:
            properties["dnsSettings"] = {"domainNameLabel": ip.label, "fqdn": ip.fqdn}
        properties["ipTags"] = []
        holder = self.holder_of(ip)
        if holder is not None:
            properties["ipConfiguration"] = {"id": holder}
        sku = {"name": "Basic" if ip.is_basic else "Standard", "tier": "Regional"}
        return self._shown(IP, ip, properties) | {"sku": sku}

    def holder_of(self, ip: PublicIp) -> str | None:
        """Return the id of the IP configuration that the address belongs to, if any."""
        interface = self._cloud.interface_of(ip)
        balancer = self._cloud.balancer_of(ip)
        if interface is not None:
            return self.ip_configuration_id(interface)
        return self.frontend_id(balancer) if balancer is not None else None

    def interface(self, interface: NetworkInterface) -> Json:
        """Return a network interface's body."""
        configuration: Json = {
            "provisioningState": "Succeeded",
            "privateIPAddress": interface.private_address,
            "privateIPAllocationMethod": "Dynamic",
        }
        if interface.public_ip is not None:
            ip = self._cloud.public_ips.by_key(interface.public_ip)
            configuration["publicIPAddress"] = {"id": self.id(IP, ip)}
        pools = [b for b in self._cloud.balancers if interface.key in b.interfaces]
        if pools:
            ids = [{"id": self._part_id(b, "backendAddressPools", b.pool)} for b in pools]
            configuration["loadBalancerBackendAddressPools"] = ids
        configuration |= {"primary": True, "privateIPAddressVersion": "IPv4"}
        tag = self.etag(NIC, interface)
        properties: Json = {
            "provisioningState": "Succeeded",
            "resourceGuid": guid(self.id(NIC, interface)),
            "ipConfigurations": [
                {
                    "name": "primary",
                    "id": self.ip_configuration_id(interface),
                    "etag": tag,
                    "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                    "properties": configuration,
                }
            ],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "hostedWorkloads": [],
            "tapConfigurations": [],
        }
        machine = self._cloud.machine_of(interface.key)
        if machine is not None:
            properties["primary"] = True
            machine_ref = machine_id(self._cloud.subscription_id, machine)
            properties["virtualMachine"] = {"id": machine_ref}
        return self._shown(NIC, interface, properties)

    def balancer(self, balancer: LoadBalancer) -> Json:
        """Return a load balancer's body."""
        ip = self._cloud.public_ips.by_key(balancer.public_ip)
        members = map(self._cloud.interfaces.by_key, balancer.interfaces)
        frontend = {"id": self.frontend_id(balancer)}
        pool = {"id": self._part_id(balancer, "backendAddressPools", balancer.pool)}
        rules = [
            {"id": self._part_id(balancer, "loadBalancingRules", r.name)} for r in balancer.rules
        ]
        frontend_properties: Json = {
            "provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": self.id(IP, ip)},
            "loadBalancingRules": rules,
            "privateIPAddressVersion": "IPv4",
        }
        pool_properties: Json = {
            "provisioningState": "Succeeded",
            "backendIPConfigurations": [{"id": self.ip_configuration_id(m)} for m in members],
            "loadBalancingRules": rules,
        }
        properties: Json = {
            "provisioningState": "Succeeded",
            "resourceGuid": guid(self.id(LB, balancer)),
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
                        "enableDestinationServiceEndpoint": False,
                        "enableTcpReset": False,
                        "allowBackendPortConflict": False,
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
        sku = {"name": "Basic" if ip.is_basic else "Standard", "tier": "Regional"}
        return self._shown(LB, balancer, properties) | {"sku": sku}  # both have the same sku

    def _shown(self, kind: str, resource: Resource, properties: Json) -> Json:
        return {
            "name": resource.name,
            "id": self.id(kind, resource),
            "etag": self.etag(kind, resource),
            "type": f"Microsoft.Network/{kind}",
            "location": resource.location,
            "tags": resource.tags,
            "properties": properties,
        }

    def _part(self, balancer: LoadBalancer, kind: str, name: str) -> Json:
        return {
            "name": name,
            "id": self._part_id(balancer, kind, name),
            "etag": self.etag(LB, balancer),
            "type": f"Microsoft.Network/{LB}/{kind}",
        }

    def etag(self, kind: str, resource: Resource) -> str:
        """Return the resource's ETag: another one after every write."""
        revision = resource.revision if isinstance(resource, PublicIp) else 0
        return etag(self.id(kind, resource), revision)

    def id(self, kind: str, resource: Resource) -> str:
        """Return a network resource's id."""
        subscription = self._cloud.subscription_id
        return resource_id(subscription, f"Microsoft.Network/{kind}", resource)

    def ip_configuration_id(self, interface: NetworkInterface) -> str:
        """Return the id of an interface's only IP configuration."""
        return f"{self.id(NIC, interface)}/ipConfigurations/primary"

    def _part_id(self, balancer: LoadBalancer, kind: str, name: str) -> str:
        return f"{self.id(LB, balancer)}/{kind}/{name}"

    def frontend_id(self, balancer: LoadBalancer) -> str:
        """Return the id of a load balancer's only frontend."""
        return self._part_id(balancer, "frontendIPConfigurations", balancer.frontend)
