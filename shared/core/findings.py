"""What a reader should know beyond the verdict: none of these is by itself a failed drill."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.core.audit import Verified
from shared.core.coverage import Coverage
from shared.core.evidence import Evidence
from shared.core.intervals import (
    Comparison,
    Elapsed,
    at_least,
    between,
    bounds_in_words,
    in_words,
)
from shared.core.milestones import Milestone, NotReached, Switch
from shared.core.phases import Journey, PhaseTime
from shared.core.samples import ClockStep, Instant, rfc3339
from shared.core.seek import Milestones, returned_by_others

SWITCHED = {Switch.FAILOVER: "authoritativeSwitched", Switch.FAILBACK: "authoritativeBack"}
RESOLVED = {Switch.FAILOVER: "resolverSwitched", Switch.FAILBACK: "resolverBack"}


WARNINGS = frozenset({"AuditChainBroken", "ClockSet", "ThinSampling"})
"""Findings that weaken all the rest: they stand on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know: a stable code, what it is about, a sentence, and how long it was."""

    code: str
    subject: str
    message: str
    elapsed: Elapsed | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What findings are drawn from."""

    journey: Journey
    evidence: Evidence
    coverage: Coverage
    phases: tuple[PhaseTime, ...]
    kept_serving: str = ""
    """Why there was no failover, where machines behind the endpoint were spared."""


def find(facts: Facts) -> list[Finding]:
    """Return every finding about endpoints, name servers and resolvers, and every gap."""
    return [
        *_machines_spared(facts),
        *_restored_by_others(facts),
        *_beyond_the_envelope(facts),
        *_past_ttl(facts),
        *_stale_answers(facts),
        *_disagreeing_servers(facts),
        *_errors_in_failback(facts),
        *_flaps(facts),
        *_gaps(facts),
    ]


def chain_broken(audit: Verified) -> Iterator[Finding]:
    """Yield that the audit is not as it was written, if so."""
    if audit.broken_at is not None:
        message = (
            f"The audit is {audit.verdict}: an entry was changed, removed or moved, or the end "
            "was cut off."
        )
        yield Finding(code="AuditChainBroken", subject="audit", message=message)


def clocks_set(steps: Iterable[ClockStep]) -> Iterator[Finding]:
    """Yield each time that the clock was set while the drill was sampled."""
    for step in steps:
        seconds = abs(step.by_ms) / 1_000
        way = "forward" if step.by_ms > 0 else "back"
        message = (
            f"The clock was set {way} by {in_words(seconds)} s, between {rfc3339(step.before)} and "
            f"{rfc3339(step.after)}; times and samples' names below are those of the clock as it "
            "ran before it was first set."
        )
        elapsed = Elapsed(seconds, seconds)
        yield Finding(code="ClockSet", subject="clock", message=message, elapsed=elapsed)


def _machines_spared(facts: Facts) -> Iterator[Finding]:
    if facts.kept_serving:
        endpoint = facts.journey.drill.endpoint
        yield Finding(code="MachinesSpared", subject=endpoint, message=f"{facts.kept_serving}.")


def _restored_by_others(facts: Facts) -> Iterator[Finding]:
    course = facts.journey.found.course
    if course.is_restored_by_others:
        what = returned_by_others(facts.evidence, course)
        message = (
            f"{what[:1].upper()}{what[1:]} before we asked for it; failback counts from there."
        )
        yield Finding(
            code="RestoredByOthers", subject=facts.journey.drill.endpoint, message=message
        )


def _beyond_the_envelope(facts: Facts) -> Iterator[Finding]:
    codes = {
        Comparison.SLOWER: ("SlowerThanPromised", "at least", "at most"),
        Comparison.FASTER: ("FasterThanPromised", "at most", "at least"),
    }
    for time in facts.phases:
        if time.comparison in codes:
            code, seen_as, promised_as = codes[time.comparison]
            is_slower = time.comparison is Comparison.SLOWER
            seen = time.elapsed.seconds_min if is_slower else time.elapsed.seconds_max
            promised = time.promised.seconds_max if is_slower else time.promised.seconds_min
            message = (
                f"{time.name} of the {time.of} took {seen_as} {in_words(seen)} s; "
                f"the settings promise {promised_as} {in_words(promised)} s."
            )
            yield Finding(code=code, subject=time.name, message=message, elapsed=time.elapsed)


