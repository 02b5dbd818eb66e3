"""The token route of App Service's managed identities."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.arm import Arm, ArmRoute, answer
from emulator.tokens import PRINCIPAL_ID

IDENTITY_HEADER = "emulated"
TOKEN_PATH = "/msi/token"  # noqa: S105 - a path
_API_VERSION = "2019-08-01"


class IdentityRoutes:
    """Gives tokens to the processes that run "in Azure"."""

    def __init__(self, arm: Arm) -> None:
        self._tokens = arm.tokens

    def routes(self) -> list[Route]:
        """Return the token route."""
        return [ArmRoute("GET", TOKEN_PATH, self.get_token)]

    async def get_token(self, request: Request) -> Response:
        """Give a token for a resource to whoever knows the identity header."""
        if request.headers.get("x-identity-header") != IDENTITY_HEADER:
            return _refused(401, "The X-IDENTITY-HEADER is missing or wrong.")
        version, resource = (request.query_params.get(key) for key in ("api-version", "resource"))
        if version != _API_VERSION:
            return _refused(400, f"The api-version must be {_API_VERSION}.")
        if not resource:
            return _refused(400, "The resource is required.")
        client_id = request.query_params.get("client_id", PRINCIPAL_ID)
        token = self._tokens.issue(resource, client_id)
        return answer(
            {
                "access_token": token.text,
                "client_id": client_id,
                "expires_on": str(token.expires_at),
                "not_before": str(token.issued_at),
                "resource": resource,
                "token_type": "Bearer",
            }
        )


def _refused(status: int, message: str) -> Response:
    return answer({"statusCode": status, "message": message}, status)
