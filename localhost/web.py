"""The host's HTTP side: home page, admin routes and the app's own routes, as one ASGI callable."""

import functools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azure.functions.http import HttpRequest

from localhost.cors import CorsPolicy
from localhost.host_json import HostJson
from localhost.http_triggers import HttpFunction
from localhost.indexing import Function
from localhost.invocation import Invoker
from localhost.keys import Keys, Level
from localhost.messages import (
    Answer,
    Receive,
    Scope,
    Send,
    build_request,
    encode_answer,
    read_body,
    read_headers,
    read_query,
    text_answer,
)
from localhost.routes import Router, decode_path
from localhost.settings import is_true
from localhost.throttle import Throttle

BODY_BYTES_MAX_DEFAULT = 100 * 1024 * 1024
ADMIN_FUNCTIONS = "/admin/functions/"
NOT_RUNNING = "Function host is not running."
HOME_PAGE = "<!DOCTYPE html><title>Functions</title><h1>Your Functions app is up and running.</h1>"

log = logging.getLogger(__name__)

StartByName = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Site:
    """What is served once the app is indexed."""

    router: Router[HttpFunction]
    invoker: Invoker
    start_timer: StartByName


class Web:
    """An ASGI callable that answers 503 until it is given a site, and again from `close` on."""

    def __init__(
        self,
        keys: Keys,
        settings: Mapping[str, str],
        host_json: HostJson | None = None,
        cors: CorsPolicy | None = None,
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._body_bytes_max = _body_bytes_max(settings)
        limits = host_json or HostJson()
        self._throttle = Throttle(limits.outstanding_requests_max, limits.concurrent_requests_max)
        self._cors = cors
        self._site: Site | None = None

    def open(self, site: Site) -> None:
        """Serve `site` from now on."""
        self._site = site

    def close(self) -> None:
        """Answer 503 from now on; requests under way go on."""
        self._site = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._cors is None:
            answer = await self._answer(scope, receive)
        else:
            answer = await self._answer_across_origins(self._cors, scope, receive)
        log.debug(
            "request method=%s path=%s status=%d", scope["method"], scope["path"], answer.status
        )
        await answer.send(send)

    async def _answer_across_origins(
        self, cors: CorsPolicy, scope: Scope, receive: Receive
    ) -> Answer:
        """As ever, but around everything else: also a 404, a 401 or a 503 can be read by a page."""
        headers = read_headers(scope["headers"])
        preflight = cors.answer_preflight(scope["method"], headers)
        return preflight or cors.mark(headers, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        site = self._site
        if site is None:
            return text_answer(503, NOT_RUNNING)
        path = decode_path(scope["raw_path"])
        if path.lower().startswith(ADMIN_FUNCTIONS):
            return await self._answer_admin(site, path, scope, receive)
        work = functools.partial(self._answer_route, site, path, scope, receive)
        return await self._throttle.run(work) or Answer(429)

    async def _answer_route(self, site: Site, path: str, scope: Scope, receive: Receive) -> Answer:
        found = site.router.find(scope["method"], path)
        if found is None:
            return self._home_page() if path == "/" else Answer(404)
        target, route_values = found
        headers = read_headers(scope["headers"])
        refusal = self._refusal(target, headers, scope)
        if refusal is not None:
            return refusal
        body = await read_body(_content_length(headers), receive)
        if body is None:
            return Answer(400)
        request = build_request(scope, headers, route_values, body)
        return await _invoke(site.invoker, target.function, request)

    def _refusal(
        self, target: HttpFunction, headers: Mapping[str, str], scope: Scope
    ) -> Answer | None:
        """Why the function is not called: switched off, no right to it, or too much sent."""
        if target.level is not Level.ANONYMOUS or target.is_disabled:
            query = read_query(scope["query_string"])
            if target.is_disabled and self._keys.granted(headers, query) is not Level.ADMIN:
                return Answer(404)
            if not self._keys.allow(target.level, headers, query):
                return Answer(401)
        if _content_length(headers) > self._body_bytes_max:
            return Answer(413, headers=[(b"connection", b"close")])
        return None

    async def _answer_admin(self, site: Site, path: str, scope: Scope, receive: Receive) -> Answer:
        """`POST /admin/functions/{name}` starts that timer now, whether or not it runs already."""
        headers = read_headers(scope["headers"])
        if not self._keys.allow(Level.ADMIN, headers, read_query(scope["query_string"])):
            return Answer(401)
        if scope["method"] != "POST":
            return Answer(404)
        body = await read_body(_content_length(headers), receive)
        if not _is_json_object(body):
            return Answer(400)
        name = path[len(ADMIN_FUNCTIONS) :].removesuffix("/")
        return Answer(202 if site.start_timer(name) else 404)

    def _home_page(self) -> Answer:
        if is_true("AzureWebJobsDisableHomepage", self._settings):
            return Answer(204)
        return text_answer(200, HOME_PAGE, "text/html")


async def _invoke(invoker: Invoker, function: Function, request: HttpRequest) -> Answer:
    """The function's answer; whatever goes wrong in it is a 500 that tells the caller nothing."""
    try:
        return encode_answer(await invoker.call(function, request))
    except Exception:
        log.exception("function failed function=%s", function.name)
        return Answer(500)


def _content_length(headers: Mapping[str, str]) -> int:
    """What the caller announced; the host does not read a body of unknown length (chunked)."""
    text = headers.get("content-length", "")
    return int(text) if text.isdigit() else 0


def _body_bytes_max(settings: Mapping[str, str]) -> int:
    text = settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "")
    return int(text) if text.isdigit() else BODY_BYTES_MAX_DEFAULT


def _is_json_object(body: bytes | None) -> bool:
    try:
        return isinstance(json.loads(body or b""), dict)
    except ValueError:
        return False
