"""Between ASGI and azure-functions: requests as the worker would hand them over, and answers."""

import urllib.parse
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from azure.functions.http import HttpRequest, HttpResponseConverter
from azure.functions.meta import Datum

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STATUS_MIN, STATUS_MAX = 200, 999
BODILESS_STATUSES = frozenset({204, 205, 304})
# Set by the server itself, from the body it sends.
_FRAMING_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire."""

    status: int
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        """Send it as ASGI messages."""
        headers = list(self.headers)
        if self.status not in BODILESS_STATUSES:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def text_answer(status: int, text: str, media_type: str = "text/plain") -> Answer:
    """An answer of the host's own."""
    content_type = f"{media_type}; charset=utf-8".encode()
    return Answer(status, text.encode(), [(b"content-type", content_type)])


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-cased names; a header sent several times has its values joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def read_query(raw: bytes) -> dict[str, str]:
    """Values of the same name joined by commas; those without any text are dropped."""
    query: dict[str, str] = {}
    if raw:
        for name, value in urllib.parse.parse_qsl(raw.decode("latin-1")):
            query[name] = f"{query[name]},{value}" if name in query else value
    return query


async def read_body(length: int, receive: Receive) -> bytes | None:
    """The body of `length` bytes, or nothing when the caller left before it was whole."""
    chunks, missing = list[bytes](), length
    while missing > 0:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        chunks.append(chunk)
        missing -= len(chunk)
        if not message.get("more_body"):
            break
    return b"".join(chunks)


def build_request(
    scope: Scope, headers: Mapping[str, str], route_values: Mapping[str, str], body: bytes
) -> HttpRequest:
    """The request as the worker hands it to a function."""
    host = headers.get("host", "")
    target = scope["raw_path"].decode("latin-1")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    return HttpRequest(
        method=scope["method"],
        url=f"{scope['scheme']}://{host}{target}",
        headers=headers,
        params=read_query(scope["query_string"]),
        route_params=route_values,
        body_type="bytes",
        body=body,
    )


def encode_answer(returned: object) -> Answer:
    """The answer that a function's return value stands for, by azure-functions' own converter.

    Raises `TypeError` or `ValueError` for a value that the worker or the host would refuse.
    """
    try:
        datum = HttpResponseConverter.encode(returned, expected_type=None)
    except NotImplementedError:
        raise TypeError(f"unable to encode {type(returned).__name__} as HTTP response") from None
    if datum.type == "string":
        return text_answer(200, datum.value)
    status = int(datum.value["status_code"].value)
    if not STATUS_MIN <= status <= STATUS_MAX:
        raise ValueError(f"{status} is no final HTTP status")
    body = b"" if status in BODILESS_STATUSES else datum.value["body"].value
    return Answer(status, body, list(_encode_headers(datum)))


def _encode_headers(datum: Datum) -> Iterable[tuple[bytes, bytes]]:
    for name, value in datum.value["headers"].items():
        if name.lower() not in _FRAMING_HEADERS:
            yield _encode_header(name, value.value)
    for cookie in datum.value["cookies"] or ():
        for morsel in cookie.values():
            yield _encode_header("set-cookie", morsel.OutputString())


def _encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    if any(ord(character) < ord(" ") and character != "\t" for character in name + value):
        raise ValueError(f"header {name!r} holds a control character")
    return name.lower().encode("ascii"), value.encode("latin-1")
