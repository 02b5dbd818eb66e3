"""What was drilled, how it was configured, who started it, where and when."""

from collections.abc import Iterator

from shared.core.model import Drill, Snapshot
from shared.core.plan import LIMITS, VM_FAULTS, Failback, camel_case
from shared.core.report import Report
from shared.core.samples import ActionRecord, Instant, Timeline, rfc3339
from shared.render.markup import Html, joined, tag
from shared.render.tables import Cells, section, table, when


def environment(drill: Drill) -> str:
    """Return where the drill took place; nobody is to take an emulated one for Azure."""
    vantages = drill.snapshot.vantages
    kind = {"azure": "Azure", "emulated": "Emulated Azure"}.get(
        vantages.environment, vantages.environment
    )
    speed = f"clock \u00d7{vantages.clock_speed:g}"
    return f"{kind}, {speed}" if vantages.clock_speed != 1 else kind


def ending(report: Report) -> str:
    """Return how it ended, or where it is; and why there was no failover, where it is known."""
    drill = report.drill
    told = f"ended: {drill.ending}" if drill.ending else f"in phase {drill.phase}"
    told = f"{told} ({drill.reason})" if drill.reason else told
    return f"{told}; {report.why_no_failover}" if report.why_no_failover else told


def facts(*pairs: tuple[str, object]) -> Html:
    """Return names with their values."""
    told = joined(joined((tag("dt", name), tag("dd", value))) for name, value in pairs)
    return tag("dl", told)


def about(report: Report, timeline: Timeline) -> Html:
    """Return who, when and where, the phases it went through, and what was done to Azure."""
    drill = report.drill
    closed = "still running" if drill.closed_at is None else rfc3339(drill.closed_at)
    told = facts(
        ("drill", drill.id),
        ("started by", drill.started_by or "not known"),
        ("started", rfc3339(drill.started_at)),
        ("closed", closed),
        ("ending", ending(report)),
        ("environment", environment(drill)),
        *_acted_on(drill),
        ("audit", _audited(report)),
    )
    phases = table(
        ("phase", "since", "because"),
        ((t.phase, when(t.at, drill.started_at), t.reason) for t in report.transitions),
    )
    actions = table(
        ("action", "operation", "by", "sent", "answered", "outcome", "resource"),
        (_action(action, drill.started_at) for action in timeline.actions),
    )
    return section(
        "This drill",
        told,
        phases if report.transitions else "",
        actions if timeline.actions else "",
    )


def _audited(report: Report) -> str:
    told = f"{report.audit.entries} entries, {report.audit.verdict}"
    return f"{told}; hash of the last: {report.audit.head}" if report.audit.head else told


def _acted_on(drill: Drill) -> Iterator[tuple[str, str]]:
    is_of_machines = drill.plan.fault in VM_FAULTS
    yield "machines" if is_of_machines else "acted on", ", ".join(drill.fault_resources)
    if drill.snapshot.spared:
        yield "not stopped", ", ".join(machine.id for machine in drill.snapshot.spared)


def _action(action: ActionRecord, near: Instant) -> Cells:
    answered = "" if action.answered_at is None else when(action.answered_at, near)
    outcome = f"{action.outcome} ({action.detail})" if action.detail else action.outcome
    sent = when(action.sent_at, near)
    resource = tag("code", action.resource)
    return action.kind, action.operation, action.by, sent, answered, outcome, resource


def configuration(drill: Drill, *, is_planned: bool = True) -> Html:
    """Return the profile as it was, and the plan of what was planned."""
    snapshot = drill.snapshot
    endpoints = table(
        ("endpoint", "type", "target", "address", "priority", "status"),
        (
            (e.name, e.type, e.target, e.address or "", e.priority, _status(e.enabled))
            for e in snapshot.endpoints
        ),
    )
    return section(
        f"Configuration when {'the drill began' if is_planned else 'it happened'}",
        facts(*_profile(snapshot)),
        endpoints,
        *((tag("h3", "Plan"), facts(*_plan(drill))) if is_planned else ()),
    )


def _status(enabled: object) -> str:
    return "Enabled" if enabled else "Disabled"


def _profile(snapshot: Snapshot) -> Iterator[tuple[str, object]]:
    monitor, vantages = snapshot.monitor, snapshot.vantages
    expected = ", ".join(f"{low} to {high}" for low, high in monitor.expected_statuses)
    yield "name", snapshot.fqdn
    yield "profile", snapshot.profile_id
    yield "TTL", f"{snapshot.ttl_seconds} s"
    yield "probes", f"{monitor.protocol}, port {monitor.port}, path {monitor.path or 'none'}"
    yield (
        "cadence",
        f"every {monitor.interval_seconds} s, time-out {monitor.timeout_seconds} s, "
        f"{monitor.tolerated_failures} tolerated failures, expects {expected}",
    )
    yield "name servers", ", ".join(vantages.authoritative)
    yield "resolvers", ", ".join(vantages.resolvers)
    yield "client", f"{vantages.client_url} by {vantages.client_resolver}"


def _plan(drill: Drill) -> Iterator[tuple[str, object]]:
    plan = drill.plan
    yield "fault", f"{plan.fault} of {drill.endpoint}"
    if plan.probe_path is not None:
        yield "probePath", f"{plan.probe_path.header}: {plan.probe_path.value}"
    yield "failback", plan.failback
    for name in LIMITS:
        value = getattr(plan, name)
        is_meant = plan.failback is Failback.HOLD or name != "failback_hold_seconds_max"
        if value is not None and is_meant:
            yield camel_case(name), f"{value} s"
    yield "objectiveClient", plan.objective_client
