"""Every route of ARM and of its identity services, in one list."""

from starlette.routing import Route

from emulator.arm import Arm
from emulator.arm_authorization import AuthorizationRoutes
from emulator.arm_compute import ComputeRoutes
from emulator.arm_groups import GroupRoutes
from emulator.arm_identity import IdentityRoutes
from emulator.arm_network import NetworkRoutes
from emulator.arm_public_ips import PublicIpRoutes
from emulator.arm_resource_graph import ResourceGraphRoutes
from emulator.arm_traffic_manager import TrafficManagerRoutes
from emulator.entra import EntraRoutes


def arm_routes(arm: Arm) -> list[Route]:
    """Return all routes."""
    return [
        *TrafficManagerRoutes(arm).routes(),
        *ComputeRoutes(arm).routes(),
        *NetworkRoutes(arm).routes(),
        *PublicIpRoutes(arm).routes(),
        *GroupRoutes(arm).routes(),
        *AuthorizationRoutes(arm).routes(),
        *ResourceGraphRoutes(arm).routes(),
        *IdentityRoutes(arm).routes(),
        *EntraRoutes(arm).routes(),
    ]
