"""Routes of schedules: keep, look, forget, and what came of them."""

from http import HTTPStatus

import azure.functions as func

from functions._conditions import condition
from functions._http import actor, answered, whole_number, written
from functions._models import Json
from functions._paging import START, continued, page, place
from functions._schedule_models import next_view, occurrence_view, read_schedule, schedule_view
from shared.core.schedule import Schedule
from shared.schedules import Schedules

NEXT_COUNT = 5
LIST_TOP, LIST_TOP_MAX = 50, 500


def blueprint(schedules: Schedules) -> func.Blueprint:
    """Build the routes over the schedule service."""
    bp = func.Blueprint()

    @bp.function_name("put_schedule")
    @bp.route("schedules/{schedule}", methods=["PUT"])
    @answered
    def put_schedule(req: func.HttpRequest) -> func.HttpResponse:
        wanted = read_schedule(req, actor(req), schedules.faults)
        schedule, is_new = schedules.put(wanted, condition(req))
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return written(_view(schedules, schedule), status, {"ETag": schedule.version})

    @bp.function_name("get_schedule")
    @bp.route("schedules/{schedule}", methods=["GET"])
    @answered
    def get_schedule(req: func.HttpRequest) -> func.HttpResponse:
        schedule = schedules.get(req.route_params["schedule"])
        headers = {"ETag": schedule.version}
        if condition(req).is_known(schedule.version):
            return func.HttpResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return written(_view(schedules, schedule), headers=headers)

    @bp.function_name("list_schedules")
    @bp.route("schedules", methods=["GET"])
    @answered
    def list_schedules(req: func.HttpRequest) -> func.HttpResponse:
        return written({"value": [_view(schedules, schedule) for schedule in schedules.all()]})

    @bp.function_name("delete_schedule")
    @bp.route("schedules/{schedule}", methods=["DELETE"])
    @answered
    def delete_schedule(req: func.HttpRequest) -> func.HttpResponse:
        schedules.delete(req.route_params["schedule"], condition(req))
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)

    _add_occurrences(bp, schedules)
    return bp


def _add_occurrences(bp: func.Blueprint, schedules: Schedules) -> None:
    @bp.function_name("list_occurrences")
    @bp.route("schedules/{schedule}/occurrences", methods=["GET"])
    @answered
    def list_occurrences(req: func.HttpRequest) -> func.HttpResponse:
        schedule = schedules.get(req.route_params["schedule"])
        top = whole_number(req, "$top", LIST_TOP, LIST_TOP_MAX)
        after = continued(req)
        # Newest first: behind an occurrence are those that were due before it.
        before = None if after == START else after[0]
        occurrences = schedules.occurrences(schedule.name, top + 1, before)
        found = [(place((o.at, "")), occurrence_view(schedule.timing, o)) for o in occurrences]
        following = next_view(schedule.timing, schedules.next(schedule, NEXT_COUNT))
        return written({**page(req, found, top), "next": following})


def _view(schedules: Schedules, schedule: Schedule) -> Json:
    return schedule_view(schedule, schedules.next(schedule, NEXT_COUNT))
