"""How requests reach ARM: bounded retries, plain http to this machine only, none sent too late."""

import logging
import threading
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from shared.adapters.clock import Clock
from shared.core.samples import Instant, rfc3339
from shared.settings import Settings

ARM_SCOPE = "https://management.azure.com/.default"


class LateRequest(AzureError):
    """A request was due to be sent after its time, and was not."""


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets tokens travel over plain http; used only where ARM is on this machine."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Switch the SDK's own check off, also for the polls of a long-running operation."""
        request.context.options.setdefault("enforce_https", False)


class _Limit(threading.local):
    """Until when the request that this thread is sending may be sent."""

    not_after: Instant | None = None


class _Punctual:
    """Mixed into a connection: looks at the clock when it is connected, before the first byte."""

    limit: _Limit
    clock: Clock

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's type
        """Send, or raise LateRequest; names, connections and handshakes are behind us here."""
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]
        _raise_if_late(self.limit.not_after, self.clock)
        super().send(data)  # type: ignore[misc]


def _raise_if_late(not_after: Instant | None, clock: Clock) -> None:
    if not_after is not None and clock.now() > not_after:
        raise LateRequest(f"The request was not to be sent after {rfc3339(not_after)}.")


def _punctual_adapter(limit: _Limit, clock: Clock) -> HTTPAdapter:
    """Return an adapter whose connections are punctual."""
    its = {"limit": limit, "clock": clock}
    plain = type("PunctualHttp", (_Punctual, HTTPConnection), its)
    secure = type("PunctualHttps", (_Punctual, HTTPSConnection), its)
    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("HttpPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter


class PunctualTransport(RequestsTransport):  # type: ignore[misc] # exported lazily, so Any
    """Refuses to send a request past its `not_after`: asked before, and with the first byte.

    Waiting for a token, a name or a connection, or a frozen process, may delay a request by
    minutes; a fault that arrives after its drill has given up would be nobody's to undo.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._limit = clock, _Limit()
        session = Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _punctual_adapter(self._limit, clock))
        super().__init__(session=session, session_owner=False)

    def send(self, request: Any, *, not_after: Instant | None = None, **options: Any) -> Any:  # noqa: ANN401 - the SDK's types
        """Send the request, or raise LateRequest."""
        _raise_if_late(not_after, self._clock)
        self._limit.not_after = not_after
        try:
            return super().send(request, **options)
        finally:
            self._limit.not_after = None


def client_options(settings: Settings, clock: Clock) -> dict[str, Any]:
    """Return the keyword arguments that every ARM client is made with."""
    # The SDK logs each request at INFO; its own level is the one place to quieten that.
    logging.getLogger("azure").setLevel(logging.WARNING)
    return {
        "base_url": settings.arm_endpoint,
        "credential_scopes": [ARM_SCOPE],
        "transport": PunctualTransport(clock),
        "per_call_policies": [AllowHttp()] if settings.is_emulated else [],
        "retry_total": 1,
        # A Retry-After would be slept through, minutes of it: whoever asked is told instead.
        "retry_status": 0,
        "retry_backoff_factor": 0.2,
        "connection_timeout": 5,
        "read_timeout": 10,
    }
