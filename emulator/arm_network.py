"""ARM's routes that show public IP addresses, network interfaces and load balancers."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors
from emulator.arm import GROUP, Arm, ArmRoute, R, answer
from emulator.cloud import Table
from emulator.network_writing import IP, LB, NIC, Json, NetworkWriter

_PROVIDER = "/providers/Microsoft.Network/"
_SUBSCRIPTION = "/subscriptions/{subscription}"


class NetworkRoutes:
    """The parts of the network resource provider that lead from an address to its machines."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._writer = NetworkWriter(arm.cloud)

    def routes(self) -> list[Route]:
        """Return all routes."""
        cloud, writer = self._arm.cloud, self._writer
        return [
            *self._routes_of(IP, cloud.public_ips, writer.public_ip),
            *self._routes_of(NIC, cloud.interfaces, writer.interface),
            *self._routes_of(LB, cloud.balancers, writer.balancer),
        ]

    def _routes_of(self, kind: str, table: Table[R], show: Callable[[R], Json]) -> list[Route]:
        """Return the routes that show and list one type of resource."""

        async def get(request: Request) -> Response:
            _refuse_expand(request)
            resource = self._arm.find_resource(request, table, f"Microsoft.Network/{kind}")
            headers = self._arm.quotas.spend("subscription-reads")
            headers["etag"] = self._writer.etag(kind, resource)
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


def _refuse_expand(request: Request) -> None:
    if "$expand" in request.query_params:
        raise arm_errors.not_emulated("$expand of a network resource")
