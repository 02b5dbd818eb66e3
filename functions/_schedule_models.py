"""A schedule on the wire: its body in, its view out."""

import json
from collections.abc import Callable
from typing import Any

import azure.functions as func
from pydantic import Field

from functions._models import Json, PlanBody, Shape, canonical, sent, shaped
from shared.core.errors import Fault, InvalidInput
from shared.core.samples import Instant, rfc3339
from shared.core.schedule import DAYS, Occurrence, Outcome, Schedule, Timing, Window


class WindowBody(Shape):
    """A stretch of local time, on every day unless `days` names some."""

    opens: str = Field(alias="from")
    closes: str = Field(alias="to")
    days: list[str] | None = None

    def window(self) -> Window:
        """Return the core's window."""
        days = DAYS if self.days is None else tuple(self.days)
        return Window(opens=self.opens, closes=self.closes, days=days)


class ScheduleBody(Shape):
    """A schedule; what only its view tells is ignored, so that a view can be sent back."""

    cron: str
    time_zone: str
    plan: PlanBody
    enabled: bool = True
    allowed_windows: list[WindowBody] = Field(default_factory=list)
    blocked_windows: list[WindowBody] = Field(default_factory=list)
    blocked_dates: list[str] = Field(default_factory=list)
    name: Any = Field(default=None, exclude=True)
    next: Any = Field(default=None, exclude=True)
    changed_at: Any = Field(default=None, exclude=True)
    changed_by: Any = Field(default=None, exclude=True)

    def schedule(self, name: str, by: str) -> Schedule:
        """Return the core's schedule."""
        timing = Timing(
            cron=self.cron,
            time_zone=self.time_zone,
            allowed_windows=tuple(each.window() for each in self.allowed_windows),
            blocked_windows=tuple(each.window() for each in self.blocked_windows),
            blocked_dates=tuple(self.blocked_dates),
        )
        sent_plan = canonical(self.plan.model_dump(by_alias=True, exclude_unset=True, mode="json"))
        return Schedule(
            name=name,
            timing=timing,
            plan=self.plan.plan(),
            plan_as_sent=sent_plan,
            enabled=self.enabled,
            since=0,
            changed_by=by,
        )


Judge = Callable[[Schedule], tuple[Fault, ...]]

RIGHT: Json = {"cron": "0 0 * * *", "timeZone": "UTC", "plan": {"profile": "p", "rtoSeconds": 1}}
"""Stands in for a member that cannot be read, so that the others can be judged all the same."""


def read_schedule(req: func.HttpRequest, by: str, faults: Judge) -> Schedule:
    """Return the schedule that a request holds, or raise InvalidInput with every fault in it."""
    name, body = req.route_params["schedule"], sent(req)
    try:
        return shaped(body, ScheduleBody).schedule(name, by)
    except InvalidInput as refused:
        if not isinstance(body, dict):
            raise
        unreadable = {_member(fault) for fault in refused.faults}
        known = {field.alias for field in ScheduleBody.model_fields.values()}
        readable = {k: v for k, v in body.items() if k in known - unreadable and v is not None}
        judged = faults(shaped(RIGHT | readable, ScheduleBody).schedule(name, by))
        more = [each for each in judged if _member(each) not in unreadable]
        raise InvalidInput("The schedule cannot be kept.", (*refused.faults, *more)) from refused


def _member(fault: Fault) -> str:
    """Return which member of the body a fault is in."""
    return fault.target.split(".")[0].split("[")[0]


def schedule_view(schedule: Schedule, following: list[Instant]) -> Json:
    """Return a schedule as its users see it, with its next times."""
    timing = schedule.timing
    return {
        "name": schedule.name,
        "cron": timing.cron,
        "timeZone": timing.time_zone,
        "enabled": schedule.enabled,
        "allowedWindows": [_window(each) for each in timing.allowed_windows],
        "blockedWindows": [_window(each) for each in timing.blocked_windows],
        "blockedDates": [*timing.blocked_dates],
        "plan": json.loads(schedule.plan_as_sent),
        "changedAt": rfc3339(schedule.changed_at),
        "changedBy": schedule.changed_by,
        "next": next_view(timing, following),
    }


def next_view(timing: Timing, following: list[Instant]) -> list[Json]:
    """Return times to come, each with the reason for which it will be skipped, if any."""
    return [
        {**_when(timing, at), "skipReason": reason and str(reason)}
        for at, reason in ((at, timing.skip_reason(at)) for at in following)
    ]


def occurrence_view(timing: Timing, occurrence: Occurrence) -> Json:
    """Return what came of a time: a drill, or the reason why there is none."""
    is_started = occurrence.outcome is Outcome.STARTED
    return {
        **_when(timing, occurrence.at),
        "outcome": str(occurrence.outcome),
        "drillId": occurrence.drill_id if is_started else None,
        "reason": occurrence.reason or None,
        "message": occurrence.message or None,
        "details": [
            {"code": fault.code, "target": fault.target, "message": fault.message}
            for fault in occurrence.details
        ],
    }


def _when(timing: Timing, at: Instant) -> Json:
    return {"at": rfc3339(at), "localTime": timing.local(at).isoformat(timespec="seconds")}


def _window(window: Window) -> Json:
    return {"days": [*window.days], "from": window.opens, "to": window.closes}
