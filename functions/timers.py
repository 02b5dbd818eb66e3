"""The timers. Their schedules are settings, so an environment chooses its own pace."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import azure.functions as func


class Runs(NamedTuple):
    """What each timer does, and how it says that it runs."""

    take: Callable[[], Awaitable[None]]
    advance: Callable[[], None]
    restore: Callable[[], int]
    beat: Callable[[str], None]
    start_due: Callable[[], None]
    take_baseline: Callable[[], Awaitable[None]]
    remove_expired: Callable[[], int]


def blueprint(runs: Runs) -> func.Blueprint:
    """Build the timers. Measuring never waits for acting, and nothing can stop the watchdog."""
    bp = func.Blueprint()
    beating: set[asyncio.Future[None]] = set()

    @bp.function_name("take_samples")
    @bp.timer_trigger(arg_name="timer", schedule="%SAMPLES_SCHEDULE%", use_monitor=False)
    async def take_samples(timer: func.TimerRequest) -> None:
        if not beating:
            # Nobody waits for it: a table that hangs must not keep the next window waiting.
            beat = asyncio.get_running_loop().run_in_executor(None, runs.beat, "take_samples")
            beating.add(beat)
            beat.add_done_callback(beating.discard)
        await asyncio.gather(runs.take(), runs.take_baseline())

    @bp.function_name("advance_drills")
    @bp.timer_trigger(arg_name="timer", schedule="%ADVANCE_SCHEDULE%", use_monitor=False)
    def advance_drills(timer: func.TimerRequest) -> None:
        # Drills that run come first, and trouble with them does not keep scheduled ones.
        try:
            runs.advance()
            runs.beat("advance_drills")
        finally:
            runs.start_due()

    @bp.function_name("restore_overdue")
    @bp.timer_trigger(arg_name="timer", schedule="%RESTORE_SCHEDULE%", use_monitor=True)
    def restore_overdue(timer: func.TimerRequest) -> None:
        runs.restore()
        runs.beat("restore_overdue")

    @bp.function_name("remove_expired")
    @bp.timer_trigger(arg_name="timer", schedule="%RETENTION_SCHEDULE%", use_monitor=True)
    def remove_expired(timer: func.TimerRequest) -> None:
        runs.remove_expired()

    return bp
