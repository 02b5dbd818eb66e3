"""The emulated Azure Resource Manager over HTTP: what every route shares, and the app.

Routes translate between HTTP and the emulated cloud and do nothing more; they live in
`arm_traffic_manager`, `arm_compute`, `arm_network`, `arm_identity` and `arm_control`.
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator import arm_errors
from emulator.clock import Clock, rfc3339
from emulator.cloud import Cloud, Resource, ResourceGroup, Table
from emulator.plane import DataPlane
from emulator.power import Machines
from emulator.tokens import Tokens
from emulator.truth import Truth

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
JSON = "application/json; charset=utf-8"
_BODY_OCTETS_MAX = 4 * 1024 * 1024  # ARM's own limit
_REQUESTS_KEPT_MAX = 100_000
# What the recordings' headers count down from.
_QUOTAS = {
    "subscription-resource-requests": 10_800,
    "subscription-reads": 12_000,
    "subscription-writes": 1_200,
    "subscription-deletes": 15_000,
    "tenant-reads": 12_000,
    "tenant-writes": 1_200,
}
# Everything else is ARM's and needs a token.
_OPEN = re.compile(
    r"/emulator/.*|/msi/.*|/metadata/endpoints|/[^/]+/oauth2/v2\.0/.*|/[^/]+/v2\.0/\.well-known/.*",
    re.IGNORECASE,
)
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")

Handler = Callable[[Request], Awaitable[Response]]
R = TypeVar("R", bound=Resource)


class ArmRoute(Route):
    """A route whose path matches in any case, and whose methods are those named and no other."""

    def __init__(self, method: str, path: str, endpoint: Handler) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.methods = {method}
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)


class Quotas:
    """The rate-limit headers' counters: they count down and do not throttle by themselves."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str], int] = {}

    def spend(self, name: str, kind: str = "") -> dict[str, str]:
        """Return the header after one more request; an emptied bucket is full again.

        `kind` tells buckets of one name apart: Traffic Manager counts reads, writes and deletes of
        profiles each for itself (recorded).
        """
        left = (self._left.get((name, kind), 0) or _QUOTAS[name]) - 1
        self._left[name, kind] = left
        return {f"x-ms-ratelimit-remaining-{name}": str(left)}


@dataclass(slots=True)
class Requests:
    """Every request to ARM, in order of arrival."""

    entries: list[dict[str, object]] = field(default_factory=list)

    def add(self, entry: dict[str, object]) -> None:
        """Note a request."""
        self.entries.append(entry)
        if len(self.entries) > _REQUESTS_KEPT_MAX:
            del self.entries[0]


@dataclass(slots=True, kw_only=True)
class Arm:
    """What the routes work on."""

    cloud: Cloud
    clock: Clock
    truth: Truth
    plane: DataPlane
    machines: Machines
    retry_after_seconds: int | None = None
    permissions: list[dict[str, list[str]]] = field(default_factory=list)
    quotas: Quotas = field(default_factory=Quotas)
    tokens: Tokens = field(default_factory=Tokens)
    requests: Requests = field(default_factory=Requests)

    def find_subscription(self, request: Request) -> str:
        """Return the subscription's id in canonical case, or raise 404."""
        wanted: str = request.path_params["subscription"]
        if wanted.lower() != self.cloud.subscription_id.lower():
            raise arm_errors.subscription_not_found(wanted)
        return self.cloud.subscription_id

    def find_group(self, request: Request) -> ResourceGroup:
        """Return the resource group that the path names, or raise 404."""
        self.find_subscription(request)
        wanted: str = request.path_params["group"]
        group = self.cloud.groups.get(wanted.lower())
        if group is None:
            raise arm_errors.group_not_found(wanted)
        return group

    def find_resource(self, request: Request, table: Table[R], kind: str) -> R:
        """Return the resource that the path names, or raise 404."""
        group, name = self.find_group(request), request.path_params["name"]
        resource = table.find(group.name, name)
        if resource is None:
            raise arm_errors.resource_not_found(kind, name, group.name)
        return resource


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer as ARM writes it."""
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(content, status, headers, media_type=JSON)


def empty(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return an answer without a body."""
    return Response(None, status, headers)


async def read_json(request: Request) -> dict[str, object]:
    """Return the request's body, or raise 400 when it is no JSON object."""
    raw = await request.body()
    if len(raw) > _BODY_OCTETS_MAX:
        raise arm_errors.ArmError(
            413, "RequestContentTooLarge", "The request content is too large."
        )
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise arm_errors.invalid_json(str(error)) from error
    if not isinstance(body, dict):
        raise arm_errors.invalid_json("a JSON object is required")
    return body


class Front:
    """Stands before the routes: request ids, the token and api-version checks, the request log."""

    def __init__(self, inner: ASGIApp, arm: Arm) -> None:
        self._inner, self._arm = inner, arm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not self._is_arm(scope["path"]):
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        client_request_id = headers.get("x-ms-client-request-id")
        entry: dict[str, object] = {
            "at": rfc3339(self._arm.clock.now()),
            "method": scope["method"],
            "path": scope["path"],
            "status": None,
            "clientRequestId": client_request_id,
        }
        self._arm.requests.add(entry)

        async def send_with_ids(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                _add_ids(MutableHeaders(scope=message), client_request_id)
            await send(message)

        refusal = self._refusal(Request(scope))
        target = self._inner if refusal is None else refusal.response()
        await target(scope, receive, send_with_ids)

    @staticmethod
    def _is_arm(path: str) -> bool:
        """Whether the path is ARM's; tokens and the emulator's own routes need no token."""
        return _OPEN.fullmatch(path) is None

    def _refusal(self, request: Request) -> arm_errors.ArmError | None:
        """Return why a request gets no further, None when it may pass."""
        refusal = self._arm.tokens.refusal(request.headers.get("authorization"))
        if refusal is not None:
            return refusal
        version = request.query_params.get("api-version")
        if not version:
            return arm_errors.missing_api_version()
        if not _API_VERSION.fullmatch(version):
            return arm_errors.invalid_api_version(version)
        return None


def _add_ids(headers: MutableHeaders, client_request_id: str | None) -> None:
    request_id = headers.setdefault("x-ms-request-id", str(uuid.uuid4()))
    headers.setdefault("x-ms-correlation-request-id", request_id)
    headers.setdefault("cache-control", "no-cache")
    if client_request_id is not None:
        headers["x-ms-client-request-id"] = client_request_id


def app(arm: Arm, routes: list[Route]) -> ASGIApp:
    """Return the ASGI app over one emulated cloud."""
    starlette = Starlette(
        routes=routes,
        exception_handlers={
            arm_errors.ArmError: arm_errors.answer_arm_error,
            HTTPException: arm_errors.answer_not_emulated,
            Exception: arm_errors.answer_defect,
        },
    )
    starlette.router.redirect_slashes = False
    return Front(starlette, arm)
