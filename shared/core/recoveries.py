"""A client's recovery as a milestone: the stretch of its slots that proves it."""

from collections.abc import Sequence
from itertools import groupby

from shared.core.course import Course
from shared.core.evidence import Reading
from shared.core.intervals import MS_PER_SECOND, in_words
from shared.core.milestones import Flap, Switch
from shared.core.places import NEVER_AWAY, Place, Sought, was_never_away
from shared.core.plan import VM_FAULTS
from shared.core.samples import Sample
from shared.core.slots import Served, Slot, Steadiness, find_recovery
from shared.core.switches import States, Window, find_switch

OUTAGE_SLOTS = 2
"""So many failures in a row show that a client was not served, where a machine was stopped."""
LOSSES_MAX = 4
"""Where all machines ran, so many in a row may be lost packets."""


def seek_stretch(place: Place, sought_in: Window, course: Course) -> Sought:
    """Return the recovery, or why there is none, and the flaps on the way."""
    evidence = place.evidence
    slots = [slot for slot in evidence.slots(place.series) if sought_in.has(slot.asked_at)]
    wanted, unwanted = _sides(place)
    served = [evidence.served(slot, wanted, unwanted) for slot in slots]
    flaps = _client_flaps(place, slots, served, sought_in)
    every_ms, stability_ms = sought_in.every_ms, sought_in.stability_ms
    recovery = find_recovery(slots, served, Steadiness(sought_in.since, stability_ms, every_ms))
    old = _last_before(slots, served, recovery.earliest)
    if slots and (was_never_away(place, old, course) or _never_left(place, slots, served, course)):
        return place.missed(NEVER_AWAY), flaps
    if recovery.latest is None or not recovery.whole:
        seconds = recovery.observed_ms / MS_PER_SECOND
        needed = in_words(stability_ms / MS_PER_SECOND)
        because = f"{in_words(seconds)} s were seen of the {needed} s that prove it"
        return place.missed_after(old, sought_in.since, because, seconds), flaps
    new = min(evidence.answers_of(slots[recovery.latest], wanted), key=lambda s: s.answered_at)
    return place.reached(old, new, sought_in.since), flaps


def _never_left(
    place: Place, slots: Sequence[Slot], served: Sequence[Served], course: Course
) -> bool:
    """No one else served the client, nor did everybody fail it for so long that it shows.

    A fault that stops no machine leaves the endpoint serving: then a few failures are losses.
    """
    if place.row.of is Switch.FAILOVER or course.fault_since is None:
        return False
    since = [
        (how, slot.failures)
        for slot, how in zip(slots, served, strict=True)
        if slot.asked_at >= course.fault_since
    ]
    if any(how in (Served.UNWANTED, Served.OTHER) for how, _ in since):
        return False
    runs = (
        sum(failures for _, failures in run)
        for how, run in groupby(since, key=lambda each: each[0])
        if how is Served.FAILED
    )
    outage = OUTAGE_SLOTS if place.evidence.drill.plan.fault in VM_FAULTS else LOSSES_MAX + 1
    return max(runs, default=0) < outage


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
