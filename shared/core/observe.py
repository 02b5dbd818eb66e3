"""What a tick can tell from a drill's newest samples. Pure; judges nothing but the present.

Samples reach a tick some seconds late (a window is written at its end), so "now" for them is the
newest sample's own time; samples older than STALE_SECONDS tell nothing.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from shared.core.decide import Observation
from shared.core.model import Drill, Phase
from shared.core.samples import Instant, Outcome, Sample

STALE_SECONDS = 45
"""Two windows of ten seconds, one of them written late, and a tick: older tells nothing."""
GAP_INTERVALS = 3
"""A gap is more than three intervals between attempts, and never counts as healthy."""
ARM_INTERVAL_SECONDS = 2

Verdict = Callable[[Sample], bool | None]
"""True: as wished. False: not as wished. None: proves nothing."""

BySeries = dict[str, list[Sample]]


def by_series(samples: Iterable[Sample]) -> BySeries:
    """Group samples by series, each in order of asking."""
    ordered = sorted(samples, key=lambda s: (s.series, s.asked_at))
    return {name: list(group) for name, group in groupby(ordered, key=lambda s: s.series)}


def observe(drill: Drill, samples: Iterable[Sample], now: Instant) -> Observation:
    """Return what the samples show; what they do not show is None."""
    series = by_series(samples)
    newest = max((group[-1].asked_at for group in series.values()), default=None)
    if newest is None or now - newest > 1_000 * STALE_SECONDS:
        return Observation(away_at=_away_at(drill, series))
    return Observation(
        steady_for_seconds=_seconds(_steady_since(drill, series), newest, drill),
        away_at=_away_at(drill, series),
        stop=_stop(drill, series),
        endpoint_online=_newest(series, f"monitor/{drill.endpoint}", _is_online),
        dns_back=_dns_back(drill, series),
        client_back_for_seconds=_client_back_for_seconds(drill, series),
    )


def last_seen(samples: Iterable[Sample]) -> dict[str, str]:
    """Return each series' newest answer, in a person's words."""
    told = {}
    for name, group in by_series(samples).items():
        sample = group[-1]
        told[name] = sample.answer if sample.outcome is Outcome.OK else str(sample.outcome)
    return told


def _is_online(sample: Sample) -> bool | None:
    return sample.answer == "Online" if sample.outcome is Outcome.OK else None


def _is_ok(sample: Sample) -> bool:
    return sample.outcome is Outcome.OK


def _names(drill: Drill) -> Verdict:
    """Whether a DNS answer names the endpoint under test; a failed one proves nothing."""

    def verdict(sample: Sample) -> bool | None:
        if sample.outcome is not Outcome.OK:
            return None
        return drill.snapshot.endpoint_named(sample.answer) == drill.endpoint

    return verdict


def _served(drill: Drill) -> Verdict:
    """Whether the endpoint under test served the client."""

    def verdict(sample: Sample) -> bool:
        named = drill.snapshot.endpoint_named(sample.answer)
        return sample.outcome is Outcome.OK and named == drill.endpoint

    return verdict


def _newest(series: BySeries, name: str, verdict: Verdict) -> bool | None:
    for sample in reversed(series.get(name, [])):
        told = verdict(sample)
        if told is not None:
            return told
    return None


def _run_start(group: list[Sample], verdict: Verdict, interval_seconds: int) -> Instant | None:
    """Return when the unbroken run of good samples at the end of a series began."""
    start = later = None
    for sample in reversed(group):
        told = verdict(sample)
        if told is None:
            continue
        is_gap = later is not None and later - sample.asked_at > (
            1_000 * GAP_INTERVALS * interval_seconds
        )
        if told is False or is_gap:
            break
        start = later = sample.asked_at
    return start


def _steady_since(drill: Drill, series: BySeries) -> Instant | None:
    """Online, named by DNS and answering us: the latest of their beginnings, if all hold."""
    seconds = drill.plan.sample_interval_seconds
    vantages = drill.snapshot.vantages
    names = _names(drill)
    demands: list[tuple[str, Verdict, int]] = [
        (f"monitor/{drill.endpoint}", _is_online, ARM_INTERVAL_SECONDS),
        (f"health/{drill.endpoint}", _is_ok, seconds),
        (f"client/{drill.plan.objective_client}", _served(drill), seconds),
        (f"dns/recursive/{vantages.client_resolver}", names, seconds),
    ]
    demands += [(f"dns/authoritative/{s}", names, seconds) for s in vantages.authoritative]
    starts = [_run_start(series.get(name, []), verdict, each) for name, verdict, each in demands]
    known = [start for start in starts if start is not None]
    return max(known) if known and len(known) == len(starts) else None


def _away_at(drill: Drill, series: BySeries) -> Instant | None:
    """When the objective client was first served by a survivor, since the fault was decided."""
    if drill.phase is not Phase.FAILOVER:
        return None
    survivors = {e.name for e in drill.snapshot.endpoints} - {drill.endpoint}
    for sample in series.get(f"client/{drill.plan.objective_client}", []):
        is_later = sample.asked_at >= drill.phase_since
        if (
            is_later
            and _is_ok(sample)
            and drill.snapshot.endpoint_named(sample.answer) in survivors
        ):
            return sample.answered_at
    return None


def _dns_back(drill: Drill, series: BySeries) -> bool | None:
    """Whether every authoritative server that answers names the endpoint under test again."""
    told = [
        _newest(series, f"dns/authoritative/{server}", _names(drill))
        for server in drill.snapshot.vantages.authoritative
    ]
    known = [answer for answer in told if answer is not None]
    return all(known) if known else None


def _seconds(since: Instant | None, until: Instant, drill: Drill) -> float | None:
    """Return how long a run of samples lasted; each speaks for its whole interval."""
    if since is None:
        return None
    return (until - since) / 1_000 + drill.plan.sample_interval_seconds


def _client_back_for_seconds(drill: Drill, series: BySeries) -> float | None:
    """How long the objective client has been on the primary; one isolated failure is a blip."""
    group = series.get(f"client/{drill.plan.objective_client}", [])
    served = _served(drill)
    gap = 1_000 * GAP_INTERVALS * drill.plan.sample_interval_seconds
    start, later, failures = None, None, 0
    for sample in reversed(group):
        if later is not None and later - sample.asked_at > gap:
            break
        later = sample.asked_at
        failures = 0 if _is_ok(sample) else failures + 1
        if failures > 1 or (_is_ok(sample) and not served(sample)):
            break
        if _is_ok(sample):
            start = sample.asked_at
    return _seconds(start, group[-1].asked_at, drill) if group else None


def _stop(drill: Drill, series: BySeries) -> str:
    """Return the stop condition that fires, by our own samples; empty when none does."""
    if drill.phase not in (Phase.FAILOVER, Phase.HOLD):
        return ""
    if _is_survivor_unhealthy(drill, series):
        return "SurvivorUnhealthy"
    return "ClientOutageOverBudget" if _is_outage_over_budget(drill, series) else ""


def _is_survivor_unhealthy(drill: Drill, series: BySeries) -> bool:
    """The survivor that traffic would go to failed our own samples, several in a row."""
    others = [e for e in drill.snapshot.endpoints if e.enabled and e.name != drill.endpoint]
    if not others:
        return True
    next_one = min(others, key=lambda e: e.priority)
    count = drill.plan.stop_conditions.survivor_unhealthy_samples
    newest = series.get(f"health/{next_one.name}", [])[-count:]
    return len(newest) == count and not any(_is_ok(sample) for sample in newest)


def _is_outage_over_budget(drill: Drill, series: BySeries) -> bool:
    budget = drill.plan.stop_conditions.client_outage_seconds_max
    if budget is None:
        return False
    group = series.get(f"client/{drill.plan.objective_client}", [])
    failing_since = None
    for sample in reversed(group):
        if _is_ok(sample):
            break
        failing_since = sample.asked_at
    return failing_since is not None and group[-1].answered_at - failing_since > 1_000 * budget
