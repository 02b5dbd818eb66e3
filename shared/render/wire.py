"""A report as JSON-ready values, in the member names of the product contract; nothing is judged.

Instants are RFC 3339 in milliseconds. Seconds are whole milliseconds already: what they were
measured from was rounded outward when it was recorded. Unbounded and unknown are null.
"""

from typing import Any

from shared.core.audit import summary
from shared.core.coverage import Coverage
from shared.core.downtime import ClientDowntime
from shared.core.envelope import Envelope, Formula, Promise
from shared.core.findings import Finding
from shared.core.intervals import Elapsed
from shared.core.milestones import Flap, Milestone, NotReached
from shared.core.model import Caution, Drill, MonitorSettings, Snapshot
from shared.core.phases import Beside, PhaseTime
from shared.core.plan import ProbePath
from shared.core.report import Compared, Report, SamplingError
from shared.core.samples import Instant, rfc3339
from shared.core.slots import Gap
from shared.core.verdict import Objective

Wire = dict[str, Any]


def to_wire(report: Report) -> Wire:
    """Return the whole report; the same report gives the same members in the same order."""
    return {
        **_drill(report.drill),
        "objectives": [_objective(o) for o in report.objectives],
        "phases": [_phase(p) for p in report.phases],
        "milestones": [_milestone(m) for m in report.milestones],
        "notReached": [_not_reached(n) for n in report.not_reached],
        "flaps": [_flap(f) for f in report.flaps],
        "beside": [_beside(b) for b in report.beside],
        "clientDowntime": [_downtime(d) for d in report.client_downtime],
        "envelope": {
            **envelope_to_wire(report.envelope),
            "comparison": [_compared(c) for c in report.compared],
        },
        "findings": [_finding(f) for f in report.findings],
        "cautions": [_caution(c) for c in report.drill.cautions],
        "samples": _coverage(report.coverage),
        "samplingError": _sampling_error(report.sampling_error),
        "configuration": {"before": _configuration(report.drill.snapshot), "after": None},
        "transitions": [
            {"at": rfc3339(t.at), "phase": t.phase, "reason": t.reason} for t in report.transitions
        ],
        "audit": summary(report.audit),
    }


def envelope_to_wire(envelope: Envelope) -> Wire:
    """Return the bounds of everything that the settings promise, and the formulas."""
    return {
        "failover": {
            **_elapsed(envelope.failover_total),
            "phases": [_promise(p) for p in envelope.failover],
        },
        "failback": {
            **_elapsed(envelope.failback_total),
            "phases": [_promise(p) for p in envelope.failback],
        },
        "formulas": [_formula(f) for f in envelope.formulas],
        "rtoFloorSeconds": envelope.rto_floor_seconds,
    }


def _drill(drill: Drill) -> Wire:
    vantages = drill.snapshot.vantages
    return {
        "drillId": drill.id,
        "profile": drill.snapshot.profile,
        "endpoint": drill.endpoint,
        "fault": str(drill.plan.fault),
        "probePath": _probe_path(drill.plan.probe_path),
        "failback": str(drill.plan.failback),
        "environment": {"kind": vantages.environment, "clockSpeed": vantages.clock_speed},
        "phase": str(drill.phase),
        "ending": None if drill.ending is None else str(drill.ending),
        "reason": drill.reason,
        "startedBy": drill.started_by,
        "startedAt": rfc3339(drill.started_at),
        "closedAt": _instant(drill.closed_at),
    }


def _probe_path(added: ProbePath | None) -> Wire | None:
    return None if added is None else {"header": added.header, "value": added.value}


def _instant(at: Instant | None) -> str | None:
    return None if at is None else rfc3339(at)


def _elapsed(elapsed: Elapsed | None) -> Wire:
    if elapsed is None:
        return {"secondsMin": None, "secondsMax": None}
    return {"secondsMin": elapsed.seconds_least, "secondsMax": elapsed.seconds_max}


def _objective(objective: Objective) -> Wire:
    return {
        "name": str(objective.name),
        "rtoSeconds": objective.rto_seconds,
        **_elapsed(objective.elapsed),
        "verdict": str(objective.verdict),
        "because": objective.because,
        "sinceRequest": _elapsed(objective.since_request),
    }


