"""A drill of the lab, as sampling sees it."""

from shared.core.model import (
    Drill,
    EndpointSnapshot,
    MonitorSettings,
    Phase,
    Snapshot,
    TargetMachine,
    Vantages,
)
from shared.core.plan import Plan
from shared.core.samples import Instant

FQDN = "switchback.trafficmanager.test"
VIRGINIA, AMSTERDAM = "127.1.0.4", "127.1.0.5"


def lab_drill(started_at: Instant, *, dns: str = "127.0.0.1:9", interval_seconds: int = 1) -> Drill:
    """Return a drill on two endpoints, all of whose name servers are `dns`."""
    return Drill(
        id="d1",
        plan=Plan(profile="p", rto_seconds=300, sample_interval_seconds=interval_seconds),
        plan_as_sent="{}",
        endpoint="virginia",
        snapshot=Snapshot(
            profile="p",
            profile_id="/subscriptions/s/profiles/p",
            fqdn=FQDN,
            ttl_seconds=100,
            monitor=MonitorSettings(),
            endpoints=(
                _endpoint("virginia", 1, VIRGINIA),
                _endpoint("amsterdam", 2, AMSTERDAM),
                _endpoint("elsewhere", 3, None),
            ),
            targets=(TargetMachine(id="/subscriptions/s/vms/virginia-vm", name="virginia-vm"),),
            vantages=Vantages(
                authoritative=(dns,),
                resolvers=(dns,),
                client_resolver=dns,
                client_url=f"http://{FQDN}:80/",
            ),
        ),
        phase=Phase.STEADY,
        phase_since=started_at,
        started_at=started_at,
    )


def _endpoint(name: str, priority: int, address: str | None) -> EndpointSnapshot:
    return EndpointSnapshot(
        name=name,
        type="externalEndpoints",
        target=f"{name}.test",
        priority=priority,
        host=f"{name}.test",
        address=address,
    )
