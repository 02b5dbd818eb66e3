"""A drill's course: when the fault and its undoing were asked for, by us or by somebody else.

It bounds where milestones are sought: fault milestones from the one to the other, the others from
there on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.core.evidence import Evidence
from shared.core.intervals import MS_PER_SECOND
from shared.core.milestones import ROWS
from shared.core.requests import DOWN, Request, find_request
from shared.core.samples import ActionKind, ActionRecord, Instant
from shared.core.switches import States, Window, bounds, find_switch


@dataclass(frozen=True, slots=True)
class Course:
    """When the fault and its undoing were asked for, which bounds where milestones are sought.

    `back_since` is the request to restore or, where nobody of ours asked, the machine running.
    """

    fault: Request | None
    restore: Request | None
    back_since: Instant | None
    is_restored_by_others: bool

    @property
    def fault_since(self) -> Instant | None:
        """When the fault may first have been in place."""
        return self.fault.sent_at if self.fault else None


def find_course(evidence: Evidence, actions: tuple[ActionRecord, ...]) -> Course:
    """Find when the fault and its undoing were requested, by whomever."""
    names = [machine.name for machine in evidence.drill.snapshot.targets]
    power = [reading for name in names for reading in evidence.readings(f"power/{name}")]
    fault = find_request(ActionKind.INJECT, actions, power)
    if fault is None:
        return Course(None, find_request(ActionKind.ROLL_BACK, actions, power), None, False)
    later = [a for a in actions if a.sent_at >= fault.sent_at]
    restore = find_request(ActionKind.ROLL_BACK, later, power)
    until = restore.sent_at if restore else None
    returns = [
        at for name in names for at in _returns_unasked(evidence, name, fault.sent_at, until)
    ]
    if returns:
        return Course(fault, None, min(returns), True)
    return Course(fault, restore, until, False)


def _returns_unasked(
    evidence: Evidence, machine: str, since: Instant, until: Instant | None
) -> Iterator[Instant]:
    """Yield when a machine that had gone down ran again before anything of ours asked it to."""
    series = f"power/{machine}"
    readings = evidence.readings(series)
    went_down = (s.asked_at for s, state in readings if s.asked_at >= since and state in DOWN)
    down_at = next(went_down, None)
    if down_at is None:
        return
    row = next(r for r in ROWS[evidence.drill.plan.fault] if r.name == "vmRunning")
    sought_in = window(evidence, series, down_at, until)
    search = find_switch(readings, States(row.old, row.new), sought_in)
    if search.new is not None and (until is None or search.new.answered_at <= until):
        yield bounds(search.old, search.new, down_at).after


def window(evidence: Evidence, series: str, since: Instant, until: Instant | None) -> Window:
    """Return the window of a search in one series."""
    stability_ms = evidence.drill.plan.stability_seconds * MS_PER_SECOND
    return Window(since, until, stability_ms, evidence.every_ms(series))
