"""Failovers that nobody planned, recognised in a profile's baseline. Pure.

A name server names an endpoint of lower preference than the one it named before, and no drill was
on. Only of profiles with the Priority method: all others change their answers in good health.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from shared.core.baseline import Configuration
from shared.core.evidence import by_series
from shared.core.intervals import Interval
from shared.core.samples import Instant, Outcome, Sample, instant, rfc3339

SERVERS = "dns/authoritative/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """An endpoint that lost its traffic without a drill; `returned` is None while it is away."""

    endpoint: str
    survivor: str
    left: Interval
    samples: tuple[str, str]
    returned: Interval | None = None
    monitor_status: str | None = None
    """What Traffic Manager said of the endpoint next, if it was asked."""

    @property
    def id(self) -> str:
        """Its name: the last instant at which the endpoint is known to have had its traffic."""
        return "".join(c for c in rfc3339(self.left.after) if c not in "-:")


def instant_of(name: str) -> Instant | None:
    """Return the instant that a failover's name tells; None if it is no such name."""
    date, _, time = name.partition("T")
    spelt = f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}"
    try:
        told = instant(spelt)
    except (ValueError, TypeError):
        return None
    return told if rfc3339(told) == spelt else None


class InForce(NamedTuple):
    """A configuration, and since when samples were taken by it."""

    since: Instant
    configuration: Configuration


class Drilled(NamedTuple):
    """When a drill was on; `until` is None while it is."""

    since: Instant
    until: Instant | None


class Watch:
    """Tells at once what a profile's newest samples show: for the log, and whoever watches that."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, str], str] = {}

    def see(self, configuration: Configuration, sample: Sample) -> str:
        """Return what has changed for the worse or back, in words; empty if nothing has."""
        endpoint = _named(configuration, sample)
        if endpoint is None:
            return ""
        ranks = _ranks(configuration)
        key = (configuration.snapshot.profile.lower(), sample.series)
        before, self._named[key] = self._named.get(key, endpoint), endpoint
        if before == endpoint or before not in ranks:
            return ""
        what = "failover" if ranks[endpoint] > ranks[before] else "return"
        return f"what={what} from={before} to={endpoint} sample={sample.id}"

    def forget(self, profiles: frozenset[str]) -> None:
        """Begin anew with profiles (in lower case) that have a drill: what it does is planned."""
        self._named = {key: it for key, it in self._named.items() if key[0] not in profiles}


def find_failovers(
    samples: Iterable[Sample], in_force: Sequence[InForce], drills: Sequence[Drilled]
) -> list[Failover]:
    """Return every failover that the samples show and no drill explains, the oldest first.

    `in_force` lists configurations by time; samples before the first are judged by the first.
    """
    if not in_force:
        return []
    series = by_series(samples)
    judge = _Judge(in_force)
    seen = [
        failover
        for name, of_it in series.items()
        if name.startswith(SERVERS)
        for failover in _at_one_server(judge.answers(of_it))
    ]
    unplanned = [each for each in _joined(seen) if not _is_drilled(each.left, drills)]
    return [replace(each, monitor_status=_status_after(each, series)) for each in unplanned]


def configuration_at(at: Instant, in_force: Sequence[InForce]) -> Configuration:
    """Return the configuration in force then; before the first of them, the first."""
    place = bisect_right(in_force, at, key=lambda each: each.since)
    return in_force[max(0, place - 1)].configuration


def _ranks(configuration: Configuration) -> Mapping[str, int]:
    return {e.name: e.priority for e in configuration.snapshot.endpoints}


def _named(configuration: Configuration, sample: Sample) -> str | None:
    """Return the endpoint that a name server's answer names, where that tells of health."""
    if not sample.series.startswith(SERVERS) or sample.outcome is not Outcome.OK:
        return None
    if not configuration.has_order:
        return None
    named = configuration.snapshot.endpoint_named(sample.answer)
    return None if named is None or named.startswith("other:") else named


