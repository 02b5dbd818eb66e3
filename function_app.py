"""Switchback's Azure Functions app: settings, services, triggers."""

import os

import azure.functions as func

from functions import undoing, whole
from shared.wiring import assembled

its, wrong = assembled(os.environ)

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
if wrong is None:
    whole.register(app, its)
else:
    app.register_functions(undoing.blueprint(its.ledger.restore_overdue, wrong))
