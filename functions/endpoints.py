"""Routes of a profile's endpoints, and of what its settings promise."""

from http import HTTPStatus

import azure.functions as func

from functions._http import answered, number, path_name, written
from functions._models import EndpointBody, read, wire
from functions._profile_answers import told
from shared.core.plan import ClientClass, FaultKind
from shared.profiles import Profiles
from shared.render.wire import envelope_to_wire

ENVELOPE_QUESTIONS = ("intervalInSeconds", "timeoutInSeconds", "toleratedNumberOfFailures", "ttl")
ENVELOPE_MAX = 2_147_483_647


def blueprint(profiles: Profiles) -> func.Blueprint:
    """Build the routes over the profile service."""
    bp = func.Blueprint()

    @bp.function_name("get_envelope")
    @bp.route("profiles/{profile}/envelope", methods=["GET"])
    @answered
    def get_envelope(req: func.HttpRequest) -> func.HttpResponse:
        asked = {
            name: number(req, name, ENVELOPE_MAX)
            for name in ENVELOPE_QUESTIONS
            if name in req.params
        }
        fault = str(req.params.get("fault", FaultKind.VM_POWER_OFF))
        client = str(req.params.get("objectiveClient", ClientClass.FRESH))
        promised = profiles.envelope(path_name(req, "profile"), asked, fault, client)
        return written(envelope_to_wire(promised))

    @bp.function_name("put_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["PUT"])
    @answered
    def put_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        body = wire(read(req, EndpointBody))
        name, endpoint = path_name(req, "profile"), req.route_params["endpoint"]
        return told(profiles.put_endpoint(name, endpoint, body))

    @bp.function_name("get_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["GET"])
    @answered
    def get_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        name, endpoint = path_name(req, "profile"), req.route_params["endpoint"]
        return written(profiles.get_endpoint(name, endpoint))

    @bp.function_name("delete_endpoint")
    @bp.route("profiles/{profile}/endpoints/{endpoint}", methods=["DELETE"])
    @answered
    def delete_endpoint(req: func.HttpRequest) -> func.HttpResponse:
        profiles.delete_endpoint(path_name(req, "profile"), req.route_params["endpoint"])
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT)

    return bp
