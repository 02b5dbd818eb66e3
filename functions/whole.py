"""The whole app: every route and timer over its service."""

import azure.functions as func

from functions import (
    drills,
    endpoints,
    profiles,
    reports,
    safety,
    samples,
    schedules,
    timelines,
    timers,
)
from shared.wiring import Services


def register(app: func.FunctionApp, its: Services) -> None:
    """Register every blueprint."""
    runs = timers.Runs(
        take=its.sampling.take,
        advance=its.drills.advance,
        start_due=its.schedules.run_due,
        restore=its.ledger.restore_overdue,
        beat=its.health.beat,
        take_baseline=its.baseline.take,
        remove_expired=its.retention.run,
    )
    for blueprint in (
        profiles.blueprint(its.profiles),
        endpoints.blueprint(its.profiles),
        drills.acting(its.audited),
        drills.looking(its.drills),
        reports.blueprint(its.reports),
        timelines.blueprint(its.timeline),
        samples.blueprint(its.history, its.now),
        schedules.blueprint(its.schedules),
        safety.blueprint(its.safety, its.health),
        timers.blueprint(runs),
    ):
        app.register_functions(blueprint)
