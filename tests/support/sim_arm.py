"""What `shared.adapters.arm.Arm` does, over the emulator's core: no wire, no SDK, no waiting.

Requests meet the faults on demand that are about ARM. Every write that ARM takes up is kept, with
what came of it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from emulator.arm_errors import ArmError
from emulator.body import merged
from emulator.cloud import Endpoint, VirtualMachine
from emulator.endpoint_truth import members_of
from emulator.fault_parts import ArmFault
from emulator.ids import read_id
from emulator.network_writing import IP, LB, NIC, NetworkWriter
from emulator.power import PowerConflict, Verb
from emulator.profile_reading import read_endpoint
from emulator.profile_writing import ProfileWriter
from shared.core.errors import RefusedByAzure, UpstreamUnavailable
from shared.core.model import Machine
from shared.core.profile_view import statuses
from shared.core.samples import Attempt, Instant
from tests.support.machines import Told
from tests.support.sim_azure import OWN_HEADERS, SimAzure

Json = dict[str, Any]
T = TypeVar("T")

ACT_SECONDS_MAX = 20
"""So long waits whoever asks ARM to break or to mend."""
READ_SECONDS_MAX = 10
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Write:
    """A request that ARM took up: of what, what it asked for, whether it was accepted."""

    at: Instant
    resource: str
    operation: str
    is_accepted: bool


class SimArm:
    """ARM, as the product asks it."""

    def __init__(self, azure: SimAzure, wait: Callable[[float], None]) -> None:
        self._azure, self._wait = azure, wait
        self.writes: list[Write] = []
        self.on_write: Callable[[Write], None] = lambda _write: None
        self._profiles = ProfileWriter(azure.cloud.subscription_id, azure.plane)
        self._network = NetworkWriter(azure.cloud)
        self._readings: dict[str, list[tuple[float, Any]]] = {}
        azure.on_faults = self._readings.clear

    def profile(self, profile_id: str, **options: object) -> Json | None:
        """Return the profile."""
        del options
        if profile_id.lower() != self._azure.profile_id.lower():
            return None
        return self._read(profile_id, lambda: self._profiles.profile(self._azure.live))

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return the profile's monitor status and each endpoint's."""
        found = self.profile(profile_id)
        if found is None:
            raise UpstreamUnavailable(f"ARM has no profile {profile_id} now.")
        return found["properties"]["monitorConfig"]["profileMonitorStatus"], statuses(found)

    def endpoint(self, endpoint_id: str) -> Json | None:
        """Return one endpoint."""

        def look() -> Json | None:
            found = self._endpoint(endpoint_id)
            return self._profiles.endpoint(self._azure.live, found) if found else None

        return self._read(endpoint_id, look)

    def resource(self, resource_id: str, api_version: str = "") -> Json | None:
        """Return a public IP, network interface or load balancer."""
        del api_version
        return self._read(resource_id, lambda: self._resource(resource_id))

    def machine(self, machine_id: str, **options: object) -> Machine | None:
        """Return a machine."""
        del options

        def look() -> Machine | None:
            found = self._machine(machine_id)
            if found is None:
                return None
            return Machine(found.power.value, dict(found.tags), found.location)

        return self._read(machine_id, look)

    def power_state(self, machine_id: str) -> str:
        """Return a machine's power state."""
        found = self.machine(machine_id)
        return found.power_state if found else "absent"

    def permissions(self, scope: str) -> list[Json]:
        """Return that everything is allowed."""
        path = f"{scope}/providers/Microsoft.Authorization/permissions"
        return self._read(path, lambda: [{"actions": ["*"], "notActions": []}])

    def stop(self, machine_id: str, operation: str, not_after: Instant) -> Told:
        """Ask for a stop."""
        return self._write("POST", machine_id, operation, not_after)

    def start(self, machine_id: str, not_after: Instant | None = None) -> Told:
        """Ask for a start."""
        return self._write("POST", machine_id, "start", not_after)

    def patch_endpoint(
        self, endpoint_id: str, properties: Json, not_after: Instant | None = None
    ) -> Told:
        """Ask to change these properties."""
        return self._write("PATCH", endpoint_id, properties, not_after)

    # -- reading ---------------------------------------------------------------------------------

    def _read(self, path: str, look: Callable[[], T]) -> T:
        fault = self._azure.faults.strike(ArmFault, lambda one: one.matches("GET", path))
        if fault is None:
            return look()
        if fault.delay_seconds > 0:
            self._wait(min(fault.delay_seconds, READ_SECONDS_MAX))
        if fault.effect == "stale":
            return self._stale(path, look, fault.age_seconds)
        if fault.effect == "latency" and fault.delay_seconds <= READ_SECONDS_MAX:
            return look()
        if fault.effect == "error" and fault.status < SERVER_ERROR:
            raise RefusedByAzure(f"ARM answered {fault.status}.")
        unavailable = UpstreamUnavailable(f"ARM: {fault.effect}.")
        if fault.effect == "throttled":
            unavailable.retry_after_seconds = fault.retry_after_seconds
        raise unavailable

    def _stale(self, path: str, look: Callable[[], T], age_seconds: float) -> T:
        """Return what was read so long ago, or the oldest reading, as the emulator does."""
        now = self._azure.clock.seconds
        readings = self._readings.setdefault(path.lower(), [])
        readings.append((now, deepcopy(look())))
        old = [reading for at, reading in readings if at <= now - age_seconds]
        return cast("T", deepcopy(old[-1] if old else readings[0][1]))

    def _resource(self, resource_id: str) -> Json | None:
        _, group, kind, name = read_id(resource_id) or ("", "", "", "")
        cloud, shown = self._azure.cloud, self._network
        if kind == f"microsoft.network/{IP}".lower() and (ip := cloud.public_ips.find(group, name)):
            return shown.public_ip(ip)
        if kind == f"microsoft.network/{NIC}".lower() and (
            interface := cloud.interfaces.find(group, name)
        ):
            return shown.interface(interface)
        if kind == f"microsoft.network/{LB}".lower() and (
            balancer := cloud.balancers.find(group, name)
        ):
            return shown.balancer(balancer)
        return None

    def _machine(self, machine_id: str) -> VirtualMachine | None:
        parts = read_id(machine_id)
        return self._azure.cloud.machines.find(parts[1], parts[3]) if parts else None

    def _endpoint(self, endpoint_id: str) -> Endpoint | None:
        profile_id, kind, name = endpoint_id.rsplit("/", 2)
        if profile_id.lower() != self._azure.profile_id.lower():
            return None
        return self._azure.live.endpoint(f"{kind}/{name}".lower())

    # -- writing ---------------------------------------------------------------------------------

    def _write(
        self, method: str, resource: str, asked: str | Json, not_after: Instant | None
    ) -> Told:
        """Let a request reach ARM, if it is not too late and no fault keeps it away."""
        if not_after is not None and self._azure.now() > not_after:
            return Told(Attempt.FAILED, "Never sent: it is too late.")
        path = f"{resource}/{asked}" if isinstance(asked, str) else resource
        fault = self._azure.faults.strike(ArmFault, lambda one: one.matches(method, path))
        return self._struck(fault, resource, asked) if fault else self._do(resource, asked)

    def _struck(self, fault: ArmFault, resource: str, asked: str | Json) -> Told:
        seconds, unknown = fault.delay_seconds, Told(Attempt.UNKNOWN, "No answer.")
        is_done = fault.effect in ("latency", "answerLost")
        if seconds > ACT_SECONDS_MAX:
            if is_done:
                # Whoever asked has given up by then; ARM has not.
                self._azure.clock.call_later(seconds, lambda: self._do(resource, asked) and None)
            self._wait(ACT_SECONDS_MAX)
            return unknown
        if seconds > 0:
            self._wait(seconds)
        done = self._do(resource, asked) if is_done else unknown
        if fault.effect in ("answerLost", "reset"):
            return unknown
        if fault.effect == "latency":
            return done
        is_refusal = fault.effect == "throttled" or fault.status < SERVER_ERROR
        return Told(Attempt.FAILED if is_refusal else Attempt.UNKNOWN, fault.effect)

    def _do(self, resource: str, asked: str | Json) -> Told:
        try:
            if isinstance(asked, str):
                is_found = self._power(resource, asked)
            else:
                is_found = self._patch(resource, asked)
        except (ArmError, PowerConflict) as error:
            told = Told(Attempt.FAILED, str(error))
        else:
            told = Told(Attempt.OK) if is_found else Told(Attempt.FAILED, "404")
        operation = asked if isinstance(asked, str) else _operation(asked)
        write = Write(self._azure.now(), resource, operation, told.outcome is Attempt.OK)
        self.writes.append(write)
        self.on_write(write)
        return told

    def _power(self, resource: str, operation: str) -> bool:
        found = self._machine(resource)
        if found is not None:
            self._azure.machines.begin(found, Verb(operation))
        return found is not None

    def _patch(self, resource: str, properties: Json) -> bool:
        found = self._endpoint(resource)
        if found is None:
            return False
        azure, patch = self._azure, {"properties": properties}
        shown = self._profiles.endpoint(azure.live, found, has_status=False)
        body = merged(shown, patch)
        written = read_endpoint(azure.cloud, azure.live, found.kind.value, found.name, body)
        azure.plane.write(written, written={found.key: members_of(patch)})
        return True


def _operation(properties: Json) -> str:
    """Return what a PATCH asks for, in the ledger's words."""
    if "endpointStatus" in properties:
        return "disable" if properties["endpointStatus"] == "Disabled" else "enable"
    return "restoreHeaders" if properties["customHeaders"] == OWN_HEADERS else "addHeader"
