"""Conditional requests: If-Match and If-None-Match in, ETag out."""

import azure.functions as func

from shared.core.conditions import Condition


def condition(req: func.HttpRequest) -> Condition:
    """Return what the request demands of the current version."""
    return Condition(_versions(req, "If-Match"), _versions(req, "If-None-Match"))


def _versions(req: func.HttpRequest, header: str) -> frozenset[str] | None:
    text = req.headers.get(header)
    if not text:
        return None
    # A table's ETag holds no comma.
    return frozenset(version.strip() for version in text.split(","))
