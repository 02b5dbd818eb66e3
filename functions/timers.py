"""The three timers. Their schedules are settings, so an environment chooses its own pace."""

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


def blueprint(runs: Runs) -> func.Blueprint:
    """Build the timers. Measuring never waits for acting, and nothing can stop the watchdog."""
    bp = func.Blueprint()

    @bp.function_name("take_samples")
    @bp.timer_trigger(arg_name="timer", schedule="%SAMPLES_SCHEDULE%", use_monitor=False)
    async def take_samples(timer: func.TimerRequest) -> None:
        await asyncio.gather(runs.take(), asyncio.to_thread(runs.beat, "take_samples"))

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

    return bp
