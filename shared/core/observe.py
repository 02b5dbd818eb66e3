"""What a tick can tell from a drill's newest samples. Pure; judges nothing but the present.

Samples reach a tick some seconds late (a window is written at its end), so "now" for them is the
newest sample's own time; samples older than STALE_SECONDS tell nothing.
"""

from collections.abc import Callable, Iterable

from shared.core.decide import Observation
from shared.core.evidence import Evidence, by_series
from shared.core.model import Drill, Phase
from shared.core.samples import Instant, Outcome, Sample
from shared.core.slots import Served, Slot, is_gap

STALE_SECONDS = 45
"""Two windows of ten seconds, one of them written late, and a tick: older tells nothing."""

Verdict = Callable[[Sample], bool | None]
"""True: as wished. False: not as wished. None: proves nothing."""


def observe(drill: Drill, samples: Iterable[Sample], now: Instant) -> Observation:
    """Return what the samples show; what they do not show is None."""
    seen = Evidence(drill, samples)
    newest = max((group[-1].asked_at for group in seen.series.values()), default=None)
    if newest is None or now - newest > 1_000 * STALE_SECONDS:
        return Observation(away_at=_away_at(seen))
    return Observation(
        steady_for_seconds=_seconds(_steady_since(seen), newest, drill),
        away_at=_away_at(seen),
        stop=_stop(seen),
        endpoint_online=_newest(seen, f"monitor/{drill.endpoint}", _is_online),
        dns_back=_dns_back(seen),
        client_back_for_seconds=_client_back_for_seconds(seen),
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


def _names(seen: Evidence) -> Verdict:
    """Whether a DNS answer names the endpoint under test; a failed one proves nothing."""

    def verdict(sample: Sample) -> bool | None:
        if sample.outcome is not Outcome.OK:
            return None
        return seen.named(sample.answer) == seen.drill.endpoint

    return verdict


def _served(seen: Evidence) -> Verdict:
    """Whether the endpoint under test served the client."""

    def verdict(sample: Sample) -> bool:
        return _is_ok(sample) and seen.named(sample.answer) == seen.drill.endpoint

    return verdict


def _client(seen: Evidence) -> str:
    return f"client/{seen.drill.plan.objective_client}"


def _newest(seen: Evidence, name: str, verdict: Verdict) -> bool | None:
    for sample in reversed(seen.series.get(name, [])):
        told = verdict(sample)
        if told is not None:
            return told
    return None


def _run_start(seen: Evidence, name: str, verdict: Verdict) -> Instant | None:
    """Return when the unbroken run of good samples at the end of a series began."""
    start: Instant | None = None
    for sample in reversed(seen.series.get(name, [])):
        told = verdict(sample)
        if told is None:
            continue
        if told is False:
            break
        if start is not None and is_gap(sample.asked_at, start, seen.every_ms(name)):
            break
        start = sample.asked_at
    return start


def _steady_since(seen: Evidence) -> Instant | None:
    """Online, named by DNS and answering us: the latest of their beginnings, if all hold."""
    drill = seen.drill
    vantages = drill.snapshot.vantages
    names = _names(seen)
    demands: list[tuple[str, Verdict]] = [
        (f"monitor/{drill.endpoint}", _is_online),
        (f"health/{drill.endpoint}", _is_ok),
        (_client(seen), _served(seen)),
        (f"dns/recursive/{vantages.client_resolver}", names),
    ]
    starts = [_run_start(seen, name, verdict) for name, verdict in demands]
    servers = [f"dns/authoritative/{server}" for server in vantages.authoritative]
    # A name server that never answers us must not forbid drills; one that disagrees must.
    answering = [name for name in servers if _newest(seen, name, names) is not None]
    starts += [_run_start(seen, name, names) for name in answering]
    known = [start for start in starts if start is not None]
    return max(known) if answering and len(known) == len(starts) else None


def _away_at(seen: Evidence) -> Instant | None:
    """When the objective client was first served by a survivor, since the fault was decided."""
    if seen.drill.phase is not Phase.FAILOVER:
        return None
    for sample in seen.series.get(_client(seen), []):
        is_later = sample.asked_at >= seen.drill.phase_since
        if is_later and _is_ok(sample) and seen.named(sample.answer) in seen.survivors:
            return sample.answered_at
    return None


def _dns_back(seen: Evidence) -> bool | None:
    """Whether every authoritative server that answers names the endpoint under test again."""
    told = [
        _newest(seen, f"dns/authoritative/{server}", _names(seen))
        for server in seen.drill.snapshot.vantages.authoritative
    ]
    known = [answer for answer in told if answer is not None]
    return all(known) if known else None


def _seconds(since: Instant | None, until: Instant, drill: Drill) -> float | None:
    """Return how long a run of samples lasted; each speaks for its whole interval."""
    if since is None:
        return None
    return (until - since) / 1_000 + drill.plan.sample_interval_seconds


def _client_back_for_seconds(seen: Evidence) -> float | None:
    """How long the objective client has been on the primary; one isolated failure is a blip."""
    slots = seen.slots(_client(seen))
    every_ms = seen.every_ms(_client(seen))
    primary = frozenset({seen.drill.endpoint})
    start: Instant | None = None
    later: Slot | None = None
    failures = 0
    for slot in reversed(slots):
        if later is not None and is_gap(slot.last_asked_at, later.asked_at, every_ms):
            break
        later = slot
        served = seen.served(slot, primary, seen.survivors)
        failures = failures + 1 if served is Served.FAILED else 0
        if failures > 1 or served in (Served.UNWANTED, Served.OTHER):
            break
        if served is Served.WANTED:
            start = slot.asked_at
    return _seconds(start, slots[-1].asked_at, seen.drill) if slots else None


def _stop(seen: Evidence) -> str:
    """Return the stop condition that fires, by our own samples; empty when none does."""
    if seen.drill.phase not in (Phase.FAILOVER, Phase.HOLD):
        return ""
    if _is_survivor_unhealthy(seen):
        return "SurvivorUnhealthy"
    return "ClientOutageOverBudget" if _is_outage_over_budget(seen) else ""


def _is_survivor_unhealthy(seen: Evidence) -> bool:
    """The survivor that traffic would go to failed our own samples, several in a row."""
    others = [e for e in seen.drill.snapshot.endpoints if e.name in seen.survivors]
    if not others:
        return True
    next_one = min(others, key=lambda e: e.priority)
    count = seen.drill.plan.stop_conditions.survivor_unhealthy_samples
    newest = seen.slots(f"health/{next_one.name}")[-count:]
    return len(newest) == count and all(slot.failed for slot in newest)


def _is_outage_over_budget(seen: Evidence) -> bool:
    budget = seen.drill.plan.stop_conditions.client_outage_seconds_max
    group = seen.series.get(_client(seen), [])
    failing_since: Instant | None = None
    for sample in reversed(group):
        if _is_ok(sample):
            break
        failing_since = sample.asked_at
    if budget is None or failing_since is None:
        return False
    return group[-1].answered_at - failing_since > 1_000 * budget
