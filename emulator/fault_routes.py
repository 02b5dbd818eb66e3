"""The control route of faults: put, shown, ended. No token needed."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors
from emulator.arm import ArmRoute, answer, empty, read_json
from emulator.fault_parts import FaultsPart
from emulator.faults import Faults

_PATH = "/emulator/faults"


class FaultRoutes:
    """What a test or a demo tells the emulator to do wrong."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            ArmRoute("GET", _PATH, self.show),
            ArmRoute("PUT", _PATH, self.put),
            ArmRoute("DELETE", _PATH, self.clear),
        ]

    async def show(self, _request: Request) -> Response:
        """Tell which faults there are and what has come of them."""
        return answer({"faults": self._faults.to_json()})

    async def put(self, request: Request) -> Response:
        """Replace all faults, or refuse with all that is wrong with them."""
        body = await read_json(request)
        try:
            wanted = FaultsPart.model_validate(body)
        except ValidationError as error:
            wrong = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise arm_errors.bad_request("; ".join(wrong)) from error
        self._faults.put(wanted)
        return await self.show(request)

    async def clear(self, _request: Request) -> Response:
        """End all faults."""
        self._faults.clear()
        return empty(204)
