"""What a request demands of a drill's version: If-Match and If-None-Match."""

import json

import azure.functions as func
import pytest

from functions.drills import acting
from shared.core.errors import DrillNotFound
from shared.core.model import Drill
from shared.core.plan import Plan
from tests.support.drills import a_drill
from tests.support.routes import functions_of


class AskedDrills:
    """One drill, `known`, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def state(self, drill_id: str) -> Drill:
        """Return the drill, or raise DrillNotFound."""
        if drill_id != "known":
            raise DrillNotFound(drill_id)
        return a_drill(id="known", version="v7")

    def start(
        self, drill_id: str, plan: Plan, as_sent: str, by: str, where: str
    ) -> tuple[Drill, bool]:
        """Note it."""
        del plan, as_sent, by, where
        self.asked.append("start")
        return a_drill(id=drill_id, version="v7"), drill_id != "known"

    def stop(self, drill_id: str, by: str, where: str) -> Drill:
        """Note it."""
        del by, where
        self.asked.append("stop")
        return self.state(drill_id)

    release = stop


@pytest.mark.parametrize(
    ("function", "drill", "headers", "status"),
    [
        ("put_drill", "new", {"If-None-Match": "*"}, 201),
        ("put_drill", "known", {"If-None-Match": "*"}, 412),
        ("put_drill", "known", {}, 200),
        ("put_drill", "new", {"If-Match": "v7"}, 412),
        ("stop_drill", "known", {"If-Match": "v7"}, 202),
        ("stop_drill", "known", {"If-Match": "v6"}, 412),
        ("release_drill", "known", {"If-Match": "v6, v7"}, 202),
        ("release_drill", "known", {"If-Match": "v6"}, 412),
    ],
)
def test_a_version_is_demanded(
    function: str, drill: str, headers: dict[str, str], status: int
) -> None:
    """Where it is another one, nothing is done."""
    drills = AskedDrills()
    functions = functions_of(acting(drills))  # type: ignore[arg-type]
    body = json.dumps({"profile": "lab", "rtoSeconds": 300}).encode()
    answer = functions[function](
        func.HttpRequest(
            method="PUT",
            url=f"http://localhost/api/drills/{drill}",
            headers=headers,
            params={},
            route_params={"drill": drill},
            body=body,
        )
    )

    assert answer.status_code == status
    assert (drills.asked == []) == (status == 412)
