"""Cross-origin requests, answered as ASP.NET's middleware does that Core Tools put before the host.

`--cors` wins over `Host.CORS` of `local.settings.json`. Without either there is no middleware:
an OPTIONS request is then one like any other, and no answer says who may read it.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localhost.messages import Answer
from localhost.settings import SettingsError, read_host_section

ANY_ORIGIN = "*"

_ORIGIN = "origin"
_ASKED_METHOD = "access-control-request-method"
_ASKED_HEADERS = "access-control-request-headers"


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Who may ask from a page of another origin, and whether with cookies; any method, header."""

    origins: frozenset[str]
    allows_credentials: bool = False

    def answer_preflight(self, method: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a browser's question before its request; nothing for another request."""
        if method != "OPTIONS" or not {_ORIGIN, _ASKED_METHOD} <= headers.keys():
            return None
        answer = Answer(204)
        if self._allows(headers[_ORIGIN]):
            answer.headers.append((b"access-control-allow-methods", _raw(headers[_ASKED_METHOD])))
            if asked_headers := headers.get(_ASKED_HEADERS):
                answer.headers.append((b"access-control-allow-headers", _raw(asked_headers)))
        return self.mark(headers, answer)

    def mark(self, headers: Mapping[str, str], answer: Answer) -> Answer:
        """The answer, whatever it is, with what lets the page that asked read it."""
        origin = headers.get(_ORIGIN)
        if origin is None or not self._allows(origin):
            return answer
        is_any = ANY_ORIGIN in self.origins
        marks = [(b"access-control-allow-origin", b"*" if is_any else _raw(origin))]
        if self.allows_credentials:
            marks.append((b"access-control-allow-credentials", b"true"))
        replaced = dict(marks).keys()
        if not is_any and len(self.origins) > 1:
            marks.append((b"vary", b"Origin"))
        kept = [(name, value) for name, value in answer.headers if name not in replaced]
        return dataclasses.replace(answer, headers=[*kept, *marks])

    def _allows(self, origin: str) -> bool:
        return ANY_ORIGIN in self.origins or origin in self.origins


def read_cors(directory: Path, origins: str | None, *, credentials: bool) -> CorsPolicy | None:
    """What the command line or else `local.settings.json` says; nothing when CORS is not on."""
    host = read_host_section(directory)
    text = str(host.get("CORS") or "") if origins is None else origins
    allows_credentials = credentials or host.get("CORSCredentials") is True
    # Parted by commas only: a space is part of an origin that no browser sends.
    allowed = frozenset(origin.lower() for origin in text.split(",") if origin)
    if not allowed:
        return None
    if allows_credentials and ANY_ORIGIN in allowed:
        raise SettingsError("CORS: credentials cannot be allowed to any origin (*).")
    return CorsPolicy(allowed, allows_credentials)


def _raw(text: str) -> bytes:
    return text.encode("latin-1")
