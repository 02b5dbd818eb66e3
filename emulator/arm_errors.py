"""Every error that the emulated ARM answers, once, in ARM's envelope.

Messages marked "ours" are not recorded anywhere: status and code are right, the words are ours.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class ArmError(Exception):
    """An error as ARM answers it."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    def response(self) -> Response:
        """Return the error on the wire."""
        body = {"error": {"code": self.code, "message": self.message}}
        media_type = "application/json; charset=utf-8"
        return JSONResponse(body, self.status, self.headers, media_type=media_type)


async def answer_arm_error(_request: Request, error: Exception) -> Response:
    """Answer an ArmError that a route raised."""
    if not isinstance(error, ArmError):
        raise error
    return error.response()


async def answer_not_emulated(request: Request, _error: Exception) -> Response:
    """Answer whatever no route serves: never something plausible."""
    return not_emulated(f"{request.method} {request.url.path}").response()


async def answer_defect(request: Request, _error: Exception) -> Response:
    """Answer for a defect of the emulator itself; the server logs the trace."""
    message = f"The emulator failed at {request.method} {request.url.path}; see its log."
    return ArmError(500, "InternalServerError", message).response()


def not_emulated(what: str) -> ArmError:
    """What exists in Azure and not here (ours)."""
    return ArmError(501, "NotEmulated", f"{what} is not emulated; see emulator/README.md.")


def not_authenticated() -> ArmError:
    """A request without a bearer token."""
    message = "Authentication failed. The 'Authorization' header is missing."
    return ArmError(401, "AuthenticationFailed", message, {"www-authenticate": "Bearer"})


def invalid_token() -> ArmError:
    """A token that nobody here gave out."""
    return _bad_token("InvalidAuthenticationToken", "The access token is invalid.")


def wrong_audience(given: str, wanted: tuple[str, ...]) -> ArmError:
    """A token for another service than ARM."""
    allowed = ",".join(f"'{audience}','{audience}/'" for audience in wanted)
    return _bad_token(
        "InvalidAuthenticationTokenAudience",
        f"The access token has been obtained for wrong audience or resource '{given}'. "
        f"It should exactly match with one of the allowed audiences {allowed}.",
    )


def expired_token(expiry: str, now: str) -> ArmError:
    """A token whose time is over."""
    return _bad_token(
        "ExpiredAuthenticationToken",
        f"The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'.",
    )


def _bad_token(code: str, message: str) -> ArmError:
    challenge = 'Bearer error="invalid_token"'
    return ArmError(401, code, message, {"www-authenticate": challenge})


def missing_api_version() -> ArmError:
    """A request without api-version."""
    return ArmError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def invalid_api_version(version: str) -> ArmError:
    """An api-version that is no `YYYY-MM-DD[-preview]`."""
    return ArmError(
        400,
        "InvalidApiVersionParameter",
        f"The api-version '{version}' is invalid. The supported versions are "
        "dates of the form 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'.",  # ours; ARM lists them all
    )


def subscription_not_found(subscription_id: str) -> ArmError:
    """Another subscription than the emulated one."""
    message = f"The subscription '{subscription_id}' could not be found."
    return ArmError(404, "SubscriptionNotFound", message)


def group_not_found(group: str) -> ArmError:
    """A resource group that does not exist."""
    message = f"Resource group '{group}' could not be found."
    return ArmError(404, "ResourceGroupNotFound", message, {"x-ms-failure-cause": "gateway"})


def resource_not_found(kind: str, name: str, group: str) -> ArmError:
    """A resource that does not exist; the gateway's words, recorded."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        {"x-ms-failure-cause": "gateway"},
    )


def endpoint_not_found(endpoint: str, kind: str, profile: str) -> ArmError:
    """An endpoint that an existing profile does not have; recorded, names in lower case."""
    return ArmError(
        404,
        "NotFound",
        f"The endpoint '{endpoint.lower()}' of type '{kind.lower()}' does not exist "
        f"in the profile '{profile}'.",
    )


def bad_request(message: str) -> ArmError:
    """A body that the resource provider refuses."""
    return ArmError(400, "BadRequest", message)


def invalid_json(reason: str) -> ArmError:
    """A body that is no JSON object."""
    message = f"The request content was invalid and could not be deserialized: '{reason}'."
    return ArmError(400, "InvalidRequestContent", message)


def name_taken(fqdn: str) -> ArmError:
    """A DNS name of somebody else's profile; status certain, code and text not recorded."""
    message = f"Domain name {fqdn} already exists. Please choose a different DNS prefix."
    return ArmError(409, "Conflict", message)


def public_ip_in_use(public_ip: str, holder: str) -> ArmError:
    """A deletion of an address that something holds; the words as users quote them."""
    return ArmError(
        400,
        "PublicIPAddressCannotBeDeleted",
        f"Public IP address {public_ip} can not be deleted since it is still allocated to resource "
        f"{holder}. In order to delete the public IP, disassociate/detach the Public IP address "
        "from the resource.",
    )


def precondition_failed(tag: str) -> ArmError:
    """A write with the ETag of another revision (message ours)."""
    message = f"The ETag {tag} in If-Match is not that of the resource."
    return ArmError(412, "PreconditionFailed", message)


def power_conflict(message: str) -> ArmError:
    """A power operation that the VM's state does not allow (message ours)."""
    return ArmError(409, "OperationNotAllowed", message)


def operation_not_found(operation_id: str) -> ArmError:
    """An operation that nobody started (message ours)."""
    return ArmError(404, "NotFound", f"The operation '{operation_id}' was not found.")
