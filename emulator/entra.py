"""As much of Entra ID as `az login` and client credentials need, and ARM's own directory of it.

MSAL demands https of an authority, so clients come over the https side; every secret is good.
"""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.arm import Arm, ArmRoute, answer
from emulator.tokens import TENANT_ID

_TENANTS = {TENANT_ID, "common", "organizations"}
_GRANT = "client_credentials"
_FORM_OCTETS_MAX = 64 * 1024
_NEEDED = ("grant_type", "client_id", "scope")


class EntraRoutes:
    """The two routes of an authority, and `/metadata/endpoints`, which leads az to it."""

    def __init__(self, arm: Arm) -> None:
        self._tokens = arm.tokens

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            ArmRoute("GET", "/metadata/endpoints", self.get_metadata),
            ArmRoute(
                "GET", "/{tenant}/v2.0/.well-known/openid-configuration", self.get_configuration
            ),
            ArmRoute("POST", "/{tenant}/oauth2/v2.0/token", self.post_token),
        ]

    async def get_metadata(self, request: Request) -> Response:
        """Describe this cloud; az reads it when a cloud is registered."""
        base = _base(request)
        nowhere = "https://not-emulated.invalid"
        return answer(
            {
                "name": "SwitchbackEmulator",
                "portal": nowhere,
                "authentication": {
                    "loginEndpoint": base,
                    "audiences": [
                        "https://management.core.windows.net/",
                        "https://management.azure.com/",
                    ],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "resourceManager": base,
                "graphAudience": nowhere,
                "graph": nowhere,
                "batch": nowhere,
                "gallery": nowhere,
                "media": nowhere,
                "sqlManagement": nowhere,
                "vmImageAliasDoc": nowhere,
                "activeDirectoryDataLake": nowhere,
                "suffixes": {},
            }
        )

    async def get_configuration(self, request: Request) -> Response:
        """Tell where the tenant's tokens are given."""
        tenant = request.path_params["tenant"]
        if tenant.lower() not in _TENANTS:
            return _unknown_tenant(tenant)
        base = _base(request)
        authority = f"{base}/{tenant}"
        return answer(
            {
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
                "issuer": f"{base}/{TENANT_ID}/v2.0",
                "jwks_uri": f"{authority}/discovery/v2.0/keys",
                "response_types_supported": ["token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def post_token(self, request: Request) -> Response:
        """Give a token to a service principal, whatever its secret."""
        tenant = request.path_params["tenant"]
        if tenant.lower() not in _TENANTS:
            return _unknown_tenant(tenant)
        form = parse_qs((await request.body())[:_FORM_OCTETS_MAX].decode("utf-8", "replace"))
        given = {name: values[0] for name, values in form.items()}
        for name in _NEEDED:
            if name not in given:
                return _refused(
                    "invalid_request",
                    "AADSTS900144: The request body must contain the following parameter: "
                    f"'{name}'.",
                )
        if given["grant_type"] != _GRANT:
            return _refused(
                "unsupported_grant_type",
                f"AADSTS70003: The emulator supports the grant type '{_GRANT}' only.",  # ours
            )
        if "client_secret" not in given and "client_assertion" not in given:
            return _refused(
                "invalid_client",
                "AADSTS7000218: The request body must contain the following parameter: "
                "'client_assertion' or 'client_secret'.",
                401,
            )
        token = self._tokens.issue(_audience(given["scope"]), given["client_id"])
        lifetime_seconds = token.expires_at - token.issued_at
        return answer(
            {
                "token_type": "Bearer",
                "expires_in": lifetime_seconds,
                "ext_expires_in": lifetime_seconds,
                "access_token": token.text,
            }
        )


def _audience(scope: str) -> str:
    """Return the resource of a scope: `https://management.azure.com/.default` without its end."""
    return scope.split(maxsplit=1)[0].removesuffix(".default").removesuffix("/")


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _unknown_tenant(tenant: str) -> Response:
    return _refused("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")


def _refused(error: str, description: str, status: int = 400) -> Response:
    return answer({"error": error, "error_description": description}, status)
