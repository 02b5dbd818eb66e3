"""What is wrong with the report of a finished drill, held against what the emulated Azure did.

Truth comes first: every milestone that truly happened and could be seen has to be there, and each
verdict has to be that of the true times. What a client lived through is no event of Azure's: its
resolver's switch is, and what was lost on the way to the client, its samples tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from devtools.truth_check import ROWS_BY_FAULT, check
from tests.support.hands import CLIENTS, DRILL_HEADER, written
from tests.support.lab import at
from tests.support.socket_drills import SERIES, VM_FAULTS, Told

Json = dict[str, Any]

PRIMARY, SURVIVOR = "virginia", "amsterdam"
ADDRESSES = {PRIMARY: "127.1.0.4", SURVIVOR: "127.1.0.5"}
CLASSES = ("fresh", "ttl", "keepalive", "pinned")
SIDES = {"failover": SURVIVOR, "failback": PRIMARY}
ARRIVALS = {"failover": "clientOnSurvivor", "failback": "clientOnPrimary"}
BROKEN = {
    "vmPowerOff": ("powerOperation", "powerOff"),
    "vmDeallocate": ("powerOperation", "deallocate"),
    "endpointDisable": ("endpointWrite", "Disabled"),
    "probePath": ("endpointWrite", written(DRILL_HEADER)),
}
MENDED = {
    "vmPowerOff": ("powerOperation", "start"),
    "vmDeallocate": ("powerOperation", "start"),
    "endpointDisable": ("endpointWrite", "Enabled"),
    "probePath": ("endpointWrite", written()),
}
# Milestones that every name server or resolver has of its own.
OF_SERVERS = {
    "authoritativeSwitched": "authoritative",
    "authoritativeBack": "authoritative",
    "resolverSwitched": "resolvers",
    "resolverBack": "resolvers",
}
ANSWERS = {"authoritative": "answer", "resolvers": "resolverAnswer"}  # the truth of each
UNDER_WAY = timedelta(seconds=3)  # what a request to ARM may take on a busy machine
SECOND = timedelta(seconds=1)
NEVER = datetime.max.replace(tzinfo=UTC)
# A client keeps an answer as long as its resolver was going to, from when it has come to it.
WAY_BACK = SECOND

Bounds = tuple[datetime, datetime]


@dataclass(frozen=True)
class Course:
    """When a drill truly was broken and mended."""

    told: Told

    def first(self, kind: str, value: object, since: datetime, subject: str = "") -> datetime:
        """Return when something first happened from then on; StopIteration if it did not."""
        return next(
            at(event["at"])
            for event in self.told.truth
            if (event["kind"], event["value"]) == (kind, value)
            and at(event["at"]) >= since
            and subject in ("", event["subject"])
        )

    @cached_property
    def asked_at(self) -> datetime:
        """When ARM took the fault's request."""
        return self.first(*BROKEN[self.fault], at(self.told.drill["startedAt"]))

    @cached_property
    def broken_at(self) -> datetime:
        """When the fault took effect."""
        is_of_machine = self.fault in VM_FAULTS
        return self.first("serving", False, self.asked_at) if is_of_machine else self.asked_at

    @cached_property
    def restored_at(self) -> datetime:
        """When ARM took the request to let traffic return."""
        if self.told.drawn.plan["failback"] == "automatic":
            return self.first(*MENDED[self.fault], self.asked_at)
        disabled_at = self.first("endpointWrite", "Disabled", self.asked_at)
        return self.first("endpointWrite", "Enabled", disabled_at)

    @property
    def fault(self) -> str:
        """The kind of fault."""
        fault: str = self.told.drawn.plan["fault"]
        return fault

    def window(self, of: str) -> Bounds:
        """Return from when to when a switch's milestones can be seen."""
        since = self.asked_at if of == "failover" else self.restored_at
        return since, self.seen_until(of)

    def seen_until(self, of: str) -> datetime:
        """Return when what is asked shows a switch no more.

        Of the failover that is when the restore was sent, which is told by the report alone, and
        at most so long before ARM took it.
        """
        if of == "failback":
            return at(self.told.drill["closedAt"])
        found = [m for m in self.told.report["milestones"] if m["name"] == "restoreRequested"]
        sent_at = min((at(m["after"]) for m in found), default=self.restored_at)
        return max(sent_at, self.restored_at - UNDER_WAY)


def wrongs(told: Told) -> Iterator[str]:
    """Yield, in words, everything that the report should not say, or should have said."""
    if told.drill["ending"] != "finished":
        yield f"It ended {told.drill['ending']}, {told.drill['reason']}."
        return
    course = Course(told)
    for finding in check(told.report, {"events": told.truth}):
        if not finding.holds:
            yield f"It does not hold: {finding}"
    yield from _unreported(course)
    for objective in told.report["objectives"]:
        yield from _misjudged(course, objective)


def _unreported(course: Course) -> Iterator[str]:
    """Yield what happened and is not told."""
    report = course.told.report
    reached = {(m["name"], m["vantage"]) for m in report["milestones"]}
    explained = {(m["name"], m["vantage"]) for m in report["notReached"] if m["because"]}
    for name in ROWS_BY_FAULT[course.fault].keys() - OF_SERVERS.keys():
        if name not in {told for told, _ in reached}:
            yield f"Every such drill has {name}, and the report has none."
    for name, server in _switches(course):
        if (name, server) not in reached:
            yield f"{name} of {server} happened and was seen, and is not reported."
    vantages = [(n, s) for n, kind in OF_SERVERS.items() for s in course.told.servers[kind]]
    vantages += [(name, each) for name in CLIENTS for each in CLASSES]
    for silent in set(vantages) - reached - explained:
        yield f"{silent} is neither reported nor explained."


