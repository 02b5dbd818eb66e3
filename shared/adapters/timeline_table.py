"""A drill's timeline in Table storage: a packed row a minute and writer, readable rows for acts.

Partition: the drill. Row keys: `20261122T0903|writer` for a minute's samples (digits sort before
letters), `action|...`, `step|...`, `transition|...`. So one range, from a minute on, holds that
minute's and later samples and every act; the audit's rows sort before all digits, and no tick reads
them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any

from shared.adapters import audit_table
from shared.adapters.tables import Row, Rows, Tables
from shared.core.packed import unpack
from shared.core.packing import pack
from shared.core.samples import (
    EPOCH,
    ActionKind,
    ActionRecord,
    Attempt,
    ClockStep,
    Entry,
    Instant,
    Outcome,
    Sample,
    Timeline,
    Transition,
    rfc3339,
)

MINUTE_MS = 60_000
BINARY_BYTES_MAX = 64 * 1024
"""Of one binary property: Table storage's limit."""
PACKED_COLUMNS = tuple(f"packed{n}" for n in range(14))
"""Fourteen of 64 KiB leave room for the summary in the 1 MiB of an entity."""
LAST_ANSWERS_LENGTH_MAX = 8_000
"""Of 32 Ki characters that a text property may hold: it is there to be read by a person."""

ACTION, STEP, TRANSITION = "action|", "step|", "transition|"
ACTION_COLUMNS = ("kind", "resource", "operation", "by", "sentAt", "answeredAt", "outcome")
STEP_COLUMNS = ("before", "latest", "after")
READ_COLUMNS = sorted(
    {
        "RowKey",
        *PACKED_COLUMNS,
        *ACTION_COLUMNS,
        *STEP_COLUMNS,
        "byMs",
        "detail",
        "at",
        "phase",
        "reason",
    }
    | set(audit_table.COLUMNS)
)
"""What a person reads there besides is not sent."""
FIRST, LAST = "", "~"
"""No key sorts before the one, or after the other."""


class TimelineTable:
    """All that is recorded of drills."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "timeline")

    def write_window(
        self, drill_id: str, minute: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Write all of a minute's samples by one writer, in place of what it wrote before."""
        self._rows.put(to_window_row(drill_id, minute, writer, samples))

    def write_action(self, drill_id: str, action: ActionRecord) -> None:
        """Write an action; a second time, what has become of it."""
        self._rows.put(to_action_row(drill_id, action))

    def write_step(self, drill_id: str, step: ClockStep) -> None:
        """Write that the clock was set."""
        self._rows.put(to_step_row(drill_id, step))

    def write_transition(self, drill_id: str, transition: Transition) -> None:
        """Write that the drill entered a phase."""
        self._rows.put(to_transition_row(drill_id, transition))

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return the timeline; with `since`, without the minutes that ended before it and audit."""
        first = window_key(since) if since is not None else FIRST
        return to_timeline(self._rows.between(drill_id, first, LAST, columns=READ_COLUMNS))

    def read_thinned(
        self, drill_id: str, every_ms: Callable[[str], int], instants: Iterable[Instant]
    ) -> Timeline:
        """Return the timeline without what its report does not need.

        `every_ms` tells how far a series' attempts lie apart, `instants` what bounds a search
        besides the drill's actions and transitions.
        """
        from shared.core.thinning import PackedRow, thin  # whoever writes does without

        rows = self._rows.between(drill_id, FIRST, LAST, columns=READ_COLUMNS)
        windows = [row for row in rows if row["RowKey"][:1].isdigit()]
        told = to_timeline(row for row in rows if not row["RowKey"][:1].isdigit())
        kept = thin(
            (PackedRow(*_window(row)) for row in windows), every_ms, [*instants, *_instants(told)]
        )
        samples = sorted(kept.samples, key=itemgetter(Sample._fields.index("asked_at")))
        return replace(told, samples=tuple(samples), omitted=tuple(kept.omitted))


def window_key(minute: Instant) -> str:
    """Return how a minute is written in a row's key, e.g. 20261122T0903."""
    return _datetime(minute).strftime("%Y%m%dT%H%M")


def to_window_row(drill_id: str, minute: Instant, writer: str, samples: Sequence[Sample]) -> Row:
    """Return a minute's samples as a row: packed, and in short for a person who looks at it."""
    packed = pack(samples)
    parts = range(0, len(packed), BINARY_BYTES_MAX)
    in_order = sorted(samples, key=itemgetter(Sample._fields.index("asked_at")))
    summary: Row = {
        "count": len(samples),
        "failed": len(samples) - [sample.outcome for sample in samples].count(Outcome.OK),
        "lastAnswers": _last_answers(in_order),
    }
    if in_order:
        first, last = in_order[0], in_order[-1]
        summary |= {
            "firstAskedAt": _datetime(first.asked_at),
            "lastAskedAt": _datetime(last.asked_at),
        }
    return {
        "PartitionKey": drill_id,
        "RowKey": f"{window_key(minute)}|{writer}",
        **summary,
        **{
            column: packed[at : at + BINARY_BYTES_MAX]
            for column, at in zip(PACKED_COLUMNS[: len(parts)], parts, strict=True)
        },
    }


