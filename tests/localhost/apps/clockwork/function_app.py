"""Timers that note each of their runs in the file that the setting RECORD names."""

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

_own_pool = ThreadPoolExecutor(thread_name_prefix="own-pool")
_long_runs: list[float] = []


def _retry(context: func.Context) -> int:
    return context.retry_context.retry_count


def _note(
    name: str, timer: func.TimerRequest, started_at: float, context: func.Context | None = None
) -> None:
    line = {
        "name": name,
        "started_at": started_at,
        "ended_at": time.monotonic(),
        "past_due": timer.past_due,
        "status": getattr(timer, "schedule_status"),  # noqa: B009 - the abstract class lacks it
        "retry": _retry(context) if context else 0,
        "retries_max": context.retry_context.max_retry_count if context else 0,
    }
    with open(os.environ["RECORD"], "a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")


@app.timer_trigger(schedule="%QUICK_SCHEDULE%", arg_name="timer")
async def quick(timer: func.TimerRequest) -> None:
    """Run on the event loop."""
    _note("quick", timer, time.monotonic())


@app.timer_trigger(schedule="%SYNC_SCHEDULE%", arg_name="timer")
def in_pool(timer: func.TimerRequest) -> None:
    """Run in the thread pool."""
    _note("in_pool", timer, time.monotonic())


@app.timer_trigger(schedule="%LONG_SCHEDULE%", arg_name="timer")
async def long(timer: func.TimerRequest) -> None:
    """Outlast the interval, the first time."""
    started_at = time.monotonic()
    if not _long_runs:
        _long_runs.append(started_at)
        await asyncio.sleep(float(os.environ["LONG_SECONDS"]))
    _note("long", timer, started_at)


@app.timer_trigger(schedule="%FAILING_SCHEDULE%", arg_name="timer")
def failing(timer: func.TimerRequest) -> None:
    """Fail each time."""
    _note("failing", timer, time.monotonic())
    raise RuntimeError("a timer's own trouble")


@app.timer_trigger(schedule="%RETURNING_SCHEDULE%", arg_name="timer")
def returning(timer: func.TimerRequest):  # type: ignore[no-untyped-def]
    """Return what no timer may."""
    _note("returning", timer, time.monotonic())
    return "something"


@app.timer_trigger(schedule="%MONITORED_SCHEDULE%", arg_name="timer")
def monitored(timer: func.TimerRequest) -> None:
    """Run at most once a minute, and so be monitored."""
    _note("monitored", timer, time.monotonic())


@app.timer_trigger(schedule="%STARTUP_SCHEDULE%", arg_name="timer", run_on_startup=True)
def at_start(timer: func.TimerRequest) -> None:
    """Run once when the host starts."""
    _note("at_start", timer, time.monotonic())


@app.timer_trigger(schedule="%UNMONITORED_SCHEDULE%", arg_name="timer", use_monitor=False)
def unmonitored(timer: func.TimerRequest) -> None:
    """Run at most once a minute, and still not be monitored."""
    _note("unmonitored", timer, time.monotonic())


@app.timer_trigger(schedule="%RETRIED_SCHEDULE%", arg_name="timer")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:02")
def retried(timer: func.TimerRequest, context: func.Context) -> None:
    """Fail as often as FAILURES says, and then run."""
    _note("retried", timer, time.monotonic(), context)
    if _retry(context) < int(os.environ["FAILURES"]):
        raise RuntimeError("not yet")


@app.timer_trigger(schedule="%BACKED_OFF_SCHEDULE%", arg_name="timer")
@app.retry(
    strategy="exponential_backoff",
    max_retry_count="-1",
    minimum_interval="00:00:01",
    maximum_interval="00:00:03",
)
async def backed_off(timer: func.TimerRequest, context: func.Context) -> None:
    """Fail as often as FAILURES says, and then run."""
    _note("backed_off", timer, time.monotonic(), context)
    if _retry(context) < int(os.environ["FAILURES"]):
        raise RuntimeError("not yet")


@app.route(route="own-pool")
def own_pool(req: func.HttpRequest) -> str:
    """Leave an idle thread of the app's own behind."""
    return _own_pool.submit(str, "done").result()


@app.route(route="slow")
async def slow(req: func.HttpRequest) -> str:
    """Keep the host from ending."""
    await asyncio.sleep(float(req.params["seconds"]))
    return "done"


@app.route(route="endless")
def endless(req: func.HttpRequest) -> str:
    """Never return to the pool."""
    while True:
        time.sleep(1)


@app.route(route="endless-default-pool")
async def endless_default_pool(req: func.HttpRequest) -> str:
    """Never return from a thread of the event loop's own."""
    await asyncio.to_thread(endless, req)
    return "never"


@app.route(route="endless-async")
async def endless_async(req: func.HttpRequest) -> str:
    """Block the event loop, as no function should."""
    while True:
        time.sleep(1)
