"""The three timers. Their schedules are settings, so an environment chooses its own pace."""

from collections.abc import Awaitable, Callable

import azure.functions as func


def blueprint(
    take: Callable[[], Awaitable[None]],
    advance: Callable[[], None],
    restore: Callable[[], int],
) -> func.Blueprint:
    """Build the timers. Measuring never waits for acting, and nothing can stop the watchdog."""
    bp = func.Blueprint()

    @bp.function_name("take_samples")
    @bp.timer_trigger(arg_name="timer", schedule="%SAMPLES_SCHEDULE%", use_monitor=False)
    async def take_samples(timer: func.TimerRequest) -> None:
        await take()

    @bp.function_name("advance_drills")
    @bp.timer_trigger(arg_name="timer", schedule="%ADVANCE_SCHEDULE%", use_monitor=False)
    def advance_drills(timer: func.TimerRequest) -> None:
        advance()

    @bp.function_name("restore_overdue")
    @bp.timer_trigger(arg_name="timer", schedule="%RESTORE_SCHEDULE%", use_monitor=True)
    def restore_overdue(timer: func.TimerRequest) -> None:
        restore()

    return bp