def _switches(course: Course) -> Iterator[tuple[str, str]]:
    """Yield the switches of name servers and resolvers that were there for us to see."""
    for name, kind in OF_SERVERS.items():
        of = "failback" if name.endswith("Back") else "failover"
        for server in course.told.servers[kind]:
            went = _is_seen(course, "failover", kind, server)
            if went and (of == "failover" or _is_seen(course, of, kind, server)):
                yield name, server


def _is_seen(course: Course, of: str, kind: str, server: str) -> bool:
    """Whether it switched, and an answer that was asked for afterwards came and said so."""
    since, until = course.window(of)
    try:
        switched_at = course.first(ANSWERS[kind], SIDES[of], since, server)
    except StopIteration:
        return False
    return any(
        s["outcome"] == "ok" and SIDES[of] in s["answer"]
        for s in course.told.samples[SERIES[kind] + server]
        if switched_at <= at(s["askedAt"]) and at(s["answeredAt"]) <= until
    )


def _misjudged(course: Course, objective: Json) -> Iterator[str]:
    """Yield what is wrong with a verdict, or with the bounds that it was judged by."""
    of = objective["name"]
    began_at = course.broken_at if of == "failover" else course.restored_at
    arrived = arrival(course, of)
    least, most = (each - began_at for each in arrived)
    for wrong in _wrong_verdicts(objective, least, most):
        yield f"{of}: {wrong}: {objective}; truly it took {least} to {most}."
    wanted = ARRIVALS[of], course.told.drawn.plan["objectiveClient"]
    found = [m for m in course.told.report["milestones"] if (m["name"], m["vantage"]) == wanted]
    if bool(found) == (arrived[1] is NEVER):
        yield f"{wanted} is told as {found}; truly it was at {arrived}."
    for milestone in found:
        if at(milestone["after"]) > arrived[1] or at(milestone["notAfter"]) < arrived[0]:
            yield f"{milestone} does not hold {arrived}."


def _wrong_verdicts(objective: Json, least: timedelta, most: timedelta) -> Iterator[str]:
    """Yield what is wrong, beside a true time that is known to lie between two bounds.

    There is no allowance for sampling: the bounds that a verdict goes by are to hold the truth,
    however coarse they are. `least` and `most` differ only as `arrival` says.
    """
    rto, verdict = timedelta(seconds=objective["rtoSeconds"]), objective["verdict"]
    low, high = objective["secondsMin"] * SECOND, objective["secondsMax"]
    high = timedelta.max if high is None else high * SECOND
    if verdict == "met" and least > rto:
        yield "it was not met"
    if verdict == "missed" and most <= rto:
        yield "it was not missed"
    if verdict == "inconclusive" and not low <= rto < high:
        yield "its bounds could have decided it"
    # Of what was not seen, no more can be said than what was.
    if low > (least if high == timedelta.max else most) or high < least:
        yield "the truth is out of its bounds"


def arrival(course: Course, of: str) -> Bounds:
    """Return when the objective client truly was where it should be.

    That is the instant of its resolver's switch, or hardly later for a client that keeps answers.
    Where what it asked after that failed nevertheless (a message was lost), its samples tell:
    it arrived between the last that failed and the first of those that prove its recovery, or
    nobody knows when, if there was no time to prove it.
    """
    told, side = course.told, SIDES[of]
    since, until = course.window(of)
    client = told.drawn.plan["objectiveClient"]
    resolver = told.servers["resolvers"][0]
    switched_at = course.first("resolverAnswer", side, since, resolver)
    may_know_at = switched_at + (WAY_BACK if client == "ttl" else timedelta())
    visits = [
        visit
        for visit in told.samples[f"client/{client}"]
        if at(visit["answeredAt"]) >= switched_at and at(visit["askedAt"]) < until
    ]
    start, is_proved = _recovery(visits, ADDRESSES[side], told.drawn.plan)
    failed = [v for v in visits[:start] if at(v["askedAt"]) >= may_know_at]
    arrived_at = at(visits[start]["answeredAt"]) if is_proved else NEVER
    if failed:
        return at(failed[-1]["askedAt"]), arrived_at
    return switched_at, may_know_at if is_proved else NEVER


def _recovery(visits: Sequence[Json], address: str, plan: Json) -> tuple[int, bool]:
    """Return where the first stretch begins that shows a recovery, and whether it proves it.

    It is served by whom it should be, then by nobody else, and no two in a row fail; it proves a
    recovery if it is seen to its end. There may be none: then it begins after all visits.
    """
    for start, visit in enumerate(visits):
        if visit["outcome"] == "ok" and visit["answer"] == address:
            stretch, is_whole = _stretch(visits[start:], plan)
            strangers = any(v["outcome"] == "ok" and v["answer"] != address for v in stretch)
            fails = [v["outcome"] != "ok" for v in stretch]
            if not strangers and not any(one and other for one, other in pairwise(fails)):
                return start, is_whole
    return len(visits), False


def _stretch(visits: Sequence[Json], plan: Json) -> tuple[Sequence[Json], bool]:
    """Return the visits of the stability time that the first begins, and whether that is all.

    A visit speaks for its whole interval.
    """
    seconds = plan["stabilitySeconds"] - plan["sampleIntervalSeconds"]
    ends_at = at(visits[0]["askedAt"]) + seconds * SECOND
    before_end = sum(at(v["askedAt"]) < ends_at for v in visits)
    return visits[: before_end + 1], before_end < len(visits)
