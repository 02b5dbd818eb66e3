"""A drill's timeline as milestones: the search for what the table names, vantage by vantage.

An endpoint has one of each; a machine, name server, resolver or client class its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.core.course import Course, find_course, window
from shared.core.evidence import Evidence, Reading
from shared.core.intervals import MS_PER_SECOND, in_words
from shared.core.milestones import ROWS, Flap, Milestone, NotReached, Proof, Row, Switch
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.samples import ActionRecord, Instant, Sample, Transition
from shared.core.slots import Served, Slot, Steadiness, find_recovery
from shared.core.switches import (
    Reversal,
    States,
    Window,
    bounds,
    find_switch,
    is_proved_by_timeout,
)


@dataclass(slots=True)
class Milestones:
    """All that was found in a timeline, in the table's order."""

    course: Course
    reached: list[Milestone] = field(default_factory=list)
    not_reached: list[NotReached] = field(default_factory=list)
    flaps: list[Flap] = field(default_factory=list)

    def take(self, result: Milestone | NotReached, flaps: Iterable[Flap] = ()) -> None:
        """Add what one search brought."""
        if isinstance(result, Milestone):
            self.reached.append(result)
        else:
            self.not_reached.append(result)
        self.flaps.extend(flaps)

    def first(self, name: str) -> Milestone | None:
        """Return the milestone of that name; of several vantages, the first to have switched."""
        found = [m for m in self.reached if m.name == name]
        return min(found, key=lambda m: (m.interval.not_after, m.interval.after), default=None)

    def at(self, name: str, vantage: str) -> Milestone | None:
        """Return the milestone of that name as one vantage saw it."""
        found = (m for m in self.reached if m.name == name and m.vantage == vantage)
        return next(found, None)

    def missing(self, name: str, vantage: str | None = None) -> NotReached | None:
        """Return why a milestone was not reached, at one vantage or at the first listed."""
        found = (n for n in self.not_reached if n.name == name and vantage in (None, n.vantage))
        return next(found, None)


def find_milestones(
    evidence: Evidence,
    actions: Iterable[ActionRecord],
    transitions: Iterable[Transition] = (),
) -> Milestones:
    """Find every milestone of the drill's kind of fault, or say why it was not reached."""
    course = find_course(evidence, actions, transitions)
    return seek_rows(evidence, course, ROWS[evidence.drill.plan.fault])


def seek_rows(evidence: Evidence, course: Course, rows: Iterable[Row]) -> Milestones:
    """Find these milestones where the course says that they are to be sought."""
    found = Milestones(course)
    for row in rows:
        if row.proof is Proof.ACTION:
            found.take(_seek_request(evidence, row, course))
        else:
            for vantage in vantages_of(evidence, row.series):
                found.take(*_seek(Place(evidence, row, vantage), course))
    return found


def vantages_of(evidence: Evidence, prefix: str) -> tuple[str, ...]:
    """Return where a kind of series is (or should have been) sampled, configured ones first."""
    drill = evidence.drill
    vantages = drill.snapshot.vantages
    configured: dict[str, tuple[str, ...]] = {
        "health/": (drill.endpoint,),
        "monitor/": (drill.endpoint,),
        "power/": tuple(machine.name for machine in drill.snapshot.targets),
    }
    if prefix in configured:
        return configured[prefix]
    several: dict[str, tuple[str, ...]] = {
        "dns/authoritative/": tuple(v.name for v in vantages.of_name_servers),
        "dns/recursive/": (
            *(v.name for v in vantages.of_resolvers),
            vantages.client_resolver,
        ),
        "client/": (drill.plan.objective_client,),
    }
    return tuple(dict.fromkeys((*several[prefix], *evidence.below(prefix))))


def required_series(evidence: Evidence) -> list[str]:
    """Return the series that the drill's milestones cannot be seen without."""
    rows = [row for row in ROWS[evidence.drill.plan.fault] if row.series]
    return [row.series + at for row in rows for at in vantages_of(evidence, row.series)]


def _seek_request(evidence: Evidence, row: Row, course: Course) -> Milestone | NotReached:
    is_failover = row.of is Switch.FAILOVER
    request = course.fault if is_failover else course.restore.request
    if request is None or request.interval is None:
        because = _why_not_requested(evidence, row, course)
        return NotReached(name=row.name, of=row.of, vantage="", because=because)
    return Milestone(
        name=row.name,
        of=row.of,
        vantage=request.first.by,
        interval=request.interval,
        samples=(request.first.id, request.proof),
    )


def _why_not_requested(evidence: Evidence, row: Row, course: Course) -> str:
    is_failover = row.of is Switch.FAILOVER
    if not is_failover and course.restore.unasked is not None:
        return f"{returned_by_others(evidence, course)} before anything of ours asked for it"
    if (course.fault if is_failover else course.restore.request) is not None:
        return "no request is known to have been accepted, and no look saw its effect"
    if is_failover:
        return "nothing was injected"
    return "the failback is held" if course.is_held else "nothing was asked to be restored"


