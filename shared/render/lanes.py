"""What every series answered over time: one lane each, as bands; neighbours alike are one band.

A band lasts from the first of its samples to the next band's first. Where nothing was asked for
longer than a series may be silent, the lane says so: a gap is a band of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.core.evidence import Evidence
from shared.core.grid import ARM_SERIES
from shared.core.model import Drill
from shared.core.samples import Instant, Outcome, Sample, Timeline
from shared.core.seek import required_series
from shared.core.slots import is_gap

FAILING, CHANGING, OTHER, UNKNOWN, GAP = "fail", "chng", "othr", "unkn", "gap"
SURVIVOR_TONES = 4
"""As many survivors can be told apart by their pattern; more share one, and are told by name."""


class Reading(NamedTuple):
    """What one sample says: its tone, and the word for it."""

    tone: str
    says: str


class Band(NamedTuple):
    """A stretch of time in which a series said one thing; `asked` is how many samples said it."""

    tone: str
    says: str
    since: Instant
    until: Instant
    asked: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One series: what it is of, where it was seen from, and its bands in time order."""

    series: str
    kind: str
    vantage: str
    bands: tuple[Band, ...]


KINDS: Mapping[str, str] = {
    "power/": "Machine",
    "health/": "Endpoint answers us",
    "monitor/": "Traffic Manager sees",
    "monitor": "Traffic Manager sees",
    "dns/authoritative/": "Name server",
    "dns/recursive/": "Resolver",
    "client/": "Client",
}
"""The series in the order in which a switch passes through them, and the word for each."""

_GOOD = ""
WORDS: Mapping[str, str] = {
    "running": _GOOD,
    "Online": _GOOD,
    "stopped": FAILING,
    "deallocated": FAILING,
    "Degraded": FAILING,
    "Disabled": FAILING,
    "starting": CHANGING,
    "stopping": CHANGING,
    "deallocating": CHANGING,
    "CheckingEndpoint": CHANGING,
    "CheckingEndpoints": CHANGING,
}
"""What ARM's words mean; any other is neither good nor bad."""


def lanes(drill: Drill, timeline: Timeline) -> tuple[Lane, ...]:
    """Return a lane for every series that was recorded or should have been."""
    evidence = Evidence(drill, timeline.samples, steps=timeline.steps)
    series: dict[str, Sequence[Sample]] = {
        **dict.fromkeys(required_series(evidence), ()),
        **evidence.series,
    }
    asked = [s.asked_at for of_it in series.values() for s in (*of_it[:1], *of_it[-1:])]
    observed = (min(asked, default=0), max(asked, default=0))
    tones = endpoint_tones(drill)
    return tuple(
        _lane(evidence, name, series[name], observed, _reader(evidence, name, tones))
        for name in sorted(series, key=lambda name: _order(name, tones))
        if asked
    )


def endpoint_tones(drill: Drill) -> dict[str, str]:
    """Return each endpoint's tone, the one under test first, then by priority."""
    others = sorted(
        (e for e in drill.snapshot.endpoints if e.name != drill.endpoint),
        key=lambda e: (e.priority, e.name),
    )
    survivors = {e.name: f"e{1 + at % SURVIVOR_TONES}" for at, e in enumerate(others)}
    return {drill.endpoint: "e0", **survivors}


def kind_of(series: str) -> str:
    """Return the beginning that a series shares with those of its kind; itself if it is known."""
    return next((p for p in KINDS if p.endswith("/") and series.startswith(p)), series)


def bands(
    samples: Iterable[Sample], every_ms: int, read: Callable[[Sample], Reading]
) -> list[Band]:
    """Return one series' samples, in order of asking, run by run; gaps between them are bands."""
    found: list[Band] = []
    before: Sample | None = None
    for sample in samples:
        says = read(sample)
        last = found[-1] if found else None
        if before is not None and is_gap(before.asked_at, sample.asked_at, every_ms):
            _end(found, min(before.answered_at, sample.asked_at))
            found.append(_gap(found[-1].until, sample.asked_at))
            last = None
        if last is not None and (last.tone, last.says) == says:
            found[-1] = last._replace(until=sample.answered_at, asked=last.asked + 1)
        else:
            _end(found, sample.asked_at)
            found.append(Band(*says, sample.asked_at, sample.answered_at, 1))
        before = sample
    return found


def _end(found: list[Band], until: Instant) -> None:
    if found:
        found[-1] = found[-1]._replace(until=until)


def _gap(since: Instant, until: Instant) -> Band:
    return Band(GAP, "not asked", since, until, 0)


def _lane(
    evidence: Evidence,
    name: str,
    samples: Sequence[Sample],
    observed: tuple[Instant, Instant],
    read: Callable[[Sample], Reading],
) -> Lane:
    every_ms, (first, last) = evidence.every_ms(name), observed
    found = bands(samples, every_ms, read)
    if not found:
        found = [_gap(first, last)]
    if is_gap(first, found[0].since, every_ms):
        found.insert(0, _gap(first, found[0].since))
    if samples and is_gap(samples[-1].asked_at, last, every_ms):
        found.append(_gap(found[-1].until, last))
    kind = kind_of(name)
    return Lane(name, KINDS.get(kind, name), name.removeprefix(kind) or "profile", tuple(found))


def _order(series: str, tones: Mapping[str, str]) -> tuple[int, int, str]:
    kind, endpoints = kind_of(series), list(tones)
    name = series.removeprefix(kind)
    rank = endpoints.index(name) if name in tones else len(endpoints)
    kinds = list(KINDS)
    return (kinds.index(kind) if kind in KINDS else len(kinds), rank, name)


def _reader(
    evidence: Evidence, series: str, tones: Mapping[str, str]
) -> Callable[[Sample], Reading]:
    """Return what tells a sample's reading; each kind of answer is judged once."""
    known: dict[tuple[str, str, int | None], Reading] = {}
    kind = kind_of(series)
    own = tones.get(series.removeprefix(kind), tones[evidence.drill.endpoint])

    def judged(sample: Sample) -> Reading:
        if sample.outcome is not Outcome.OK:
            return _failed(sample)
        if series.startswith(ARM_SERIES):
            meaning = WORDS.get(sample.answer, OTHER)
            healthy = OTHER if kind == "monitor" else own
            return Reading(healthy if meaning == _GOOD else meaning, sample.answer)
        if kind == "health/":
            return Reading(own, "serving")
        endpoint = evidence.named(sample.answer) or ""
        return Reading(tones.get(endpoint, OTHER), endpoint.removeprefix("other:") or "empty")

    def read(sample: Sample) -> Reading:
        key = (sample.outcome, sample.answer, sample.code)
        if key not in known:
            known[key] = judged(sample)
        return known[key]

    return read


def _failed(sample: Sample) -> Reading:
    if sample.series.startswith(ARM_SERIES):
        return Reading(UNKNOWN, "not known")
    if sample.outcome is Outcome.TIMEOUT:
        return Reading(FAILING, "no answer")
    kind = "rcode" if sample.series.startswith("dns/") else "HTTP"
    return Reading(FAILING, "failed" if sample.code is None else f"{kind} {sample.code}")
