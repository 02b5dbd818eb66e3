"""The token route of App Service's managed identities."""

import base64
import json
import time
import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.arm import ArmRoute, answer

IDENTITY_HEADER = "emulated"
TOKEN_PATH = "/msi/token"  # noqa: S105 - a path
_API_VERSION = "2019-08-01"
_LIFETIME_SECONDS = 86_400  # wall, as every figure in a token
_TENANT_ID = "00000000-0000-0000-0000-0000000000bb"
_PRINCIPAL_ID = "00000000-0000-0000-0000-0000000000cc"


def routes() -> list[Route]:
    """Return the token route."""
    return [ArmRoute("GET", TOKEN_PATH, get_token)]


async def get_token(request: Request) -> Response:
    """Give a token for a resource to whoever knows the identity header."""
    if request.headers.get("x-identity-header") != IDENTITY_HEADER:
        return _refused(401, "The X-IDENTITY-HEADER is missing or wrong.")
    version, resource = (request.query_params.get(key) for key in ("api-version", "resource"))
    if version != _API_VERSION:
        return _refused(400, f"The api-version must be {_API_VERSION}.")
    if not resource:
        return _refused(400, "The resource is required.")
    now = int(time.time())
    claims = {
        "aud": resource,
        "exp": now + _LIFETIME_SECONDS,
        "nbf": now,
        "oid": _PRINCIPAL_ID,
        "tid": _TENANT_ID,
        "jti": str(uuid.uuid4()),
    }
    return answer(
        {
            "access_token": _unsigned(claims),
            "client_id": request.query_params.get("client_id", _PRINCIPAL_ID),
            "expires_on": str(now + _LIFETIME_SECONDS),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def _unsigned(claims: dict[str, object]) -> str:
    """Return a JWT that says openly that nobody signed it."""
    parts = ({"typ": "JWT", "alg": "none"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return ".".join(part.rstrip(b"=").decode() for part in encoded) + "."


def _refused(status: int, message: str) -> Response:
    return answer({"statusCode": status, "message": message}, status)
