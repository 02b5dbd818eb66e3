"""The emulator's own routes: the truth, and what ARM was asked. No token needed."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.arm import Arm, ArmRoute, answer


class ControlRoutes:
    """What a test or a demo asks the emulator itself."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            ArmRoute("GET", "/emulator/truth", self.truth),
            ArmRoute("GET", "/emulator/requests", self.requests),
        ]

    async def truth(self, _request: Request) -> Response:
        """Tell everything that happened, in order, with its instant."""
        return answer({"events": [event.to_json() for event in self._arm.truth.events]})

    async def requests(self, _request: Request) -> Response:
        """Tell every request that reached ARM, in order of arrival."""
        return answer({"requests": self._arm.requests.entries})
