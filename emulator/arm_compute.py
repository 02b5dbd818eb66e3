"""ARM's routes for VMs: show, list, instance view, power operations and their polls."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors
from emulator.arm import GROUP, Arm, ArmRoute, answer, empty
from emulator.cloud import VirtualMachine
from emulator.compute_writing import MachineWriter, instance_view
from emulator.lro import OperationStatus
from emulator.power import PowerConflict, Verb

_TYPE = "Microsoft.Compute/virtualMachines"
_MACHINE = GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}"
_VERBS = {verb.value.lower(): verb for verb in Verb}
# Recorded: deallocate and start carry Retry-After, powerOff and restart do not.
_RETRY_AFTER_SECONDS = {Verb.DEALLOCATE: 10, Verb.START: 10}
_BUCKETS = {Verb.DEALLOCATE: ("DeleteVM", 240, 1200)}


class ComputeRoutes:
    """The compute resource provider."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._writer = MachineWriter(arm.cloud)
        self._buckets: dict[str, int] = {}

    def routes(self) -> list[Route]:
        """Return all routes."""
        listed = "/providers/Microsoft.Compute/virtualMachines"
        operation = "/providers/Microsoft.Compute/locations/{location}/operations/{operation}"
        return [
            ArmRoute("GET", "/subscriptions/{subscription}" + listed, self.list_by_subscription),
            ArmRoute("GET", GROUP + listed, self.list_by_group),
            ArmRoute("GET", _MACHINE, self.get),
            ArmRoute("GET", _MACHINE + "/instanceView", self.get_instance_view),
            ArmRoute("POST", _MACHINE + "/{verb}", self.begin),
            ArmRoute("GET", "/subscriptions/{subscription}" + operation, self.poll),
        ]

    async def list_by_subscription(self, request: Request) -> Response:
        """List all VMs."""
        self._arm.find_subscription(request)
        return self._list(request, None)

    async def list_by_group(self, request: Request) -> Response:
        """List one group's VMs."""
        return self._list(request, self._arm.find_group(request).name)

    async def get(self, request: Request) -> Response:
        """Show a VM, with its instance view when asked for."""
        machine = self._find(request)
        _refuse_options(request, "$expand")
        shown = self._writer.machine(machine, has_view=_expands_view(request))
        return answer(shown, 200, self._headers("LowCostGet", 4000, 32_000))

    async def get_instance_view(self, request: Request) -> Response:
        """Show a VM's instance view alone."""
        view = instance_view(self._find(request))
        return answer(view, 200, self._headers("LowCostGet", 4000, 32_000))

    async def begin(self, request: Request) -> Response:
        """Accept a power operation: 202, and where to watch it."""
        verb = _VERBS.get(request.path_params["verb"].lower())
        if verb is None:
            raise arm_errors.not_emulated(f"{request.method} {request.url.path}")
        _refuse_options(request, "skipShutdown", "hibernate", "forceDeallocate")
        if request.query_params.get("hibernate", "false").lower() != "false":
            raise arm_errors.not_emulated("Hibernation")
        machine = self._find(request)
        try:
            operation = self._arm.machines.begin(machine, verb)
        except PowerConflict as error:
            raise arm_errors.power_conflict(str(error)) from error
        version = request.query_params["api-version"]
        base = str(request.base_url).rstrip("/")
        url = (
            f"{base}/subscriptions/{self._arm.cloud.subscription_id}/providers/Microsoft.Compute"
            f"/locations/{operation.location}/operations/{operation.id}"
        )
        headers = {
            "location": f"{url}?monitor=true&api-version={version}",
            "azure-asyncoperation": f"{url}?api-version={version}",
            "x-ms-request-id": operation.id,
        }
        retry_after = self._arm.retry_after_seconds
        if retry_after is None:
            retry_after = _RETRY_AFTER_SECONDS.get(verb)
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        bucket = _BUCKETS.get(verb, ("UpdateVM", 240, 1200))
        return empty(202, headers | self._headers(*bucket, quota="subscription-writes"))

    async def poll(self, request: Request) -> Response:
        """Tell how an operation stands; with monitor=true, 202 until it has ended."""
        self._arm.find_subscription(request)
        operation_id = request.path_params["operation"]
        operation = self._arm.machines.operations.find(operation_id)
        if operation is None:
            raise arm_errors.operation_not_found(operation_id)
        headers = self._headers("GetOperation", 15_000, 30_000)
        if request.query_params.get("monitor", "").lower() != "true":
            return answer(operation.to_json(), 200, headers)
        if operation.status is OperationStatus.IN_PROGRESS:
            return empty(202, headers | {"location": str(request.url)})
        if operation.error is not None:
            raise arm_errors.ArmError(409, *operation.error)  # status ours; none was recorded
        return empty(200, headers)

    def _find(self, request: Request) -> VirtualMachine:
        return self._arm.find_resource(request, self._arm.cloud.machines, _TYPE)

    def _list(self, request: Request, group: str | None) -> Response:
        _refuse_options(request, "$expand")
        has_view = _expands_view(request)
        machines = self._arm.cloud.machines.in_group(group)
        shown = [self._writer.machine(machine, has_view=has_view) for machine in machines]
        return answer({"value": shown}, 200, self._headers("HighCostGet", 200, 1000))

    def _headers(
        self, bucket: str, in_3_minutes: int, in_30_minutes: int, quota: str = "subscription-reads"
    ) -> dict[str, str]:
        """Return both rate headers; the buckets count down and start again when empty."""
        used = self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        left = (
            f"Microsoft.Compute/{bucket}3Min;{in_3_minutes - 1 - (used - 1) % in_3_minutes},"
            f"Microsoft.Compute/{bucket}30Min;{in_30_minutes - 1 - (used - 1) % in_30_minutes}"
        )
        return self._arm.quotas.spend(quota) | {"x-ms-ratelimit-remaining-resource": left}


def _refuse_options(request: Request, *known: str) -> None:
    """Raise NotEmulated for an option that would change the answer in Azure."""
    for name in request.query_params:
        if name not in ("api-version", *known):
            raise arm_errors.not_emulated(f"The option '{name}' of {request.url.path}")


def _expands_view(request: Request) -> bool:
    expand = request.query_params.get("$expand", "")
    if expand and expand.lower() != "instanceview":
        raise arm_errors.not_emulated(f"$expand={expand}")
    return bool(expand)
