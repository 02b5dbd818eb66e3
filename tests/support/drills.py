"""A drill of the lab, as tests start from it."""

from dataclasses import replace

from shared.core.model import (
    Drill,
    EndpointSnapshot,
    HealthCheck,
    MonitorSettings,
    Phase,
    Snapshot,
    TargetMachine,
    UndoRecord,
    Vantages,
)
from shared.core.plan import FaultKind, Plan
from shared.core.samples import Instant, Outcome, Sample, instant

START: Instant = instant("2026-11-22T09:00:00Z")
GROUP = "/subscriptions/0000/resourceGroups/switchback-lab-eastus/providers"
VIRGINIA_VM = f"{GROUP}/Microsoft.Compute/virtualMachines/virginia-vm"
SERVER, RESOLVER = "127.1.1.1:53", "127.1.2.1:53"
VIRGINIA_NAME = "switchback-virginia.eastus.cloudapp.azure.com"
AMSTERDAM_NAME = "switchback-amsterdam.westeurope.cloudapp.azure.com"
VIRGINIA, AMSTERDAM = "127.1.0.4", "127.1.0.5"


def at(seconds: float) -> Instant:
    """Return the instant that many seconds after the tests' beginning."""
    return START + round(seconds * 1_000)


def an_endpoint(name: str, priority: int, host: str, address: str) -> EndpointSnapshot:
    """Return an endpoint that is a public address in Azure."""
    return EndpointSnapshot(
        name=name,
        type="azureEndpoints",
        target=host,
        priority=priority,
        host=host,
        address=address,
    )


LAB = Snapshot(
    profile="lab",
    profile_id=f"{GROUP}/Microsoft.Network/trafficManagerProfiles/lab",
    fqdn="switchback-lab.trafficmanager.net",
    ttl_seconds=100,
    monitor=MonitorSettings(),
    endpoints=(
        an_endpoint("virginia", 1, VIRGINIA_NAME, VIRGINIA),
        an_endpoint("amsterdam", 2, AMSTERDAM_NAME, AMSTERDAM),
    ),
    targets=(TargetMachine(id=VIRGINIA_VM, name="virginia-vm"),),
    vantages=Vantages(
        authoritative=(SERVER,),
        resolvers=(RESOLVER,),
        client_resolver=RESOLVER,
        client_url="http://switchback-lab.trafficmanager.net:80/",
    ),
)


def a_drill(phase: Phase = Phase.STEADY, **changed: object) -> Drill:
    """Return a drill of the lab, in that phase since START."""
    drill = Drill(
        id="d1",
        plan=Plan(profile="lab", rto_seconds=300),
        plan_as_sent="{}",
        endpoint="virginia",
        snapshot=LAB,
        phase=phase,
        phase_since=START,
        started_at=START,
        inject_not_after=None if phase is Phase.STEADY else at(30),
    )
    return replace(drill, **changed)  # type: ignore[arg-type]


def an_undo_record(**changed: object) -> UndoRecord:
    """Return the open record of the lab's stopped machine."""
    record = UndoRecord(
        drill_id="d1",
        resource=VIRGINIA_VM,
        fault=FaultKind.VM_POWER_OFF,
        state_before="running",
        operation="start",
        inject_not_after=at(30),
        restore_by=at(1_350),
        health_check=HealthCheck(
            url=f"http://{VIRGINIA_NAME}:80/",
            address=VIRGINIA,
            host=VIRGINIA_NAME,
            expected_statuses=((200, 200),),
            timeout_seconds=10,
        ),
        answered_before=True,
    )
    return replace(record, **changed)  # type: ignore[arg-type]


def a_sample(series: str, second: float, answer: str, outcome: Outcome = Outcome.OK) -> Sample:
    """Return a sample that was answered ten milliseconds after it was asked."""
    return Sample(series, at(second), at(second) + 10, outcome, answer)


def lab_samples(seconds: range, *, at_virginia: bool = True) -> list[Sample]:
    """Return what every series shows while one of the two endpoints serves."""
    name, address = (VIRGINIA_NAME, VIRGINIA) if at_virginia else (AMSTERDAM_NAME, AMSTERDAM)
    health = Outcome.OK if at_virginia else Outcome.TIMEOUT
    samples = []
    for second in seconds:
        samples += [
            a_sample(f"dns/authoritative/{SERVER}", second, name),
            a_sample(f"dns/recursive/{RESOLVER}", second, f"{name}>{address}"),
            a_sample("health/virginia", second, VIRGINIA, health),
            a_sample("health/amsterdam", second, AMSTERDAM),
            a_sample("client/fresh", second, address),
        ]
        if second % 2 == 0:
            status = "Online" if at_virginia else "Degraded"
            samples.append(a_sample("monitor/virginia", second, status))
    return samples
