"""Switchback's Azure Functions app: settings, services, triggers."""

import os

import azure.functions as func

from functions import drills, endpoints, profiles, reports, safety, schedules, timelines, timers
from shared.settings import Settings
from shared.wiring import Services

its = Services(Settings.read(os.environ))

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(profiles.blueprint(its.profiles))
app.register_functions(endpoints.blueprint(its.profiles))
app.register_functions(drills.acting(its.drills))
app.register_functions(drills.looking(its.drills))
app.register_functions(reports.blueprint(its.reports))
app.register_functions(schedules.blueprint(its.schedules))
app.register_functions(timelines.blueprint(its.timeline))
app.register_functions(safety.blueprint(its.safety, its.health))
runs = timers.Runs(
    its.sampling.take,
    its.drills.advance,
    its.ledger.restore_overdue,
    its.health.beat,
    its.schedules.run_due,
)
app.register_functions(timers.blueprint(runs))
