"""The wire's shapes: camelCase, unknown members refused, every fault of a body at once."""

import json
from typing import Any, TypeVar, get_args

import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from functions._http import invalid
from shared.core.errors import Fault
from shared.core.plan import (
    ClientClass,
    Failback,
    FaultKind,
    Plan,
    ProbePath,
    StopConditions,
)

Json = dict[str, Any]

REASON_CHARACTERS_MAX = 1_000


class Shape(BaseModel):
    """A JSON object; members are spelt in camelCase and have exactly their type."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False
    )


Model = TypeVar("Model", bound=Shape)


class StatusRange(Shape):
    """A range of HTTP statuses."""

    min: int
    max: int


class Header(Shape):
    """A custom header of probes."""

    name: str
    value: str


class DnsConfig(Shape):
    """A profile's DNS name and TTL; `fqdn` is ARM's own and ignored."""

    relative_name: str
    ttl: int | None = None
    fqdn: str | None = Field(default=None, exclude=True)


class MonitorConfig(Shape):
    """A profile's health checks; `profileMonitorStatus` is ARM's own and ignored."""

    protocol: str | None = None
    port: int | None = None
    path: str | None = None
    interval_in_seconds: int | None = None
    timeout_in_seconds: int | None = None
    tolerated_number_of_failures: int | None = None
    expected_status_code_ranges: list[StatusRange] | None = None
    custom_headers: list[Header] | None = None
    profile_monitor_status: str | None = Field(default=None, exclude=True)


class EndpointBody(Shape):
    """An endpoint, flat; `name` may be left to the path. ARM's read-only members are ignored."""

    name: str = ""
    type: str
    target_resource_id: str | None = None
    target: str | None = None
    priority: int | None = None
    weight: int | None = None
    endpoint_status: str | None = None
    endpoint_location: str | None = None
    geo_mapping: list[str] | None = None
    subnets: list[Json] | None = None
    min_child_endpoints: int | None = None
    min_child_endpoints_i_pv4: int | None = Field(default=None, alias="minChildEndpointsIPv4")
    min_child_endpoints_i_pv6: int | None = Field(default=None, alias="minChildEndpointsIPv6")
    custom_headers: list[Header] | None = None
    always_serve: str | None = None
    id: str | None = Field(default=None, exclude=True)
    endpoint_monitor_status: str | None = Field(default=None, exclude=True)
    resource_group: str | None = Field(default=None, exclude=True)


class ProfileBody(Shape):
    """A profile and its endpoints, flat, as `az network traffic-manager profile show` prints it."""

    resource_group: str
    dns_config: DnsConfig
    traffic_routing_method: str
    monitor_config: MonitorConfig | None = None
    profile_status: str | None = None
    tags: dict[str, str] | None = None
    max_return: int | None = None
    endpoints: list[EndpointBody] | None = None
    name: str | None = None
    id: str | None = Field(default=None, exclude=True)
    type: str | None = Field(default=None, exclude=True)
    location: str | None = Field(default=None, exclude=True)
    etag: str | None = Field(default=None, exclude=True)
    traffic_view_enrollment_status: str | None = Field(default=None, exclude=True)


class ObservedBody(Shape):
    """A profile that somebody else owns."""

    resource_id: str


class StopConditionsBody(Shape):
    """When a drill must roll back at once."""

    client_outage_seconds_max: int | None = None
    survivor_unhealthy_samples: int = 5


class ProbePathBody(Shape):
    """The custom header that makes an endpoint's probes fail."""

    header: str
    value: str


class PlanBody(Shape):
    """A drill's plan."""

    profile: str
    rto_seconds: int
    failback_rto_seconds: int | None = None
    endpoint: str | None = None
    fault: FaultKind = Field(default=FaultKind.VM_POWER_OFF, strict=False)
    probe_path: ProbePathBody | None = None
    targets: list[str] | None = None
    steady_seconds: int = 60
    hold_seconds: int = 120
    stability_seconds: int = 60
    switch_seconds_max: int = 900
    failback: Failback = Field(default=Failback.AUTOMATIC, strict=False)
    failback_hold_seconds_max: int = 3_600
    sample_interval_seconds: int = 1
    sample_timeout_seconds: int = 2
    objective_client: ClientClass = Field(default=ClientClass.FRESH, strict=False)
    client_url: str | None = None
    served_by_header: str | None = None
    stop_conditions: StopConditionsBody | None = None

    def plan(self) -> Plan:
        """Return the core's plan."""
        given = self.model_dump(exclude_none=True)
        given["targets"] = tuple(given.get("targets", ()))
        given["stop_conditions"] = StopConditions(**given.get("stop_conditions", {}))
        if self.probe_path is not None:
            given["probe_path"] = ProbePath(**given["probe_path"])
        return Plan(**given)


class RestoreBody(Shape):
    """What somebody vouches for to be gone for good, by resource id."""

    gone: list[str] = []


class LeverBody(Shape):
    """The safety lever."""

    engaged: bool
    reason: str = Field(default="", max_length=REASON_CHARACTERS_MAX)


def read(req: func.HttpRequest, model: type[Model]) -> Model:
    """Return the request's body as that shape, or raise InvalidInput with every fault in it."""
    return shaped(sent(req), model)


def shaped(body: Any, model: type[Model]) -> Model:  # noqa: ANN401 - any JSON
    """Return JSON as that shape, or raise InvalidInput with every fault in it."""
    try:
        return model.model_validate(_without_nulls(body))
    except ValidationError as error:
        faults = [_fault(dict(each), model) for each in error.errors(include_url=False)]
        raise invalid(*faults) from error


def sent(req: func.HttpRequest) -> Any:  # noqa: ANN401 - any JSON
    """Return the request's JSON as sent, or raise InvalidInput."""
    try:
        return json.loads(req.get_body() or b"")
    except ValueError as error:
        raise invalid(Fault("MalformedJson", "", f"The body is not JSON: {error}.")) from error


def wire(shape: Shape) -> Json:
    """Return a shape as JSON in the wire's names, without what was not given."""
    return shape.model_dump(by_alias=True, exclude_none=True)


def canonical(body: Any) -> str:  # noqa: ANN401 - any JSON
    """Return JSON as one text for equal bodies."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Absent and null mean the same, as in what `az` prints."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _fault(told: Json, model: type[Shape]) -> Fault:
    path = _path(told["loc"])
    if told["type"] == "extra_forbidden":
        known = ", ".join(_known(model, told["loc"][:-1]))
        message = f"{path} is not a member that is known here; it must be one of {known}."
        return Fault("UnknownMember", path, message)
    if told["type"] == "missing":
        return Fault("MissingValue", path, f"{path} is missing.")
    shown = json.dumps(told.get("input"), default=str)[:100]
    return Fault("InvalidValue", path, f"{path or 'The body'} is {shown}: {told['msg']}.")


def _known(model: type[Shape], parts: tuple[int | str, ...]) -> list[str]:
    """Return the members of the object that a path leads to."""
    for part in parts:
        by_alias = {field.alias: field for field in model.model_fields.values()}
        if part in by_alias:
            model = _shape_in(by_alias[str(part)].annotation) or model
    return [str(field.alias) for field in model.model_fields.values() if not field.exclude]


def _shape_in(kind: Any) -> type[Shape] | None:  # noqa: ANN401 - a type, however nested
    """Return the shape that an annotation holds: itself, in a list, or beside None."""
    if isinstance(kind, type) and issubclass(kind, Shape):
        return kind
    return next((found for each in get_args(kind) if (found := _shape_in(each))), None)


def _path(parts: tuple[int | str, ...]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
