"""What each sample of a drill's timeline proves, read with the drill's own snapshot.

A failed DNS or ARM sample proves nothing. A health sample that failed proves that the endpoint did
not serve, but a packet can be lost to a healthy endpoint: a failure alone is a blip, and a time-out
at the edge of an outage counts only where the outage can be seen to include it. Where time-outs
between answers show that packets are lost, several in a row may be.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from shared.core.clock_steps import stamps
from shared.core.grid import interval_ms
from shared.core.model import Drill
from shared.core.samples import ClockStep, Instant, Omitted, Outcome, Sample
from shared.core.slots import LOST_IN_A_ROW_MAX, OUTCOME, Served, Slot, is_parted, to_slots

HEALTH = "health/"
SERVING = "serving"
FAILING = "failing"
UNDER_TEST = "underTest"
SURVIVOR = "survivor"
UNPROVEN = ""
NETWORK = ("dns/", HEALTH)
"""Series whose packets may be lost."""
OFTEN_LOST_SHARE = 0.01
"""Where more packets than this are lost, two in a row often are, and three now and then."""


class Reading(NamedTuple):
    """A sample and the state that it proves; ARM's series prove ARM's own words."""

    sample: Sample
    state: str


def by_series(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group samples by series, in order of asking, each once however often it was written."""
    grouped: dict[str, dict[tuple[Instant, str], Sample]] = {}
    for sample in samples:
        same = grouped.setdefault(sample.series, {})
        known = same.setdefault((sample.asked_at, sample.writer), sample)
        if known != sample:
            same[sample.asked_at, sample.writer] = min(known, sample, key=_preference)
    return {name: [of_it[at] for at in sorted(of_it)] for name, of_it in sorted(grouped.items())}


def _preference(sample: Sample) -> tuple[Instant, str, str, int, int, str, int]:
    """Of two versions of one sample the same is kept, whichever comes first."""
    code, ttl_seconds, took_tenths = sample.code, sample.ttl_seconds, sample.took_tenths
    return (
        sample.answered_at,
        sample.outcome,
        sample.answer,
        -1 if code is None else code,
        -1 if ttl_seconds is None else ttl_seconds,
        sample.detail,
        -1 if took_tenths is None else took_tenths,
    )


class Evidence:
    """A drill's samples, by series: what each proves, computed once."""

    def __init__(
        self,
        drill: Drill,
        samples: Iterable[Sample],
        omitted: Iterable[Omitted] = (),
        steps: Iterable[ClockStep] = (),
    ) -> None:
        self.drill = drill
        self._stamped = stamps(steps)
        self.series = by_series(samples)
        self._omitted: dict[str, dict[Instant, int]] = {}
        for series, _, until, number in omitted:
            self._omitted.setdefault(series, {})[until] = number
        endpoints = drill.snapshot.endpoints
        self.survivors = frozenset(
            e.name for e in endpoints if e.enabled and e.name != drill.endpoint
        )
        # An endpoint that is asked by its name may answer from an address that nobody foresaw.
        is_learnt = drill.plan.served_by_header or any(e.address == e.target for e in endpoints)
        self._served_by = learn_served_by(self.series) if is_learnt else {}
        self._named: dict[str, str | None] = {}
        self._slots: dict[str, list[Slot]] = {}
        self._readings: dict[str, list[Reading]] = {}

    def below(self, prefix: str) -> tuple[str, ...]:
        """Return what follows the prefix in the names of the series that were recorded."""
        return tuple(n.removeprefix(prefix) for n in self.series if n.startswith(prefix))

    def every_ms(self, series: str) -> int:
        """Return how far the attempts of a series lie apart."""
        return interval_ms(series, self.drill.plan.sample_interval_seconds)

    def slots(self, series: str) -> list[Slot]:
        """Return a series' slots; empty when it has no samples."""
        if series not in self._slots:
            self._slots[series] = to_slots(
                self.series.get(series, ()),
                self.every_ms(series),
                self._stamped,
                self.omitted(series),
            )
        return self._slots[series]

    def numbering(self, series: str) -> Callable[[Instant], int]:
        """Return what tells the number of the slot that an attempt lay in."""
        stamped, every_ms = self._stamped, self.every_ms(series)
        return lambda asked_at: stamped(asked_at) // every_ms

    def omitted(self, series: str) -> Mapping[Instant, int]:
        """Return how many samples were left out of a series, by the sample that follows them."""
        return self._omitted.get(series, {})

    def readings(self, series: str) -> list[Reading]:
        """Return a series' samples with the state that each proves, in order of asking."""
        if series not in self._readings:
            self._readings[series] = self._read(series)
        return self._readings[series]

    def named(self, answer: str) -> str | None:
        """Return the endpoint that an answer names or that served it."""
        if answer not in self._named:
            endpoint = self._served_by.get(answer) or self.drill.snapshot.endpoint_named(answer)
            self._named[answer] = endpoint
        return self._named[answer]

    def served(self, slot: Slot, wanted: frozenset[str], unwanted: frozenset[str]) -> Served:
        """Say what a client's slot shows of a recovery towards the wanted endpoints."""
        answered = {self.named(s.answer) for s in slot.samples if _is_answer(s)}
        if answered & unwanted:
            return Served.UNWANTED
        if slot.failed:
            return Served.FAILED
        return Served.WANTED if self.answers_of(slot, wanted) else Served.OTHER

    def answers_of(self, slot: Slot, endpoints: frozenset[str]) -> list[Sample]:
        """Return the slot's samples that one of the endpoints answered well."""
        return [
            s for s in slot.samples if s.outcome is Outcome.OK and self.named(s.answer) in endpoints
        ]

    def _read(self, series: str) -> list[Reading]:
        samples = self.series.get(series, [])
        if series.startswith(HEALTH):
            return _read_health(self.slots(series), self.every_ms(series), self._lost_in_a_row)
        if series.startswith("dns/"):
            return [Reading(s, self._side(s)) for s in samples]
        return [Reading(s, s.answer if s.outcome is Outcome.OK else UNPROVEN) for s in samples]

    @cached_property
    def _lost_in_a_row(self) -> int:
        """How many packets in a row may have been lost: one always, more where some were."""
        network = [name for name in self.series if name.startswith(NETWORK)]
        lost = sum(map(self._count_lost, network))
        asked = sum(len(self.series[name]) + sum(self.omitted(name).values()) for name in network)
        return LOST_IN_A_ROW_MAX if lost > OFTEN_LOST_SHARE * asked else 1 + bool(lost)

    def _count_lost(self, series: str) -> int:
        """Count the time-outs between two answers: packets that were lost."""
        if Outcome.TIMEOUT not in map(OUTCOME, self.series[series]):
            return 0
        slots, every_ms = self.slots(series), self.every_ms(series)
        return sum(
            _is_timed_out(lost)
            and not (before.failed or after.failed)
            and not (is_parted(before, lost, every_ms) or is_parted(lost, after, every_ms))
            for before, lost, after in zip(slots, slots[1:], slots[2:], strict=False)
        )

    def _side(self, sample: Sample) -> str:
        endpoint = self.named(sample.answer) if sample.outcome is Outcome.OK else None
        if endpoint == self.drill.endpoint:
            return UNDER_TEST
        return SURVIVOR if endpoint in self.survivors else UNPROVEN


