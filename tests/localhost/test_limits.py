"""Limits: how long a function may run, how many requests are taken in, and when none is."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from localhost.clock import parse_clock
from localhost.cors import CorsPolicy
from localhost.indexing import Function
from localhost.invocation import FunctionTimeout, Invoker
from localhost.keys import Keys
from localhost.messages import Message, Scope
from localhost.ncrontab import parse_schedule
from localhost.routes import Router
from localhost.schedule_status import MemoryStatusStore
from localhost.throttle import Throttle
from localhost.timers import TimerFunction, Timers, TimerWorld
from localhost.web import Site, Web
from tests.localhost.host_process import APPS, REQUEST_SECONDS_MAX, HostProcess, running_host
from tests.localhost.scaled_clock import ScaledClock

HOST_JSON = "AzureFunctionsJobHost__"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web`: a second for a function, three requests taken in, two of them at once."""
    settings = {
        f"{HOST_JSON}functionTimeout": "00:00:01",
        f"{HOST_JSON}extensions__http__maxOutstandingRequests": "3",
        f"{HOST_JSON}extensions__http__maxConcurrentRequests": "2",
    }
    with running_host(tmp_path_factory.mktemp("limited"), APPS / "web", settings=settings) as host:
        yield host


def test_function_that_outlasts_the_timeout_fails(limited: HostProcess) -> None:
    """500 without a body, the reason in the log, in a pool or on the loop; the host goes on."""
    started_at = time.monotonic()
    paths = [f"/api/sleep-{kind}?seconds=20" for kind in ("async", "sync")]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(limited.get, paths))
    assert 1.0 <= time.monotonic() - started_at < REQUEST_SECONDS_MAX
    assert [(reply.status, reply.body) for reply in replies] == [(500, b"")] * 2
    for kind in ("async", "sync"):
        assert f"sleep_{kind} ran longer than functionTimeout, 1 s." in limited.log
    assert limited.get("/api/plain").status == 200


async def test_timer_that_outlasts_the_timeout_fails_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the wall's clock, which CLOCK does not hurry."""
    tries, over = list[float](), asyncio.Event()

    async def hang_once(timer: object) -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            await asyncio.sleep(60)
        over.set()

    trigger = {"type": "timerTrigger"}
    function = Function("f", hang_once, trigger, "timer", is_async=True)
    timer = TimerFunction(function, parse_schedule("* * * * * *"), False, False, False)
    clock, invoker = parse_clock(ScaledClock(speed=100).setting), Invoker(tmp_path, {}, 0.1)
    timers = Timers([timer], TimerWorld(clock, invoker, MemoryStatusStore(), over.is_set))
    timers.start()
    await over.wait()
    assert await timers.stop(grace_seconds=10)
    assert tries[1] - tries[0] >= 0.1
    assert "f ran longer than functionTimeout, 0.1 s." in caplog.text


async def _stubborn(trigger: object) -> str:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    return "too late"


async def _own_timeout(trigger: object) -> str:
    raise TimeoutError("the function's own")


@pytest.mark.parametrize(
    ("call", "error"), [(_stubborn, FunctionTimeout), (_own_timeout, TimeoutError)]
)
async def test_only_the_hosts_timeout_counts_as_one(
    tmp_path: Path, call: Callable[[object], Awaitable[str]], error: type[Exception]
) -> None:
    """Also for a function that takes no notice; and what a function raises itself stays that."""
    invoker = Invoker(tmp_path, {}, timeout_seconds=0.01)
    function = Function("f", call, {"type": "timerTrigger"}, "trigger", is_async=True)
    with pytest.raises(error):
        await invoker.call(function, None)


def test_too_many_requests_are_429_without_a_body(limited: HostProcess) -> None:
    """Three wait or run, two run; the fourth is refused, and later ones are not."""
    started_at = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(limited.get, ["/api/sleep-async?seconds=0.3"] * 4))
    assert sorted(reply.status for reply in replies) == [200, 200, 200, 429]
    assert {reply.body for reply in replies if reply.status == 429} == {b""}
    assert time.monotonic() - started_at >= 0.6
    assert limited.get("/api/plain").status == 200


async def test_throttle_lets_in_by_order_and_forgets_failures() -> None:
    """First come, first served; a failed one gives its place back."""
    throttle, seen = Throttle(2, 1), list[str]()

    async def work(name: str) -> str:
        await asyncio.sleep(0)
        seen.append(name)
        if name == "bad":
            raise RuntimeError(name)
        return name

    tries = [throttle.run(functools.partial(work, name)) for name in ("bad", "b", "c")]
    bad, b, c = await asyncio.gather(*tries, return_exceptions=True)
    assert (str(bad), b, c, seen) == ("bad", "b", None, ["bad", "b"])
    assert await throttle.run(functools.partial(work, "d")) == "d"


async def _ask(web: Web, method: str, **headers: str) -> int:
    """The status of an answer, without a socket."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"method": method, "path": "/", "raw_path": b"/", "query_string": b""}
    scope["headers"] = raw
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await web(scope, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_503_before_the_app_is_there_and_when_the_host_stops(tmp_path: Path) -> None:
    """To all but a browser's preflight, which is answered before the host is asked."""
    origin = "http://one.test"
    web = Web(Keys(), {}, cors=CorsPolicy(frozenset({origin})))
    preflight: dict[str, Any] = {"origin": origin, "access-control-request-method": "GET"}
    assert [await _ask(web, "GET"), await _ask(web, "OPTIONS", **preflight)] == [503, 204]
    web.open(Site(Router([]), Invoker(tmp_path, {}), lambda name: False))
    assert await _ask(web, "GET") == 200
    web.close()
    assert [await _ask(web, "GET"), await _ask(web, "OPTIONS", **preflight)] == [503, 204]
