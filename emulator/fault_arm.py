"""ARM faults: an ASGI layer around the whole ARM app that strikes requests as faults say."""

import asyncio
from collections import deque
from datetime import datetime, timedelta

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.arm import Requests
from emulator.clock import Clock, rfc3339
from emulator.fault_parts import ArmFault
from emulator.faults import Faults
from emulator.listener import abort

_ARM = ("/subscriptions", "/providers", "/tenants", "/batch")  # not tokens, nor our own routes
_REMEMBERED_PER_PATH = 200  # readings; at one a second more than any age that is of use
_PATHS_MAX = 500
Reading = list[Message]

_THROTTLED = {
    # Compute's words (Microsoft's page on throttling); the operation group is an example's.
    "code": "OperationNotAllowed",
    "message": (
        "The server rejected the request because too many requests have been received for this "
        "subscription."
    ),
    "details": [
        {
            "code": "TooManyRequests",
            "target": "HighCostGet30Min",
            "message": '{"operationGroup":"HighCostGet30Min"}',
        }
    ],
}
_SENTENCES = {
    500: ("InternalServerError", "The server encountered an internal error. Please retry."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry."),
}


class ArmFaults:
    """Stands before ARM, outside of everything that ARM itself does."""

    def __init__(self, inner: ASGIApp, faults: Faults, clock: Clock, requests: Requests) -> None:
        self._inner, self._faults, self._clock, self._requests = inner, faults, clock, requests
        self._readings: dict[str, deque[tuple[datetime, Reading]]] = {}
        faults.on_change.append(self._forget_readings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or strike it."""
        if scope["type"] != "http" or not scope["path"].lower().startswith(_ARM):
            await self._inner(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        fault = self._faults.strike(ArmFault, lambda one: one.matches(method, path))
        if fault is None:
            await self._inner(scope, receive, send)
            return
        await asyncio.sleep(self._clock.to_wall_seconds(fault.delay_seconds))
        if fault.effect == "latency":
            await self._inner(scope, receive, send)
        elif fault.effect == "stale":
            await self._answer_stale(scope, receive, send, fault.age_seconds)
        elif fault.effect == "answerLost":
            await self._inner(scope, receive, _into_nothing)
            await _reset(send)
        elif fault.effect == "reset":
            self._note(scope, None)
            await _reset(send)
        else:
            refusal = _refusal(fault)
            self._note(scope, refusal.status_code)
            await refusal(scope, receive, send)

    def _note(self, scope: Scope, status: int | None) -> None:
        """Log a request that gets no further; None: it was never answered."""
        self._requests.add(
            {
                "at": rfc3339(self._clock.now()),
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "clientRequestId": Headers(scope=scope).get("x-ms-client-request-id"),
            }
        )

    async def _answer_stale(
        self, scope: Scope, receive: Receive, send: Send, age_seconds: float
    ) -> None:
        """Answer what was read so long ago: the newest such reading, or else the oldest."""
        fresh: Reading = []

        async def keep(message: Message) -> None:
            fresh.append(message)

        await self._inner(scope, receive, keep)
        now = self._clock.now()
        key = f"{scope['path']}?{scope['query_string'].decode('latin-1')}".lower()
        if key not in self._readings and len(self._readings) >= _PATHS_MAX:
            self._readings.clear()
        readings = self._readings.setdefault(key, deque(maxlen=_REMEMBERED_PER_PATH))
        readings.append((now, fresh))
        too_young = now - timedelta(seconds=age_seconds)
        old = [reading for at, reading in readings if at <= too_young]
        for message in old[-1] if old else readings[0][1]:
            await send(message)

    def _forget_readings(self) -> None:
        if not any(fault.effect == "stale" for fault in self._faults.in_force(ArmFault)):
            self._readings.clear()


def _refusal(fault: ArmFault) -> Response:
    """Return 429 in compute's words, or a server's error in ARM's envelope."""
    if fault.effect == "throttled":
        headers = {"retry-after": str(fault.retry_after_seconds)}
        return JSONResponse({"error": _THROTTLED}, 429, headers)
    code, message = _SENTENCES.get(fault.status, ("EmulatedFault", "A fault was asked for."))
    return JSONResponse({"error": {"code": code, "message": message}}, fault.status)


async def _into_nothing(_message: Message) -> None:
    """Lose a part of an answer."""


async def _reset(send: Send) -> None:
    """Reset the client's connection; under a test client without one, fail as it would."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("The connection was reset, as a fault demands.")
    abort(transport)
    # The server learns of the lost connection from its event loop, and then answers no more.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