def learn_served_by(series: Mapping[str, Sequence[Sample]]) -> dict[str, str]:
    """Learn from health samples which header value is whose; one that two share is nobody's."""
    owners: dict[str, set[str]] = {}
    for name in series:
        if not name.startswith(HEALTH):
            continue
        for sample in series[name]:
            if sample.outcome is Outcome.OK and sample.answer:
                owners.setdefault(sample.answer, set()).add(name.removeprefix(HEALTH))
    return {answer: min(of_it) for answer, of_it in owners.items() if len(of_it) == 1}


def _is_answer(sample: Sample) -> bool:
    """Somebody answered, well or badly: a status came."""
    return sample.outcome is Outcome.OK or (
        sample.outcome is Outcome.FAILED and sample.code is not None
    )


def _read_health(slots: Sequence[Slot], every_ms: int, lost_in_a_row: int) -> list[Reading]:
    proves = _proven_failing(slots, every_ms, lost_in_a_row)
    return [
        Reading(sample, _health_state(sample, slot, proves=failing))
        for slot, failing in zip(slots, proves, strict=True)
        for sample in slot.samples
    ]


def _health_state(sample: Sample, slot: Slot, *, proves: bool) -> str:
    if sample.outcome is Outcome.OK:
        return SERVING
    return FAILING if slot.failed and proves else UNPROVEN


def _proven_failing(slots: Sequence[Slot], every_ms: int, lost_in_a_row: int) -> list[bool]:
    """Tell which failed slots prove an outage: those that a neighbour confirms, edges with care."""
    confirmed = [False] * len(slots)
    for at, (one, other) in enumerate(pairwise(slots)):
        if one.failed and other.failed and not is_parted(one, other, every_ms):
            confirmed[at] = confirmed[at + 1] = True
    return [
        sure and not _is_doubtful_edge(slots, at, lost_in_a_row)
        for at, sure in enumerate(confirmed)
    ]


def _is_doubtful_edge(slots: Sequence[Slot], at: int, lost_in_a_row: int) -> bool:
    """A time-out beside the switch may be a lost packet, asked before the outage or after it."""
    if not _is_timed_out(slots[at]):
        return False
    older = slots[max(0, at - lost_in_a_row) : at]
    newer = slots[at + 1 : at + 1 + lost_in_a_row]
    may_be_after = any(not slot.failed for slot in newer)
    # Of those that may be lost before it, the outage began at the latest when the next was asked.
    served = next((place for place, slot in enumerate(reversed(older)) if not slot.failed), None)
    may_be_before = served is not None and _ended_before(slots[at], newer[: lost_in_a_row - served])
    return may_be_after or may_be_before


def _is_timed_out(slot: Slot) -> bool:
    return all(sample.outcome is Outcome.TIMEOUT for sample in slot.samples)


def _ended_before(slot: Slot, newer: Sequence[Slot]) -> bool:
    """The time-out was over before the next attempt: it cannot vouch for the time between."""
    return any(min(s.answered_at for s in slot.samples) <= n.asked_at for n in newer)
