"""How requests reach ARM: bounded retries, plain http to this machine only, none sent too late."""

import logging
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport

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


class PunctualTransport(RequestsTransport):  # type: ignore[misc] # exported lazily, so Any
    """Refuses to send a request past its `not_after`: the last step before the wire.

    Waiting for a token, or a frozen process, may delay a request by minutes; a fault that arrives
    after its drill has given up would be nobody's to undo.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def send(self, request: Any, *, not_after: Instant | None = None, **options: Any) -> Any:  # noqa: ANN401 - the SDK's types
        """Send the request, or raise LateRequest."""
        if not_after is not None and self._clock.now() > not_after:
            raise LateRequest(f"The request was not to be sent after {rfc3339(not_after)}.")
        return super().send(request, **options)


def client_options(settings: Settings, clock: Clock) -> dict[str, Any]:
    """Return the keyword arguments that every ARM client is made with."""
    # The SDK logs each request at INFO; its own level is the one place to quieten that.
    logging.getLogger("azure").setLevel(logging.WARNING)
    return {
        "base_url": settings.arm_endpoint,
        "credential_scopes": [ARM_SCOPE],
        "transport": PunctualTransport(clock),
        "per_call_policies": [AllowHttp()] if settings.is_emulated else [],
        "retry_total": 2,
        # A Retry-After would be slept through, minutes of it: whoever asked is told instead.
        "retry_status": 0,
        "retry_backoff_factor": 0.2,
        "connection_timeout": 5,
        "read_timeout": 15,
    }