def _past_ttl(facts: Facts) -> Iterator[Finding]:
    """Yield resolvers that kept an answer longer than TTL after the last server had switched."""
    ttl = float(facts.journey.drill.snapshot.ttl_seconds)
    for of in Switch:
        servers = [m for m in facts.journey.found.reached if m.name == SWITCHED[of]]
        if not servers or facts.journey.found.missing(SWITCHED[of]) is not None:
            continue
        last = max(servers, key=lambda m: (m.interval.not_after, m.interval.after))
        for resolver, kept in _kept(facts, of, last):
            excess = kept + Elapsed(-ttl, -ttl)
            if excess.seconds_min > 0:
                message = (
                    f"Resolver {resolver} kept its old answer {bounds_in_words(excess)} past its "
                    f"TTL of {in_words(ttl)} s in the {of}."
                )
                yield Finding(
                    code="ResolverPastTtl", subject=resolver, message=message, elapsed=excess
                )


def _stale_answers(facts: Facts) -> Iterator[Finding]:
    """Yield resolvers that said themselves that answers of theirs were past their TTL."""
    for resolver in facts.evidence.below("dns/recursive/"):
        stale = [s for s in facts.evidence.series[f"dns/recursive/{resolver}"] if s.is_stale]
        if stale:
            message = (
                f"Resolver {resolver} said of {len(stale)} answers that they were past their TTL, "
                f"from {rfc3339(stale[0].asked_at)} to {rfc3339(stale[-1].answered_at)}."
            )
            yield Finding(code="StaleAnswers", subject=resolver, message=message)


def _kept(facts: Facts, of: Switch, last: Milestone) -> Iterator[tuple[str, Elapsed]]:
    """Yield how long each resolver kept the old answer after the last server's switch."""
    found = facts.journey.found
    entries: list[Milestone | NotReached] = [*found.reached, *found.not_reached]
    for entry in entries:
        if entry.name != RESOLVED[of]:
            continue
        if isinstance(entry, Milestone):
            yield entry.vantage, between(last.interval, entry.interval)
        elif entry.not_before is not None:
            yield entry.vantage, at_least(last.interval, entry.not_before)


def _disagreeing_servers(facts: Facts) -> Iterator[Finding]:
    """Yield for how long name servers said different things; of several, those furthest apart."""
    found = facts.journey.found
    for of in Switch:
        servers = [m for m in found.reached if m.name == SWITCHED[of]]
        if not servers:
            continue
        first = min(servers, key=lambda m: m.interval.not_after)
        apart, other = max(_behind(found, of, first), key=lambda each: each[0].seconds_min)
        if apart.seconds_min > 0:
            message = (
                f"Name servers {first.vantage} and {other} disagreed "
                f"for {bounds_in_words(apart)} in the {of}."
            )
            yield Finding(code="ServersDisagree", subject=other, message=message, elapsed=apart)


def _behind(found: Milestones, of: Switch, first: Milestone) -> Iterator[tuple[Elapsed, str]]:
    """Yield how long after the first server each one switched, or was known not to have."""
    for milestone in found.reached:
        if milestone.name == SWITCHED[of]:
            yield between(first.interval, milestone.interval), milestone.vantage
    for missing in found.not_reached:
        if missing.name == SWITCHED[of] and missing.not_before is not None:
            yield at_least(first.interval, missing.not_before), missing.vantage


def _errors_in_failback(facts: Facts) -> Iterator[Finding]:
    """Yield the classes of client whose requests failed although both endpoints were to serve."""
    course = facts.journey.found.course
    begun = [since for since in (course.mend_since, course.back_since) if since is not None]
    if not begun:
        return
    for client in facts.evidence.below("client/"):
        if facts.journey.found.at("clientOnSurvivor", client) is None:
            continue  # it fails since the failover, which says so
        failed = _failed_since(facts.evidence, f"client/{client}", min(begun))
        if failed:
            message = (
                f"{failed} of the {client} client's slots failed in the failback; none should."
            )
            yield Finding(code="ClientErrorsInFailback", subject=client, message=message)


def _failed_since(evidence: Evidence, series: str, since: Instant) -> int:
    return sum(slot.failures for slot in evidence.slots(series) if slot.asked_at >= since)


def _flaps(facts: Facts) -> Iterator[Finding]:
    for flap in facts.journey.found.flaps:
        after, until = map(rfc3339, flap.interval)
        message = f"{flap.name} at {flap.vantage} fell back between {after} and {until}."
        yield Finding(code="Flap", subject=flap.vantage, message=message)


def _gaps(facts: Facts) -> Iterator[Finding]:
    for gap in facts.coverage.gaps:
        seconds = (gap.until - gap.after) / 1_000
        message = f"{gap.series} was not asked for {in_words(seconds)} s from {rfc3339(gap.after)}."
        yield Finding(
            code="Gap", subject=gap.series, message=message, elapsed=Elapsed(seconds, seconds)
        )
