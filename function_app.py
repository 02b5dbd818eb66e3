"""Switchback's Azure Functions app: settings, services, triggers."""

import os

import azure.functions as func
from shared.wiring import Services

from functions import drills, profiles, reports, safety, timers
from shared.settings import Settings

services = Services(Settings.read(os.environ))

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(profiles.blueprint(services.profiles))
app.register_functions(drills.blueprint(services.drills))
app.register_functions(reports.blueprint(services.reports))
app.register_functions(safety.blueprint(services.safety))
app.register_functions(
    timers.blueprint(
        services.sampling.take, services.drills.advance, services.ledger.restore_overdue
    )
)
