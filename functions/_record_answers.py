"""A record of a timeline or a baseline as the wire shows it."""

from dataclasses import asdict
from typing import Any

from shared.core.audit import members
from shared.core.plan import camel_case
from shared.core.samples import ActionRecord, Entry, Sample, rfc3339

Json = dict[str, Any]


def sample_view(sample: Sample) -> Json:
    """Return a sample."""
    return {
        "recordKind": "sample",
        "id": sample.id,
        "series": sample.series,
        "askedAt": rfc3339(sample.asked_at),
        "answeredAt": rfc3339(sample.answered_at),
        "outcome": str(sample.outcome),
        "answer": sample.answer,
        "code": sample.code,
        "ttlSeconds": sample.ttl_seconds,
        "detail": sample.detail,
        "tookMilliseconds": None if sample.took_tenths is None else sample.took_tenths / 10,
    }


def action_view(action: ActionRecord) -> Json:
    """Return what was done to a resource, and how Azure answered."""
    at = {"sentAt": rfc3339(action.sent_at), "answeredAt": None}
    if action.answered_at is not None:
        at["answeredAt"] = rfc3339(action.answered_at)
    members_of = {camel_case(name): value for name, value in asdict(action).items()}
    return {"recordKind": "action", "id": action.id, **members_of, **at}


def entry_view(entry: Entry) -> Json:
    """Return an entry of the audit."""
    return {"recordKind": "audit", "id": f"audit/{entry.sequence:08d}", **members(entry)}
