"""Azure Resource Manager: profiles, public IPs and machines, through the SDKs, imported late.

Resources travel as ARM's own JSON (dicts in wire names). SDK exceptions end here: not found is
None, a refusal is RefusedByAzure in ARM's words, anything else UpstreamUnavailable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from shared.adapters.arm_transport import LateRequest, client_options
from shared.adapters.clock import Clock
from shared.adapters.credentials import credential
from shared.core.errors import RefusedByAzure, UpstreamUnavailable
from shared.core.model import Machine
from shared.core.profile_view import statuses
from shared.core.resource_ids import ResourceId, parse
from shared.core.samples import Attempt, Instant
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.trafficmanager import TrafficManagerManagementClient

Json = dict[str, Any]

NETWORK_API_VERSION = "2024-05-01"
AUTHORIZATION_API_VERSION = "2022-04-01"
SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR
ACT_SECONDS_MAX = 20
"""The whole life (virtual seconds) of a request that breaks or mends; contract, section 5."""
ONE_ATTEMPT = {"retry_total": 0}
"""A sample is never retried, and whoever looks looks again."""
NOT_FOUND = 404


class Answer(NamedTuple):
    """What came of a request that breaks or mends."""

    outcome: Attempt
    detail: str


class Arm:
    """Azure Resource Manager. Safe to share between threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def profile(self, profile_id: str, **options: Any) -> Json | None:  # noqa: ANN401 - the SDK's
        """Return the profile with its endpoints and live statuses, or None."""
        at = self._at(profile_id)
        with _as_core_errors():
            try:
                get = self._traffic_manager.profiles.get
                found: Json = get(at.group, at.name, **options).as_dict()
            except ResourceNotFoundError:
                return None
            return found

    def put_profile(self, profile_id: str, body: Json) -> Json:
        """Create or replace the profile with all its endpoints."""
        at = self._at(profile_id)
        with _as_core_errors():
            put = self._traffic_manager.profiles.create_or_update
            written: Json = put(at.group, at.name, body).as_dict()  # type: ignore[call-overload]
            return written

    def delete_profile(self, profile_id: str) -> None:
        """Delete the profile; nothing happens if there is none."""
        at = self._at(profile_id)
        with _as_core_errors():
            # SDK 2.0.0 parses the service's empty 200 as JSON and dies; streaming skips the parse.
            self._traffic_manager.profiles.delete(at.group, at.name, stream=True)

    def put_endpoint(self, profile_id: str, kind: str, name: str, body: Json) -> Json:
        """Create or replace one endpoint; `kind` is `azureEndpoints` and so on."""
        at = self._at(profile_id)
        with _as_core_errors():
            put = self._traffic_manager.endpoints.create_or_update
            written: Json = put(at.group, at.name, kind, name, body).as_dict()  # type: ignore[call-overload]
            return written

    def delete_endpoint(self, profile_id: str, kind: str, name: str) -> None:
        """Delete one endpoint; nothing happens if there is none."""
        at = self._at(profile_id)
        with _as_core_errors():
            # As in delete_profile: the SDK cannot read the service's empty 200.
            self._traffic_manager.endpoints.delete(at.group, at.name, kind, name, stream=True)

    def resource(self, resource_id: str, api_version: str = NETWORK_API_VERSION) -> Json | None:
        """Return any resource's JSON (public IPs, NICs, load balancers), or None."""
        from azure.core.rest import HttpRequest

        self._at(resource_id)
        request = HttpRequest("GET", resource_id, params={"api-version": api_version})
        with _as_core_errors():
            response = self._traffic_manager.send_request(request)
            if response.status_code == NOT_FOUND:
                return None  # of a raw request the SDK does not raise ResourceNotFoundError
            response.raise_for_status()
            found: Json = response.json()
            return found

    def permissions(self, scope: str) -> list[Json] | None:
        """Return what this identity may do at a scope, role by role; None if ARM tells less."""
        url = f"{scope}/providers/Microsoft.Authorization/permissions"
        found = self.resource(url, AUTHORIZATION_API_VERSION)
        with _as_core_errors():
            # A second page may hold the very role that is sought: half a list tells nothing.
            return list(found["value"]) if found and not found.get("nextLink") else None

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return profileMonitorStatus and each endpoint's endpointMonitorStatus, asked once."""
        found = self.profile(profile_id, **ONE_ATTEMPT)
        if found is None:
            raise UpstreamUnavailable(f"ARM has no profile {profile_id} now.")
        with _as_core_errors():
            told = found["properties"]["monitorConfig"].get("profileMonitorStatus")
            return told or "", statuses(found)

    def machine(self, machine_id: str, **options: Any) -> Machine | None:  # noqa: ANN401 - the SDK's
        """Return a machine's power state, tags and region, or None if there is none."""
        at = self._at(machine_id)
        with _as_core_errors():
            machines = self._compute.virtual_machines
            try:
                get = machines.get
                found = get(at.group, at.name, expand="instanceView", **options).as_dict()
            except ResourceNotFoundError:
                return None
            view = found["properties"].get("instanceView") or {}
            codes = [status.get("code", "") for status in view.get("statuses") or []]
            states = [code.removeprefix("PowerState/") for code in codes if "PowerState/" in code]
            state = states[0] if states else "unknown"
            scale_set = (found["properties"].get("virtualMachineScaleSet") or {}).get("id", "")
            return Machine(state, found.get("tags") or {}, found.get("location", ""), scale_set)

    def power_state(self, machine_id: str) -> str:
        """Return a machine's power state, asked once; `absent` if there is no such machine."""
        found = self.machine(machine_id, **ONE_ATTEMPT)
        return found.power_state if found else "absent"

    def stop(self, machine_id: str, operation: str, not_after: Instant) -> Answer:
        """Ask for `powerOff` or `deallocate`, once: no retry, never after `not_after`.

        Never raises.
        """
        at = self._at(machine_id)
        machines = self._compute.virtual_machines
        requests = {"powerOff": machines.begin_power_off, "deallocate": machines.begin_deallocate}
        request = requests[operation]
        return self._act(lambda **limits: request(at.group, at.name, **limits), not_after)

    def start(self, machine_id: str, not_after: Instant | None) -> Answer:
        """Ask for a start, once, and not after `not_after`. Never raises."""
        at = self._at(machine_id)
        request = self._compute.virtual_machines.begin_start
        return self._act(lambda **limits: request(at.group, at.name, **limits), not_after)

    def endpoint(self, endpoint_id: str) -> Json | None:
        """Return one endpoint, or None."""
        at = self._at(endpoint_id)
        with _as_core_errors():
            try:
                get = self._traffic_manager.endpoints.get
                found: Json = get(at.group, at.name, *at.child.split("/")).as_dict()
            except ResourceNotFoundError:
                return None
            return found

    def patch_endpoint(
        self, endpoint_id: str, properties: Json, not_after: Instant | None
    ) -> Answer:
        """Ask to change only these properties, once, and not after `not_after`. Never raises."""
        at = self._at(endpoint_id)
        update = self._traffic_manager.endpoints.update
        body = {"properties": properties}

        def request(**limits: Any) -> object:  # noqa: ANN401 - the SDK's
            limits.pop("polling")  # there is nothing to poll: the answer is the end of it
            return update(at.group, at.name, *at.child.split("/"), body, **limits)  # type: ignore[call-overload]

        return self._act(request, not_after)

    def _at(self, resource_id: str) -> ResourceId:
        """Return the parts of an id of this subscription; the clients know no other."""
        at = parse(resource_id)
        if at.subscription.lower() != self._settings.subscription_id.lower():
            raise RefusedByAzure(
                f"{resource_id} is not in subscription {self._settings.subscription_id}."
            )
        return at

    def _act(self, request: Any, not_after: Instant | None) -> Answer:  # noqa: ANN401 - an SDK call
        wall_seconds = self._clock.wall_seconds(ACT_SECONDS_MAX)
        limits = {
            "polling": False,  # fire, then look: no tick waits for an operation
            "retry_total": 0,
            "connection_timeout": wall_seconds / 4,
            "read_timeout": wall_seconds * 3 / 4,
            "not_after": not_after,
        }
        try:
            request(**limits)
        except HttpResponseError as error:
            refused = (error.status_code or SERVER_ERROR) < SERVER_ERROR
            outcome = Attempt.FAILED if refused else Attempt.UNKNOWN
            return Answer(outcome, f"{error.status_code} {_code(error)}: {_sentence(error)}")
        except (LateRequest, ServiceRequestError) as error:
            return Answer(Attempt.FAILED, f"Never sent: {error}")
        except AzureError as error:
            return Answer(Attempt.UNKNOWN, f"No answer: {error}")
        return Answer(Attempt.OK, "Accepted.")

    @cached_property
    def _credential(self) -> "TokenCredential":
        return credential(self._settings)

    @cached_property
    def _traffic_manager(self) -> "TrafficManagerManagementClient":
        from azure.mgmt.trafficmanager import TrafficManagerManagementClient

        options = client_options(self._settings, self._clock)
        return TrafficManagerManagementClient(
            self._credential, self._settings.subscription_id, **options
        )

    @cached_property
    def _compute(self) -> "ComputeManagementClient":
        from azure.mgmt.compute import ComputeManagementClient

        options = client_options(self._settings, self._clock)
        return ComputeManagementClient(self._credential, self._settings.subscription_id, **options)


def _code(error: HttpResponseError) -> str:
    return (error.error and error.error.code) or "HttpError"


def _sentence(error: HttpResponseError) -> str:
    return (error.error and error.error.message) or str(error.reason)


@contextmanager
def _as_core_errors() -> Iterator[None]:
    """Turn the SDK's exceptions into ours."""
    try:
        yield
    except HttpResponseError as error:
        status = error.status_code or SERVER_ERROR
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= SERVER_ERROR:
            unavailable = UpstreamUnavailable(f"ARM answered {status}: {_sentence(error)}")
            unavailable.retry_after_seconds = _retry_after_seconds(error)
            raise unavailable from error
        refused = RefusedByAzure(f"Azure refused ({_code(error)}): {_sentence(error)}")
        refused.status = status
        raise refused from error
    except AzureError as error:
        raise UpstreamUnavailable(f"ARM did not answer: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A proxy's page, or a body without what a body must have: nothing is known of the resource.
        raise UpstreamUnavailable(f"ARM's answer could not be read: {error!r}") from error


def _retry_after_seconds(error: HttpResponseError) -> float | None:
    told = str(getattr(error.response, "headers", {}).get("Retry-After", ""))
    return float(told) if told.isdigit() else None
