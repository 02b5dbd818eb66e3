"""ARM's routes that write public IP addresses, as long-running operations (recorded)."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors
from emulator.arm import GROUP, Arm, ArmRoute, answer, empty, read_json
from emulator.cloud import PublicIp
from emulator.lro import Operations, OperationStatus
from emulator.network_writing import IP, NetworkWriter
from emulator.public_ip_reading import read_public_ip, with_tags

_TYPE = f"Microsoft.Network/{IP}"
_PATH = GROUP + f"/providers/{_TYPE}/{{name}}"
_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}"
_SECONDS = 1.0  # virtual, from the answer to Succeeded (ours: no duration was recorded)
_RETRY_AFTER_SECONDS = {"PUT": 1, "DELETE": 10}  # recorded for PUT


class PublicIpRoutes:
    """Writes public IP addresses."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._writer = NetworkWriter(arm.cloud)
        self._operations = Operations()

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            ArmRoute("PUT", _PATH, self.put),
            ArmRoute("PATCH", _PATH, self.patch),
            ArmRoute("DELETE", _PATH, self.delete),
            ArmRoute("GET", _LOCATION + "/operations/{operation}", self.poll),
            ArmRoute("GET", _LOCATION + "/operationResults/{operation}", self.poll_result),
        ]

    async def put(self, request: Request) -> Response:
        """Create or replace an address: Updating at first, with the URL of the operation."""
        group, name = self._arm.find_group(request), request.path_params["name"]
        before = self._arm.cloud.public_ips.find(group.name, name)
        self._refuse_stale(request, before)
        body = await read_json(request)
        written = read_public_ip(self._arm.cloud, group.name, name, before, body)
        self._arm.cloud.public_ips.put(written)
        headers = self._begin(request, written, lambda: self._settle(written))
        return answer(self._writer.public_ip(written), 200 if before else 201, headers)

    async def patch(self, request: Request) -> Response:
        """Set the tags, at once."""
        before = self._arm.find_resource(request, self._arm.cloud.public_ips, _TYPE)
        self._refuse_stale(request, before)
        written = with_tags(before, await read_json(request))
        self._arm.cloud.public_ips.put(written)
        headers = self._arm.quotas.spend("subscription-writes")
        return answer(self._writer.public_ip(written), 200, headers)

    async def delete(self, request: Request) -> Response:
        """Delete an address that nothing holds; 204 when there is none."""
        group, name = self._arm.find_group(request), request.path_params["name"]
        before = self._arm.cloud.public_ips.find(group.name, name)
        if before is None:
            return empty(204, self._arm.quotas.spend("subscription-deletes"))
        self._refuse_stale(request, before)
        holder = self._writer.holder_of(before)
        if holder is not None:
            raise arm_errors.public_ip_in_use(self._writer.id(IP, before), holder)
        key = before.key
        headers = self._begin(request, before, lambda: self._arm.cloud.public_ips.remove(key))
        headers["location"] = headers["azure-asyncoperation"].replace(
            "/operations/", "/operationResults/"
        )
        return empty(202, headers)

    async def poll(self, request: Request) -> Response:
        """Tell how an operation stands."""
        status = self._status(request)
        headers = self._arm.quotas.spend("subscription-reads")
        return answer({"status": status.value}, 200, headers)

    async def poll_result(self, request: Request) -> Response:
        """Answer 202 until the operation has ended, then 204."""
        is_running = self._status(request) is OperationStatus.IN_PROGRESS
        headers = self._arm.quotas.spend("subscription-reads")
        if is_running:
            headers["location"] = str(request.url)
        return empty(202 if is_running else 204, headers)

    def _status(self, request: Request) -> OperationStatus:
        self._arm.find_subscription(request)
        operation_id = request.path_params["operation"]
        operation = self._operations.find(operation_id)
        if operation is None:
            raise arm_errors.operation_not_found(operation_id)
        return operation.status

    def _begin(self, request: Request, ip: PublicIp, end: Callable[[], None]) -> dict[str, str]:
        """Start an operation that ends a moment later; return the headers that tell of it."""
        clock = self._arm.clock
        operation = self._operations.start(ip.location, clock.now())

        def succeed() -> None:
            end()
            self._operations.end(operation.id, clock.now())

        clock.call_later(_SECONDS, succeed)
        retry_after = self._arm.retry_after_seconds
        if retry_after is None:
            retry_after = _RETRY_AFTER_SECONDS[request.method]
        base = str(request.base_url).rstrip("/")
        url = (
            f"{base}/subscriptions/{self._arm.cloud.subscription_id}/providers/Microsoft.Network"
            f"/locations/{ip.location}/operations/{operation.id}"
        )
        quota = "subscription-deletes" if request.method == "DELETE" else "subscription-writes"
        return {
            "azure-asyncoperation": f"{url}?api-version={request.query_params['api-version']}",
            "retry-after": str(retry_after),
            "x-ms-request-id": operation.id,
            **self._arm.quotas.spend(quota),
        }

    def _settle(self, written: PublicIp) -> None:
        """End a PUT: the address is as it was written, unless somebody wrote it again."""
        now = self._arm.cloud.public_ips.find(written.resource_group, written.name)
        if now == written:
            self._arm.cloud.public_ips.put(
                replace(now, is_updating=False, revision=now.revision + 1)
            )

    def _refuse_stale(self, request: Request, before: PublicIp | None) -> None:
        """Raise 412 when If-Match names another revision."""
        wanted = request.headers.get("if-match")
        if wanted in (None, "*"):
            return
        if before is None or self._writer.etag(IP, before) != wanted:
            raise arm_errors.precondition_failed(wanted or "")
