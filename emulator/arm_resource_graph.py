"""ARM's route for Resource Graph queries."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors, resource_graph
from emulator.arm import Arm, ArmRoute, answer, read_json
from emulator.inventory import Inventory
from emulator.tokens import TENANT_ID

_OBJECTS_SINCE = "2020-04-01-preview"  # before, the default form of an answer is a table


class ResourceGraphRoutes:
    """The one operation that tools use."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._inventory = Inventory(arm)

    def routes(self) -> list[Route]:
        """Return the route."""
        path = "/providers/Microsoft.ResourceGraph/resources"
        return [ArmRoute("POST", path, self.query)]

    async def query(self, request: Request) -> Response:
        """Answer a query over the subscription's resources."""
        body = await read_json(request)
        text, options = body.get("query"), body.get("options") or {}
        if not isinstance(text, str) or not isinstance(options, dict):
            raise arm_errors.bad_request("The query must be a string, the options an object.")
        try:
            query = resource_graph.parse(text)
        except resource_graph.Unsupported as error:
            raise arm_errors.not_emulated(f"In a Resource Graph query, {error}") from error
        subscription = self._arm.cloud.subscription_id
        asked = body.get("subscriptions")
        is_asked = not isinstance(asked, list) or subscription in [str(s).lower() for s in asked]
        bodies = self._inventory.bodies() if is_asked or not asked else []
        rows = query.run([{**b, "tenantId": TENANT_ID} for b in bodies], subscription)
        return answer(
            {
                "totalRecords": len(rows),
                "count": len(rows),
                "data": _formed(rows, query, options, request.query_params["api-version"]),
                "facets": [],
                "resultTruncated": "false",
            },
            200,
            self._arm.quotas.spend("tenant-reads"),
        )


def _formed(
    rows: list[resource_graph.Row],
    query: resource_graph.Query,
    options: dict[str, object],
    version: str,
) -> object:
    usual = "objectArray" if version >= _OBJECTS_SINCE else "table"
    if str(options.get("resultFormat", usual)).lower() == "table":
        return resource_graph.as_table(rows, query.columns)
    return rows
