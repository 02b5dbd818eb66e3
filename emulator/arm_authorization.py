"""ARM's route that tells what whoever asks may do at a scope."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.arm import GROUP, Arm, ArmRoute, answer

_PERMISSIONS = "/providers/Microsoft.Authorization/permissions"


class AuthorizationRoutes:
    """Lists permissions; the topology says which, and nothing holds anybody to them."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def routes(self) -> list[Route]:
        """Return all routes; a resource's scope may be a child's."""
        scopes = (GROUP, GROUP + "/providers/{resource:path}")
        return [ArmRoute("GET", scope + _PERMISSIONS, self.tell) for scope in scopes]

    async def tell(self, request: Request) -> Response:
        """Tell the same for every scope in a group that there is."""
        self._arm.find_group(request)
        headers = self._arm.quotas.spend("subscription-reads")
        return answer({"value": self._arm.permissions}, 200, headers)