def to_action_row(drill_id: str, action: ActionRecord) -> Row:
    """Return an action as a row; its key says when, what, and (hashed) by whom to which."""
    # Resource ids hold slashes, which no key may hold; two machines may be stopped in one breath.
    which = hashlib.sha256(f"{action.by}\n{action.resource}".encode()).hexdigest()[:12]
    row = {
        "PartitionKey": drill_id,
        "RowKey": f"{ACTION}{rfc3339(action.sent_at)}|{action.kind}|{which}",
        "kind": str(action.kind),
        "resource": action.resource,
        "operation": action.operation,
        "by": action.by,
        "sentAt": _datetime(action.sent_at),
        "outcome": str(action.outcome),
        "detail": action.detail,
    }
    if action.answered_at is not None:
        row["answeredAt"] = _datetime(action.answered_at)
    return row


def to_step_row(drill_id: str, step: ClockStep) -> Row:
    """Return as a row that the clock was set; of two steps the later one's key sorts later."""
    latest, after = rfc3339(step.latest), rfc3339(step.after)
    instants = zip(STEP_COLUMNS, step, strict=False)
    return {
        "PartitionKey": drill_id,
        "RowKey": f"{STEP}{latest}|{after}|{step.by_ms}",
        **{column: _datetime(at) for column, at in instants},
        "byMs": step.by_ms,
    }


def to_transition_row(drill_id: str, transition: Transition) -> Row:
    """Return a transition as a row."""
    return {
        "PartitionKey": drill_id,
        "RowKey": f"{TRANSITION}{rfc3339(transition.at)}|{transition.phase}",
        "at": _datetime(transition.at),
        "phase": transition.phase,
        "reason": transition.reason,
    }


def to_timeline(rows: Iterable[Mapping[str, Any]]) -> Timeline:
    """Return the timeline that rows, in order of their keys, hold."""
    samples: list[Sample] = []
    actions: list[ActionRecord] = []
    transitions: list[Transition] = []
    audit: list[Entry] = []
    steps: list[ClockStep] = []
    for row in rows:
        key: str = row["RowKey"]
        if key.startswith(ACTION):
            actions.append(_to_action(row))
        elif key.startswith(TRANSITION):
            transitions.append(_to_transition(row))
        elif key.startswith(STEP):
            steps.append(_to_step(row))
        elif key.startswith(audit_table.KEY):
            audit.append(audit_table.from_row(row))
        else:
            samples.extend(_to_samples(row))
    # Stable sorts over rows in order of their keys: the same rows give the same timeline.
    return Timeline(
        samples=tuple(sorted(samples, key=itemgetter(Sample._fields.index("asked_at")))),
        actions=tuple(sorted(actions, key=attrgetter("sent_at"))),
        transitions=tuple(sorted(transitions, key=attrgetter("at"))),
        audit=tuple(reversed(audit)),
        steps=tuple(steps),
    )


def _to_samples(row: Mapping[str, Any]) -> Iterator[Sample]:
    _, _, writer = row["RowKey"].partition("|")
    return unpack(_packed(row), writer)


def _window(row: Mapping[str, Any]) -> tuple[str, bytes, str]:
    """Return a row's window, what was packed of it, and by whom."""
    window, _, writer = row["RowKey"].partition("|")
    return window, _packed(row), writer


def _packed(row: Mapping[str, Any]) -> bytes:
    first, second, *_ = PACKED_COLUMNS
    if not row.get(second):
        return row.get(first) or b""
    return b"".join(row.get(column) or b"" for column in PACKED_COLUMNS)


def _instants(told: Timeline) -> Iterator[Instant]:
    """Yield when anything was done or decided."""
    for action in told.actions:
        yield action.sent_at
        if action.answered_at is not None:
            yield action.answered_at
    yield from (transition.at for transition in told.transitions)
    # What lies around a step is kept, so that a time that was hidden by it shows as a gap.
    yield from (at for step in told.steps for at in (step.latest, step.after))


def _to_action(row: Mapping[str, Any]) -> ActionRecord:
    answered_at = row.get("answeredAt")
    return ActionRecord(
        kind=ActionKind(row["kind"]),
        resource=row["resource"],
        operation=row["operation"],
        by=row["by"],
        sent_at=_instant(row["sentAt"]),
        answered_at=None if answered_at is None else _instant(answered_at),
        outcome=Attempt(row["outcome"]),
        detail=row["detail"],
    )


def _to_transition(row: Mapping[str, Any]) -> Transition:
    return Transition(at=_instant(row["at"]), phase=row["phase"], reason=row["reason"])


def _to_step(row: Mapping[str, Any]) -> ClockStep:
    before, latest, after = (_instant(row[column]) for column in STEP_COLUMNS)
    return ClockStep(before, latest, after, row["byMs"])


def _last_answers(in_order: Sequence[Sample]) -> str:
    last = dict(zip((sample.series for sample in in_order), in_order, strict=True))
    lines = (f"{series}: {_in_short(sample)}" for series, sample in sorted(last.items()))
    return "\n".join(lines)[:LAST_ANSWERS_LENGTH_MAX]


def _in_short(sample: Sample) -> str:
    if sample.outcome is Outcome.OK:
        return sample.answer
    code = "" if sample.code is None else str(sample.code)
    return " ".join(filter(None, (sample.outcome, code, sample.answer)))


def _datetime(at: Instant) -> datetime:
    return EPOCH + timedelta(milliseconds=at)


def _instant(stored: datetime) -> Instant:
    aware = stored if stored.tzinfo else stored.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(milliseconds=1)
