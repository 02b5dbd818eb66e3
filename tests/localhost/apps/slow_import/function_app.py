"""An app that takes its time to import, as real ones do."""

import os
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
time.sleep(float(os.environ["IMPORT_SECONDS"]))


@app.route()
async def ping(req: func.HttpRequest) -> str:
    """Be there at last."""
    return "pong"
