"""How a written profile or endpoint is answered."""

from http import HTTPStatus

import azure.functions as func

from functions._http import written
from shared.profiles import Written


def told(done: Written, *, is_dry_run: bool = False) -> func.HttpResponse:
    """Answer 201 for what is new, 200 for what was there, the changes for a dry run."""
    if is_dry_run:
        changes = [{"path": c.path, "live": c.live, "wanted": c.wanted} for c in done.changes]
        return written({"dryRun": True, "changes": changes})
    return written(done.view, HTTPStatus.CREATED if done.is_new else HTTPStatus.OK)
