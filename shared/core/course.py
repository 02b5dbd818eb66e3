"""A drill's course: when the fault and its undoing were asked for, by us or by somebody else.

It bounds where milestones are sought: fault milestones from the one to the other, the others from
there on. Where the failback is held, machines come back first and traffic later, each in its turn.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.core.decide import restore_by
from shared.core.evidence import Evidence
from shared.core.intervals import MS_PER_SECOND, Interval
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import FaultKind
from shared.core.requests import OF_STATUS, SIGNS, Looks, Request, Signs, find_request
from shared.core.samples import ActionKind, ActionRecord, Instant, Transition
from shared.core.switches import States, Window, bounds, find_switch


@dataclass(frozen=True, slots=True)
class Unasked:
    """Something broken that was whole again before anything of ours had asked for it."""

    vantage: str
    interval: Interval
    samples: tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """The undoing of something: as we asked for it, or as somebody else did it before."""

    request: Request | None = None
    unasked: Unasked | None = None

    @property
    def since(self) -> Instant | None:
        """When it may first have been undone."""
        if self.unasked is not None:
            return self.unasked.interval.after
        return self.request.sent_at if self.request else None


@dataclass(frozen=True, slots=True)
class Course:
    """When the fault and its undoing were asked for, which bounds where milestones are sought.

    `mend` undoes the fault; `restore` lets traffic return. They are one, unless the failback
    `is_held`: then the fault is undone behind an endpoint that is disabled, and enabled later.
    """

    fault: Request | None
    mend: Turn
    restore: Turn
    is_held: bool = False

    @property
    def fault_since(self) -> Instant | None:
        """When the fault may first have been in place."""
        return self.fault.sent_at if self.fault else None

    @property
    def mend_since(self) -> Instant | None:
        """When the fault may first have been undone; None where there was none."""
        return self.mend.since if self.fault else None

    @property
    def back_since(self) -> Instant | None:
        """When traffic may first have been let back; None where no fault sent it away."""
        return self.restore.since if self.fault else None

    @property
    def is_restored_by_others(self) -> bool:
        """Somebody else let traffic back before we did."""
        return self.restore.unasked is not None


@dataclass(frozen=True, slots=True)
class Search:
    """What the undoing of one thing is sought in."""

    evidence: Evidence
    actions: Sequence[ActionRecord]
    signs: Signs

    def request(self, kind: ActionKind, since: Instant = 0) -> Request | None:
        """Return what any of ours asked from then on."""
        later = [_since(action, since) for action in self.actions if _may_be_later(action, since)]
        series = [self.evidence.readings(name) for name in self._series()]
        return find_request(kind, later, Looks(self.signs, series, since))

    def turn(self, kind: ActionKind, since: Instant, *, is_known_unasked: bool) -> Turn:
        """Return how what was broken since then was undone.

        A drill may know from its own looks, between two samples, that it was somebody else.
        """
        request = self.request(kind, since)
        until = request.sent_at if request and not is_known_unasked else None
        unasked = [found for name in self._series() for found in self._unasked(name, since, until)]
        if unasked:
            return Turn(unasked=min(unasked, key=lambda found: (found.interval, found.vantage)))
        return Turn(request=request)

    def _series(self) -> list[str]:
        drill = self.evidence.drill
        machines = [machine.name for machine in drill.snapshot.targets]
        of_what = machines if self.signs.series == "power/" else [drill.endpoint]
        return [f"{self.signs.series}{name}" for name in of_what]

    def _unasked(self, series: str, since: Instant, until: Instant | None) -> Iterator[Unasked]:
        """Yield when what had been broken was whole before anything of ours asked for it."""
        readings, signs = self.evidence.readings(series), self.signs
        broken = (
            s.asked_at for s, state in readings if s.asked_at >= since and state in signs.broken
        )
        broken_at = next(broken, None)
        if broken_at is None:
            return
        states = States(signs.broken | signs.mending, signs.whole)
        search = find_switch(readings, states, window(self.evidence, series, broken_at, until))
        if search.new is not None and (until is None or search.new.answered_at <= until):
            yield Unasked(
                vantage=series.removeprefix(signs.series),
                interval=bounds(search.old, search.new, broken_at),
                samples=(search.old.id if search.old else None, search.new.id),
            )


def find_course(
    evidence: Evidence,
    actions: Iterable[ActionRecord],
    transitions: Iterable[Transition] = (),
) -> Course:
    """Find when the fault and its undoing were requested, by whomever."""
    drill = evidence.drill
    search = Search(evidence, tuple(actions), SIGNS[drill.plan.fault])
    fault = search.request(ActionKind.INJECT)
    if fault is None:
        mend = Turn(search.request(ActionKind.ROLL_BACK))
        return Course(None, mend, mend)
    known = _Known(drill, _entered_failback(transitions))
    mend = search.turn(ActionKind.ROLL_BACK, fault.sent_at, is_known_unasked=known.is_mended())
    status = replace(search, signs=OF_STATUS)
    hold = status.request(ActionKind.HOLD_BACK, fault.sent_at)
    if hold is None or hold.interval is None:
        return Course(fault, mend, mend)
    is_known = known.is_enabled()
    release = status.turn(ActionKind.RELEASE, hold.sent_at, is_known_unasked=is_known)
    return Course(fault, mend, release, is_held=True)


def _may_be_later(action: ActionRecord, since: Instant) -> bool:
    """It was sent then, or may have been: of a clock that was set back, stamps are not sure."""
    return max(action.sent_at, action.answered_at or 0) >= since


def _since(action: ActionRecord, since: Instant) -> ActionRecord:
    return action if action.sent_at >= since else replace(action, sent_at=since)


def window(evidence: Evidence, series: str, since: Instant, until: Instant | None) -> Window:
    """Return the window of a search in one series."""
    stability_ms = evidence.drill.plan.stability_seconds * MS_PER_SECOND
    return Window(since, until, stability_ms, evidence.every_ms(series))


def _entered_failback(transitions: Iterable[Transition]) -> Instant | None:
    """Return when the drill first entered its failback."""
    return min((t.at for t in transitions if t.phase == Phase.FAILBACK), default=None)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the drill knew by its own looks, which may see sooner than samples do."""

    drill: Drill
    entered_at: Instant | None

    def is_mended(self) -> bool:
        """Somebody else undid the fault: not the watchdog, whose time had not come."""
        if self.drill.plan.fault is FaultKind.ENDPOINT_DISABLE and self.is_enabled():
            return True
        is_told = self.drill.reason == "FaultRemovedByOthers" and self.entered_at is not None
        return is_told and (self.entered_at or 0) < restore_by(self.drill)

    def is_enabled(self) -> bool:
        """Somebody else ended the hold: nobody released it, it was not stopped, nor over."""
        drill = self.drill
        if drill.released_at is None or self.entered_at is None:
            return False
        longest_ms = drill.plan.failback_hold_seconds_max * MS_PER_SECOND
        is_asked = bool(drill.release_requested) or drill.ending is Ending.STOPPED
        return not is_asked and drill.released_at - self.entered_at < longest_ms
