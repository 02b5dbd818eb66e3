"""The audit over real sockets: every act that Azure saw has its entries, whoever died meanwhile."""

from typing import Any

import pytest
from azure.data.tables import TableServiceClient, UpdateMode  # noqa: TID251 (the real service)

from tests.support.lab import QUICK_PLAN, Lab, at

Json = dict[str, Any]

pytestmark = pytest.mark.long

CLOSED_SECONDS = 3_000.0
VERBS = {"powerOff": "inject", "start": "rollBack"}


def audit_of(lab: Lab, drill_id: str) -> list[Json]:
    """Return the drill's entries, page by page."""
    path: str | None = f"/drills/{drill_id}/timeline?series=audit&$top=4"
    entries: list[Json] = []
    while path:
        page = lab.must("GET", path)
        entries += page["value"]
        path = page["nextLink"].partition("/api")[2] if "nextLink" in page else None
    return entries


def test_every_act_has_its_entries_also_of_a_host_that_died(lab: Lab) -> None:
    """What the emulated Azure accepted was announced before and told after."""
    lab.start_drill("audited", QUICK_PLAN)
    for _ in lab.turns(CLOSED_SECONDS, "the fault"):
        if any(event["value"] == "powerOff" for event in lab.truth("powerOperation")):
            break
    lab.kill_host()
    lab.start_host()
    lab.must("POST", "/drills/audited/stop")
    lab.wait_closed("audited", CLOSED_SECONDS)

    entries, report = audit_of(lab, "audited"), lab.report("audited")
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert report["audit"] == {
        "entries": len(entries),
        "chain": "intact",
        "head": entries[-1]["hash"],
    }
    for event in lab.truth("powerOperation"):
        own = [e for e in entries if e["subject"].lower() == event["subject"].lower()]
        own = [e for e in own if e["what"] == VERBS[event["value"]]]
        assert any(e["outcome"] == "unknown" and at(e["at"]) <= at(event["at"]) for e in own)
    assert next(e["what"] for e in entries if e["outcome"] == "ok") == "startDrill"
    assert {"stopDrill", "closeDrill"} <= {e["what"] for e in entries if e["outcome"] == "ok"}
    who = {e["what"]: e["who"] for e in entries}
    assert who["inject"] == "timer advance_drills"
    assert who["stopDrill"] == who["startDrill"] == lab.must("GET", "/drills/audited")["startedBy"]
    assert who["stopDrill"].startswith("function key ")
    processes = {e["fromWhere"] for e in entries if e["what"] in ("inject", "closeDrill")}
    assert len(processes) == 2


def test_a_changed_entry_is_found(lab: Lab) -> None:
    """Somebody with a storage browser gives the start to another, as neatly as can be."""
    lab.start_drill("tampered", QUICK_PLAN)
    lab.must("POST", "/drills/tampered/stop")
    lab.wait_closed("tampered", CLOSED_SECONDS)
    assert lab.report("tampered")["audit"]["chain"] == "intact"
    with TableServiceClient.from_connection_string(lab.stack.tables) as service:
        table = service.get_table_client("timeline")
        first = table.get_entity("tampered", "!audit|99999998")
        table.update_entity(first | {"who": "nobody"}, mode=UpdateMode.REPLACE)

    report = lab.report("tampered")
    assert report["audit"]["chain"] == "broken at 1"
    assert report["findings"][0]["code"] == "AuditChainBroken"


def test_who_engaged_the_lever_survives_a_restart(lab: Lab) -> None:
    """And is still in its history when it is released."""
    lab.must("PUT", "/safety-lever", {"engaged": True, "reason": "an incident"})
    lab.restart_host()
    engaged = lab.must("GET", "/safety-lever")
    refused = lab.call("PUT", "/drills/refused", QUICK_PLAN)
    released = lab.must("PUT", "/safety-lever", {"engaged": False})
    history = lab.must("GET", "/safety-lever")["history"]

    assert (engaged["engaged"], engaged["reason"]) == (True, "an incident")
    assert engaged["changedBy"].startswith("function key ")
    assert engaged["audit"]["chain"] == "intact"
    assert (refused.status, refused.error["code"]) == (423, "SafetyLeverEngaged")
    assert released["engaged"] is False
    assert [e["what"] for e in history] == ["releaseLever", "releaseLever", "engageLever"]
