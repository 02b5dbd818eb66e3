"""A report as Markdown: verdict first, then where the time went, and what it is known from.

Whatever came from outside (names, tags, answers) is escaped: it shows as text, never as markup.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from shared.core.coverage import Coverage
from shared.core.findings import WARNINGS
from shared.core.intervals import Elapsed, bounds_in_words, in_words
from shared.core.milestones import Milestone
from shared.core.model import Drill
from shared.core.phases import PhaseTime
from shared.core.report import Report
from shared.core.samples import rfc3339
from shared.render.wording import observation

MARKUP = re.compile(r"(^#|[\\`*_\[\]|~])")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def to_markdown(report: Report) -> str:
    """Return the whole report as one Markdown text."""
    return joined(sections(report, *SECTIONS))


def sections(report: Report, *names: str) -> Iterator[Iterable[str]]:
    """Yield the lines of the sections of these names."""
    return (SECTIONS[name](report) for name in names)


def joined(parts: Iterable[Iterable[str]]) -> str:
    """Return sections as one text; those without a line are left out."""
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def text(value: object) -> str:
    """Return the value as text that no Markdown reader takes for markup."""
    plain = " ".join(str(value).split())
    for character, entity in ENTITIES.items():
        plain = plain.replace(character, entity)
    return MARKUP.sub(r"\\\1", plain)


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(text, row))} |"


def _bounds(elapsed: Elapsed | None) -> str:
    return "not known" if elapsed is None else bounds_in_words(elapsed)


def _title(report: Report) -> Iterator[str]:
    drill = report.drill
    vantages = drill.snapshot.vantages
    ending = f"ended {drill.ending}" if drill.ending else f"still in {drill.phase}"
    reason = f" ({text(drill.reason)})" if drill.reason else ""
    why = f"; {text(report.why_no_failover)}" if report.why_no_failover else ""
    by = f" by {text(drill.started_by)}" if drill.started_by else ""
    closed = f", closed {rfc3339(drill.closed_at)}" if drill.closed_at is not None else ""
    yield f"# Drill {text(drill.id)}"
    yield ""
    yield (
        f"{text(drill.plan.fault)} of endpoint **{text(drill.endpoint)}** of profile "
        f"**{text(drill.snapshot.profile)}**, {ending}{reason}{why}."
    )
    yield (
        f"Environment: {text(vantages.environment)}, clock speed {vantages.clock_speed:g}. "
        f"Started {rfc3339(drill.started_at)}{by}{closed}."
    )


def _warnings(report: Report) -> Iterator[str]:
    """What weakens everything below stands above it."""
    for finding in report.findings:
        if finding.code in WARNINGS:
            yield f"> **{text(finding.message)}**"


def _verdicts(report: Report) -> Iterator[str]:
    yield "## Verdict"
    yield ""
    rows = (
        (o.name, str(o.verdict).upper(), _bounds(o.elapsed), f"{o.rto_seconds} s")
        for o in report.objectives
    )
    yield from _table(("objective", "verdict", "measured", "promised"), rows)
    yield ""
    for objective in report.objectives:
        yield f"- {text(objective.because)}"
    for objective in report.objectives:
        if objective.since_request is not None:
            since = _bounds(objective.since_request)
            yield f"- From the request, the {objective.name} took {since}."


def _phases(report: Report) -> Iterator[str]:
    if not report.phases:
        return
    yield "## Where the time went"
    yield ""
    yield from _table(
        ("switch", "phase", "took", "promised", "compared"),
        (_phase_row(phase) for phase in report.phases),
    )


def _phase_row(phase: PhaseTime) -> tuple[object, ...]:
    took, promised = _bounds(phase.elapsed), _bounds(phase.promised)
    return phase.of, phase.name, took, promised, phase.comparison


def _milestones(report: Report) -> Iterator[str]:
    yield "## Milestones"
    yield ""
    yield from _table(
        ("milestone", "vantage", "after", "not after", "proved by"),
        (_milestone_row(milestone) for milestone in report.milestones),
    )
    if report.not_reached:
        yield ""
        yield "Not reached:"
        yield ""
    for missing in report.not_reached:
        vantage = f" at {missing.vantage}" if missing.vantage else ""
        yield f"- {text(missing.name + vantage)}: {text(missing.because)}"


def _milestone_row(milestone: Milestone) -> tuple[object, ...]:
    after, not_after = milestone.interval
    proof = ", ".join(sample for sample in milestone.samples if sample)
    return milestone.name, milestone.vantage, rfc3339(after), rfc3339(not_after), proof


def _downtime(report: Report) -> Iterator[str]:
    if not report.client_downtime:
        return
    yield "## Client downtime"
    yield ""
    yield from _table(
        ("client", "failing for", "failed slots"),
        ((d.client, _bounds(d.elapsed), d.failed_slots) for d in report.client_downtime),
    )


def _beside(report: Report) -> Iterator[str]:
    if not report.beside:
        return
    yield "## Every vantage"
    yield ""
    yield from _table(
        ("milestone", "vantage", "since", "took"),
        ((b.name, b.milestone.vantage, b.since, _bounds(b.elapsed)) for b in report.beside),
    )


def _envelope(report: Report) -> Iterator[str]:
    yield "## Envelope"
    yield ""
    yield from _table(
        ("formula", "text", "failover takes", "by the observation"),
        ((f.name, f.text, _bounds(f.elapsed), observation(f)) for f in report.envelope.formulas),
    )
    yield ""
    for compared in report.compared:
        phases = f" ({', '.join(compared.phases)})" if compared.phases else ""
        yield (
            f"- The {compared.of} took {_bounds(compared.observed)}; the settings promise "
            f"{_bounds(compared.promised)}: {compared.comparison}{phases}."
        )


def _findings(report: Report) -> Iterator[str]:
    yield "## Findings"
    yield ""
    if not report.findings:
        yield "None."
    for finding in report.findings:
        yield f"- {finding.code}: {text(finding.message)}"


def _cautions(drill: Drill) -> Iterator[str]:
    if drill.cautions:
        yield "## Cautions"
        yield ""
    for caution in drill.cautions:
        yield f"- {text(caution.code)}: {text(caution.message)}"


def _samples(report: Report) -> Iterator[str]:
    coverage: Coverage = report.coverage
    yield "## Samples"
    yield ""
    yield (
        f"{coverage.count} samples, {coverage.failed} failed, {len(coverage.gaps)} gaps; "
        f"{100 * coverage.attempted_share:.2f} % of the slots were attempted."
    )
    error = report.sampling_error
    if error is not None:
        yield (
            f"Sampling error: median {in_words(error.seconds_median)} s, at most "
            f"{in_words(error.seconds_max)} s ({text(error.widest)})."
        )


def _audit(report: Report) -> Iterator[str]:
    yield "## Audit"
    yield ""
    head = f" The last one's hash is {text(report.audit.head)}." if report.audit.head else ""
    yield f"{report.audit.entries} entries, {report.audit.verdict}.{head}"


def _configuration(drill: Drill) -> Iterator[str]:
    snapshot, monitor = drill.snapshot, drill.snapshot.monitor
    yield "## Configuration when the drill began"
    yield ""
    yield (
        f"{text(snapshot.fqdn)}, TTL {snapshot.ttl_seconds} s; probes {text(monitor.protocol)} "
        f"port {monitor.port} path {text(monitor.path)} every {monitor.interval_seconds} s, "
        f"time-out {monitor.timeout_seconds} s, {monitor.tolerated_failures} tolerated failures."
    )
    yield ""
    yield from _table(
        ("endpoint", "type", "target", "priority"),
        ((e.name, e.type, e.target, e.priority) for e in snapshot.endpoints),
    )


SECTIONS: Mapping[str, Callable[[Report], Iterable[str]]] = {
    "title": _title,
    "warnings": _warnings,
    "verdict": _verdicts,
    "phases": _phases,
    "milestones": _milestones,
    "downtime": _downtime,
    "vantages": _beside,
    "envelope": _envelope,
    "findings": _findings,
    "cautions": lambda report: _cautions(report.drill),
    "samples": _samples,
    "audit": _audit,
    "configuration": lambda report: _configuration(report.drill),
}
"""Every section, in its order."""
