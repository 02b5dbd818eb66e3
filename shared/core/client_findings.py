"""What the classes of client show beside the objective one: what no TTL can mend."""

from collections.abc import Iterator

from shared.core.findings import Facts, Finding
from shared.core.intervals import MS_PER_SECOND, Elapsed, in_words
from shared.core.milestones import NotReached, Switch
from shared.core.plan import ClientClass
from shared.core.samples import Instant
from shared.core.slots import Served, Slot

CLIENT_MILESTONES = ("clientOnSurvivor", "clientOnPrimary")
KEEP_IN_PROCESS = (ClientClass.TTL, ClientClass.KEEPALIVE)
"""What these keep, a new process does not know."""


def of_clients(facts: Facts) -> list[Finding]:
    """Return every finding about classes of client."""
    return [*_left_behind(facts), *_begun_anew(facts)]


def _left_behind(facts: Facts) -> Iterator[Finding]:
    """Yield the classes that traffic's move passed by: failing to its end, or served elsewhere."""
    for missing in facts.journey.found.not_reached:
        is_client = missing.name in CLIENT_MILESTONES and missing.not_before is not None
        since, until = _watched(facts, missing.of)
        if not is_client or facts.kept_serving or since is None or until is None:
            continue
        slots = facts.evidence.slots(f"client/{missing.vantage}")
        watched = [slot for slot in slots if since <= slot.asked_at < until]
        if watched:
            yield from _how_it_ended(facts, missing, watched[-1], since)


def _watched(facts: Facts, of: Switch) -> tuple[Instant | None, Instant | None]:
    """Return from when to when a switch was watched; None where it has not begun, or goes on."""
    course = facts.journey.found.course
    if of is Switch.FAILOVER:
        return course.fault_since, course.back_since
    return course.back_since, facts.journey.drill.closed_at


def _how_it_ended(
    facts: Facts, missing: NotReached, last: Slot, since: Instant
) -> Iterator[Finding]:
    evidence, client = facts.evidence, missing.vantage
    primary, survivors = frozenset({facts.journey.drill.endpoint}), evidence.survivors
    is_failover = missing.of is Switch.FAILOVER
    wanted, left = (survivors, primary) if is_failover else (primary, survivors)
    served = evidence.served(last, wanted, left)
    seconds = (last.asked_at - since) / MS_PER_SECOND
    for_how_long = f"in the {missing.of}, watched for {in_words(seconds)} s"
    if served is Served.UNWANTED:
        where = next(filter(left.__contains__, (evidence.named(s.answer) for s in last.samples)))
        message = (
            f"The {client} client stayed on {where} {for_how_long}: what it keeps outlives every "
            "TTL."
        )
        code = "ClientStayed"
    elif served is Served.WANTED:
        return  # it got there, too late for the stretch that proves it
    else:
        whom = "a survivor" if is_failover else f"{facts.journey.drill.endpoint} again"
        message = f"The {client} client was never served by {whom} {for_how_long}."
        code = "ClientNeverRecovered"
    yield Finding(code=code, subject=client, message=message, elapsed=Elapsed(seconds, None))


def _begun_anew(facts: Facts) -> Iterator[Finding]:
    """Yield that what clients keep was lost between two processes, after the fault."""
    since = facts.journey.found.course.fault_since
    for client in KEEP_IN_PROCESS:
        first_of: dict[str, Instant] = {}
        for sample in facts.evidence.series.get(f"client/{client}", ()):
            first_of.setdefault(sample.writer, sample.asked_at)
        begun = sorted(first_of.values())[1:]
        count = sum(since is not None and at >= since for at in begun)
        if count:
            message = (
                f"The {client} client was begun anew after the fault (new processes: {count}): "
                "a process does not know what the one before had kept."
            )
            yield Finding(code="ClientBegunAnew", subject=client, message=message)
