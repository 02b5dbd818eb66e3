"""Routes of profiles and their endpoints."""

from http import HTTPStatus

import azure.functions as func

from functions._http import answered, flag, written
from functions._models import EndpointBody, ProfileBody, read, wire
from shared.profiles import Profiles, Written


def blueprint(profiles: Profiles) -> func.Blueprint:
    """Build the routes over the profile service."""
    bp = func.Blueprint()

    @bp.function_name("put_profile")
    @bp.route("profiles/{profile}", methods=["PUT"])
    @answered
    def put_profile(req: func.HttpRequest) -> func.HttpResponse:
        is_dry_run = flag(req, "dryRun")
        body = wire(read(req, ProfileBody))
        done = profiles.put(req.route_params["profile"], body, is_dry_run=is_dry_run)
        return _written(done, is_dry_run=is_dry_run)

    @bp.function_name("get_profile")
    @bp.route("profiles/{profile}", methods=["GET"])
    @answered
    def get_profile(req: func.HttpRequest) -> func.HttpResponse:
        return written(profiles.get(req.route_params["profile"]))

    @bp.function_name("list_profiles")
    @bp.route("profiles", methods=["GET"])
    @answered
    def list_profiles(req: func.HttpRequest) -> func.HttpResponse:
        return written({"value": profiles.all()})

    @bp.function_name("delete_profile")
    @bp.route("profiles/{profile}", methods=["DELETE"])
    @answered
    def delete_profile(req: func.HttpRequest) -> func.HttpResponse:
        profiles.delete(req.route_params["profile"])
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)

    @bp.function_name("put_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["PUT"])
    @answered
    def put_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        body = wire(read(req, EndpointBody))
        at = req.route_params
        return _written(profiles.put_endpoint(at["profile"], at["endpoint"], body))

    @bp.function_name("get_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["GET"])
    @answered
    def get_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        at = req.route_params
        return written(profiles.get_endpoint(at["profile"], at["endpoint"]))

    @bp.function_name("delete_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["DELETE"])
    @answered
    def delete_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        at = req.route_params
        profiles.delete_endpoint(at["profile"], at["endpoint"])
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)

    return bp


def _written(done: Written, *, is_dry_run: bool = False) -> func.HttpResponse:
    if is_dry_run:
        told = [{"path": c.path, "live": c.live, "wanted": c.wanted} for c in done.changes]
        return written({"dryRun": True, "changes": told})
    return written(done.view, HTTPStatus.CREATED if done.is_new else HTTPStatus.OK)