def _phase(phase: PhaseTime) -> Wire:
    return {
        "name": phase.name,
        "of": str(phase.of),
        **_elapsed(phase.elapsed),
        "start": {"milestone": phase.start.name, "vantage": phase.start.vantage},
        "end": {"milestone": phase.end.name, "vantage": phase.end.vantage},
        "promised": _elapsed(phase.promised),
        "comparison": str(phase.comparison),
    }


def _milestone(milestone: Milestone) -> Wire:
    return {
        "name": milestone.name,
        "of": str(milestone.of),
        "vantage": milestone.vantage,
        "after": rfc3339(milestone.interval.after),
        "notAfter": rfc3339(milestone.interval.not_after),
        "samples": list(milestone.samples),
        "provedByTimeout": milestone.is_proved_by_timeout,
    }


def _not_reached(missing: NotReached) -> Wire:
    return {
        "name": missing.name,
        "of": str(missing.of),
        "vantage": missing.vantage,
        "notBefore": _instant(missing.not_before),
        "because": missing.because,
    }


def _flap(flap: Flap) -> Wire:
    return {
        "name": flap.name,
        "of": str(flap.of),
        "vantage": flap.vantage,
        "after": rfc3339(flap.interval.after),
        "notAfter": rfc3339(flap.interval.not_after),
        "samples": list(flap.samples),
    }


def _beside(beside: Beside) -> Wire:
    return {
        "name": beside.name,
        "of": str(beside.milestone.of),
        "vantage": beside.milestone.vantage,
        "since": beside.since,
        **_elapsed(beside.elapsed),
    }


def _downtime(downtime: ClientDowntime) -> Wire:
    return {
        "class": downtime.client,
        **_elapsed(downtime.elapsed),
        "failedSlots": downtime.failed_slots,
    }


def _promise(promise: Promise) -> Wire:
    return {"name": promise.name, **_elapsed(promise.elapsed)}


def _formula(formula: Formula) -> Wire:
    told = {"name": formula.name, "text": formula.text, **_elapsed(formula.elapsed)}
    if formula.observation is None:
        return told
    return told | {"observation": str(formula.observation)}


def _compared(compared: Compared) -> Wire:
    return {
        "of": str(compared.of),
        "observed": _elapsed(compared.observed),
        "promised": _elapsed(compared.promised),
        "comparison": str(compared.comparison),
        "phases": list(compared.phases),
    }


def _finding(finding: Finding) -> Wire:
    return {
        "code": finding.code,
        "subject": finding.subject,
        "message": finding.message,
        **_elapsed(finding.elapsed),
    }


def _caution(caution: Caution) -> Wire:
    return {"code": caution.code, "target": caution.target, "message": caution.message}


def _coverage(coverage: Coverage) -> Wire:
    return {
        "count": coverage.count,
        "failed": coverage.failed,
        "gaps": [_gap(gap) for gap in coverage.gaps],
        "attemptedShare": coverage.attempted_share,
    }


def _gap(gap: Gap) -> Wire:
    return {"series": gap.series, "after": rfc3339(gap.after), "until": rfc3339(gap.until)}


def _sampling_error(error: SamplingError | None) -> Wire | None:
    if error is None:
        return None
    return {
        "secondsMedian": error.seconds_median,
        "secondsMax": error.seconds_max,
        "widest": error.widest,
    }


def _configuration(snapshot: Snapshot) -> Wire:
    return {
        "fqdn": snapshot.fqdn,
        "ttl": snapshot.ttl_seconds,
        "monitorConfig": _monitor(snapshot.monitor),
        "endpoints": [
            {
                "name": e.name,
                "type": e.type,
                "target": e.target,
                "priority": e.priority,
                "endpointStatus": "Enabled" if e.enabled else "Disabled",
            }
            for e in snapshot.endpoints
        ],
    }


def _monitor(monitor: MonitorSettings) -> Wire:
    return {
        "protocol": monitor.protocol,
        "port": monitor.port,
        "path": monitor.path,
        "intervalInSeconds": monitor.interval_seconds,
        "timeoutInSeconds": monitor.timeout_seconds,
        "toleratedNumberOfFailures": monitor.tolerated_failures,
        "expectedStatusCodeRanges": [
            {"min": low, "max": high} for low, high in monitor.expected_statuses
        ],
    }
