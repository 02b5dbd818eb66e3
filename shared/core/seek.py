"""A drill's timeline as milestones: the search for what the table names, vantage by vantage.

An endpoint has one of each; a machine, name server, resolver or client class its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.core.course import Course, find_course, window
from shared.core.evidence import Evidence
from shared.core.intervals import Interval
from shared.core.milestones import ROWS, Flap, Milestone, NotReached, Proof, Row, Switch
from shared.core.places import NEVER_AWAY, Place, Sought, was_never_away
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.recoveries import seek_stretch
from shared.core.samples import ActionRecord, Transition
from shared.core.switches import (
    States,
    Window,
    find_switch,
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
        """Return the milestone of that name; of several vantages, the first to have switched.

        Any of them may have been it, so it was not before the least of their lower bounds.
        """
        found = [m for m in self.reached if m.name == name]
        first = min(found, key=lambda m: (m.interval.not_after, m.interval.after), default=None)
        if first is None:
            return None
        widest = min(found, key=lambda m: m.interval.after)
        if widest.interval.after == first.interval.after:
            return first
        return replace(
            first,
            interval=Interval(widest.interval.after, first.interval.not_after),
            samples=(widest.samples[0], first.samples[1]),
            is_proved_by_timeout=first.is_proved_by_timeout or widest.is_proved_by_timeout,
        )

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


def _seek(place: Place, course: Course) -> Sought:
    sought_in = _sought_in(place, course)
    if sought_in is None:
        return place.missed(_why_not_sought(place.row, course)), []
    if not place.evidence.series.get(place.series):
        return place.missed(f"there is no sample of {place.series}"), []
    if place.row.proof is Proof.STATE:
        return _seek_state(place, sought_in, course)
    return seek_stretch(place, sought_in, course)


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


ALREADY = "it was so before, and not otherwise since"


def _seek_state(place: Place, sought_in: Window, course: Course) -> Sought:
    row = place.row
    search = find_switch(place.evidence.readings(place.series), States(row.old, row.new), sought_in)
    flaps = [place.flap(reversal) for reversal in search.reversals]
    old = search.last_old if search.new is None else search.old
    if (search.new or search.was_there) and was_never_away(place, old, course):
        return place.missed(NEVER_AWAY), flaps
    if search.new is None and search.was_there:
        return place.missed(ALREADY), flaps
    if search.new is None:
        because = "its new state was not seen to last"
        return place.missed_after(search.last_old, sought_in.since, because), flaps
    return place.reached(search.old, search.new, sought_in.since), flaps