def returned_by_others(evidence: Evidence, course: Course) -> str:
    """Say what somebody else did to let traffic back."""
    fault = evidence.drill.plan.fault
    if course.is_held or fault is FaultKind.ENDPOINT_DISABLE:
        return "the endpoint was enabled"
    return (
        "the machine ran again" if fault in VM_FAULTS else "the endpoint's probes succeeded again"
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where one milestone is sought: its row of the table, at one vantage."""

    evidence: Evidence
    row: Row
    vantage: str

    @property
    def series(self) -> str:
        """The series that shows it."""
        return f"{self.row.series}{self.vantage}"

    def reached(self, old: Sample | None, new: Sample, since: Instant) -> Milestone:
        """Return the milestone that lies between the two samples."""
        return Milestone(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            interval=bounds(old, new, since),
            samples=(old.id if old else None, new.id),
            is_proved_by_timeout=is_proved_by_timeout(old, new),
        )

    def missed(self, because: str) -> NotReached:
        """Return why there is no such milestone."""
        row = self.row
        return NotReached(name=row.name, of=row.of, vantage=self.vantage, because=because)

    def missed_after(
        self, old: Sample | None, since: Instant, because: str, observed_seconds: float = 0.0
    ) -> NotReached:
        """Return why there is no such milestone, and before when it certainly was not."""
        return NotReached(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            because=because,
            not_before=since if old is None else max(since, old.asked_at),
            sample=old.id if old else None,
            observed_seconds=observed_seconds,
        )

    def flap(self, reversal: Reversal) -> Flap:
        """Return a reversal by the milestone's name."""
        return Flap(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            interval=reversal.interval,
            samples=(reversal.new.id, reversal.old.id),
        )


Sought = tuple[Milestone | NotReached, list[Flap]]


def _seek(place: Place, course: Course) -> Sought:
    sought_in = _sought_in(place, course)
    if sought_in is None:
        return place.missed(_why_not_sought(place.row, course)), []
    if not place.evidence.series.get(place.series):
        return place.missed(f"there is no sample of {place.series}"), []
    if place.row.proof is Proof.STATE:
        return _seek_state(place, sought_in, course)
    return _seek_stretch(place, sought_in, course)


def _why_not_sought(row: Row, course: Course) -> str:
    if course.fault_since is None:
        return "nothing was injected"
    is_held = course.is_held and not row.is_of_machine
    return "the failback is held" if is_held else "nothing was restored yet"


def _sought_in(place: Place, course: Course) -> Window | None:
    is_failover = place.row.of is Switch.FAILOVER
    undone = course.mend_since if place.row.is_of_machine else course.back_since
    since = course.fault_since if is_failover else undone
    if since is None:
        return None
    until = undone if is_failover else None
    return window(place.evidence, place.series, since, until)


def _seek_state(place: Place, sought_in: Window, course: Course) -> Sought:
    row = place.row
    search = find_switch(place.evidence.readings(place.series), States(row.old, row.new), sought_in)
    flaps = [place.flap(reversal) for reversal in search.reversals]
    if search.new is None:
        because = "its new state was not seen to last"
        return place.missed_after(search.last_old, sought_in.since, because), flaps
    if _was_never_away(place, search.old, course):
        return place.missed(NEVER_AWAY), flaps
    return place.reached(search.old, search.new, sought_in.since), flaps


NEVER_AWAY = "what it is the end of was never seen"


def _was_never_away(place: Place, old: Sample | None, course: Course) -> bool:
    """Nothing can come back that was not seen to leave."""
    if place.row.of is Switch.FAILOVER or course.fault_since is None:
        return False
    return old is None or old.asked_at < course.fault_since


def _seek_stretch(place: Place, sought_in: Window, course: Course) -> Sought:
    evidence = place.evidence
    slots = [slot for slot in evidence.slots(place.series) if sought_in.has(slot.asked_at)]
    wanted, unwanted = _sides(place)
    served = [evidence.served(slot, wanted, unwanted) for slot in slots]
    flaps = _client_flaps(place, slots, served, sought_in)
    every_ms, stability_ms = sought_in.every_ms, sought_in.stability_ms
    recovery = find_recovery(slots, served, Steadiness(sought_in.since, stability_ms, every_ms))
    old = _last_before(slots, served, recovery.earliest)
    if slots and _was_never_away(place, old, course):
        return place.missed(NEVER_AWAY), flaps
    if recovery.latest is None or not recovery.whole:
        seconds = recovery.observed_ms / MS_PER_SECOND
        needed = in_words(stability_ms / MS_PER_SECOND)
        because = f"{in_words(seconds)} s were seen of the {needed} s that prove it"
        return place.missed_after(old, sought_in.since, because, seconds), flaps
    new = min(evidence.answers_of(slots[recovery.latest], wanted), key=lambda s: s.answered_at)
    return place.reached(old, new, sought_in.since), flaps


def _sides(place: Place) -> tuple[frozenset[str], frozenset[str]]:
    """Return which endpoints are to serve the client, and which no longer."""
    under_test, survivors = frozenset({place.evidence.drill.endpoint}), place.evidence.survivors
    if place.row.of is Switch.FAILOVER:
        return survivors, under_test
    return under_test, survivors


def _last_before(
    slots: Sequence[Slot], served: Sequence[Served], start: int | None
) -> Sample | None:
    """Return the last sample before the stretch in whose slot the client was not well served."""
    end = len(slots) if start is None else start
    for at in range(end - 1, -1, -1):
        if served[at] is not Served.WANTED:
            return slots[at].samples[-1]
    return None


def _client_flaps(
    place: Place, slots: Sequence[Slot], served: Sequence[Served], sought_in: Window
) -> list[Flap]:
    """Return when the client, once where it should be, was answered by whom it had left."""
    readings = [Reading(slot.samples[0], how) for slot, how in zip(slots, served, strict=True)]
    states = States(frozenset({Served.UNWANTED}), frozenset({Served.WANTED}))
    return [place.flap(r) for r in find_switch(readings, states, sought_in).reversals]
