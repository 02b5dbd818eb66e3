"""A small JSON client for the stack's own addresses: no proxy, one attempt, statuses are values."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devtools.processes import Failed

REQUEST_LIMIT_SECONDS = 20.0  # a PUT of a profile makes a handful of ARM calls
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  JSON is what it is
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def ok(self) -> bool:
        """The request did what it asked for."""
        return 200 <= self.status < 300  # noqa: PLR2004  HTTP's own classes

    def describe(self) -> str:
        """Status and the start of the body, for an error's sentence."""
        return f"{self.status} {self.body[:600].decode(errors='replace')}".strip()


@dataclass(frozen=True)
class Client:
    """Talks to one server."""

    base: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request; raise `Failed` when nobody answers."""
        content = None if body is None else json.dumps(body).encode()
        headers = dict(self.headers) | ({} if content is None else {"Content-Type": _JSON})
        url = self.base + path
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310  ours
        try:
            with _opener.open(request, timeout=REQUEST_LIMIT_SECONDS) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except OSError as error:
            raise Failed(f"{method} {url}: {error}") from None

    def get(self, path: str) -> Answer:
        """GET."""
        return self.request("GET", path)

    def put(self, path: str, body: object) -> Answer:
        """PUT a JSON body."""
        return self.request("PUT", path, body)


_JSON = "application/json"
