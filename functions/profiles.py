"""Routes of profiles."""

from http import HTTPStatus

import azure.functions as func

from functions._http import answered, flag, path_name, written
from functions._models import ObservedBody, ProfileBody, read, sent, wire
from functions._profile_answers import told
from shared.profiles import Profiles


def blueprint(profiles: Profiles) -> func.Blueprint:
    """Build the routes over the profile service."""
    bp = func.Blueprint()

    @bp.function_name("put_profile")
    @bp.route("profiles/{profile}", methods=["PUT"])
    @answered
    def put_profile(req: func.HttpRequest) -> func.HttpResponse:
        is_dry_run = flag(req, "dryRun")
        name = path_name(req, "profile")
        if _is_observed(req):
            resource_id = read(req, ObservedBody).resource_id
            done = profiles.observe(name, resource_id, is_dry_run=is_dry_run)
            return told(done, is_dry_run=is_dry_run)
        done = profiles.put(name, wire(read(req, ProfileBody)), is_dry_run=is_dry_run)
        return told(done, is_dry_run=is_dry_run)

    @bp.function_name("get_profile")
    @bp.route("profiles/{profile}", methods=["GET"])
    @answered
    def get_profile(req: func.HttpRequest) -> func.HttpResponse:
        return written(profiles.get(path_name(req, "profile")))

    @bp.function_name("list_profiles")
    @bp.route("profiles", methods=["GET"])
    @answered
    def list_profiles(req: func.HttpRequest) -> func.HttpResponse:
        return written({"value": profiles.all()})

    @bp.function_name("delete_profile")
    @bp.route("profiles/{profile}", methods=["DELETE"])
    @answered
    def delete_profile(req: func.HttpRequest) -> func.HttpResponse:
        profiles.delete(path_name(req, "profile"))
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)

    return bp


def _is_observed(req: func.HttpRequest) -> bool:
    """A body with `resourceId` means a profile of others; it may hold nothing else."""
    body = sent(req)
    return isinstance(body, dict) and "resourceId" in body