class _Answer(NamedTuple):
    """A sample with the endpoint it names, and the ranks of that moment."""

    sample: Sample
    endpoint: str
    ranks: Mapping[str, int]


class _Judge:
    """Reads answers by the configuration that was in force, each text once."""

    def __init__(self, in_force: Sequence[InForce]) -> None:
        self._in_force = in_force
        self._since = [each.since for each in in_force]
        self._ranks = [_ranks(each.configuration) for each in in_force]
        self._named: dict[tuple[int, str], str | None] = {}

    def answers(self, samples: Iterable[Sample]) -> Iterator[_Answer]:
        """Yield every sample that names an endpoint."""
        for sample in samples:
            at = max(0, bisect_right(self._since, sample.asked_at) - 1)
            endpoint = self._endpoint(at, sample)
            if endpoint is not None:
                yield _Answer(sample, endpoint, self._ranks[at])

    def _endpoint(self, at: int, sample: Sample) -> str | None:
        if sample.outcome is not Outcome.OK:
            return None
        key = (at, sample.answer)
        if key not in self._named:
            self._named[key] = _named(self._in_force[at].configuration, sample)
        return self._named[key]


def _at_one_server(answers: Iterable[_Answer]) -> list[Failover]:
    """Return one server's failovers: until the answer is as good again, all of it is one."""
    found: list[Failover] = []
    away: Failover | None = None
    for before, after in pairwise(answers):
        if before.endpoint == after.endpoint:
            continue
        switch = Interval(before.sample.asked_at, after.sample.answered_at)
        if away is None and _is_worse(after, before.endpoint):
            away = Failover(
                endpoint=before.endpoint,
                survivor=after.endpoint,
                left=switch,
                samples=(before.sample.id, after.sample.id),
            )
        elif away is not None and not _is_worse(after, away.endpoint):
            found.append(replace(away, returned=switch))
            away = None
    return [*found, away] if away is not None else found


def _is_worse(answer: _Answer, endpoint: str) -> bool:
    """The answer names one of lower preference than that endpoint has, if it has any yet."""
    rank = answer.ranks.get(endpoint)
    return rank is not None and answer.ranks[answer.endpoint] > rank


def _joined(seen: Iterable[Failover]) -> list[Failover]:
    """Return what several servers saw of the same failover as one: the first of them to switch."""
    joined: list[Failover] = []
    for one in sorted(seen, key=lambda each: (each.left.not_after, each.left.after)):
        same = next((other for other in joined if _is_same(one, other)), None)
        if same is None:
            joined.append(one)
        else:
            joined[joined.index(same)] = replace(same, returned=_first(one, same))
    return sorted(joined, key=lambda each: each.left)


def _is_same(one: Failover, other: Failover) -> bool:
    """Two servers' failovers are one where they overlap: both away from the same endpoint."""
    if one.endpoint != other.endpoint:
        return False
    ends = [each.returned.not_after if each.returned else None for each in (one, other)]
    starts = (one.left.after, other.left.after)
    return all(
        end is None or start <= end for start, end in zip(starts, reversed(ends), strict=True)
    )


def _first(one: Failover, other: Failover) -> Interval | None:
    returns = [each.returned for each in (one, other) if each.returned is not None]
    return min(returns, key=lambda each: (each.not_after, each.after), default=None)


def _is_drilled(switch: Interval, drills: Iterable[Drilled]) -> bool:
    """A drill was on at some time between the two samples."""
    return any(
        drill.since <= switch.not_after and (drill.until is None or drill.until >= switch.after)
        for drill in drills
    )


def _status_after(failover: Failover, series: Mapping[str, Sequence[Sample]]) -> str | None:
    """Return the first status that was read once the server had switched."""
    read = series.get(f"monitor/{failover.endpoint}", ())
    told = (s.answer for s in read if s.outcome is Outcome.OK and _ends_later(s, failover))
    return next(told, None)


def _ends_later(sample: Sample, failover: Failover) -> bool:
    """The sample was answered after the name server had switched."""
    return sample.answered_at >= failover.left.not_after
