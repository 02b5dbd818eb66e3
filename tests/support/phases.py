"""Where a drill is, read from its row behind everybody's back."""

from azure.core.exceptions import ResourceNotFoundError  # noqa: TID251 (the real service)
from azure.data.tables import TableServiceClient  # noqa: TID251 (the real service)

from tests.support.lab import Lab

POLL_SECONDS = 0.05


def phase_of(lab: Lab, drill_id: str) -> str:
    """Return a drill's phase; empty when there is no such drill."""
    with TableServiceClient.from_connection_string(lab.stack.tables) as service:
        try:
            row = service.get_table_client("drills").get_entity("drills", f"drill|{drill_id}")
        except ResourceNotFoundError:
            return ""
        return str(row["phase"])


def wait_for_phase(lab: Lab, drill_id: str, phase: str, limit_seconds: float) -> None:
    """Wait until a drill is in a phase, or past it."""
    order = ["", "steady", "failover", "hold", "failback", "closed"]
    for _ in lab.turns(limit_seconds, f"{drill_id} to be in {phase}", POLL_SECONDS):
        if order.index(phase_of(lab, drill_id)) >= order.index(phase):
            return
