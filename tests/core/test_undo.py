"""What is done about one undo record, from what is seen of its machine."""

from dataclasses import replace

import pytest

from shared.core.plan import FaultKind
from shared.core.undo import Seen, UndoStep, undo_step
from tests.support.drills import an_undo_record, at

OPEN = an_undo_record()
SENT = an_undo_record(effect_seen_at=at(40), last_sent_at=at(200), sent_count=1)
MANY = replace(SENT, sent_count=9)
STOPPED = Seen(state="stopped", fault_in_place=True)
STARTING = Seen(state="starting", fault_in_place=None)
UNKNOWN = Seen(state=None, fault_in_place=None)
SERVING = Seen(state="running", fault_in_place=False, serves=True)
BOOTING = replace(SERVING, serves=False)
UNASKED = replace(SERVING, serves=None)
SETTING = an_undo_record(fault=FaultKind.ENDPOINT_DISABLE, state_before="Enabled")
ENABLED = Seen(state="Enabled", fault_in_place=False, serves=True)

CASES = {
    "sends the undo of a fault in place": (OPEN, STOPPED, 200, UndoStep.SEND),
    "sends it blindly when nothing can be seen": (OPEN, UNKNOWN, 200, UndoStep.SEND),
    "does not hurry a machine that is starting": (SENT, STARTING, 220, UndoStep.WAIT),
    "asks again when starting takes long": (SENT, STARTING, 230, UndoStep.SEND),
    "repeats the undo at every tick while the fault is in place": (
        SENT,
        STOPPED,
        205,
        UndoStep.SEND,
    ),
    "does not repeat it within the same tick": (SENT, STOPPED, 204, UndoStep.WAIT),
    "closes what is as it was and serves again": (SENT, SERVING, 230, UndoStep.CLOSE),
    "waits for a machine that runs and does not serve yet": (SENT, BOOTING, 230, UndoStep.WAIT),
    "does not take silence for service": (SENT, UNASKED, 230, UndoStep.WAIT),
    "does not ask for service from what never served us": (
        replace(SENT, answered_before=False),
        UNASKED,
        230,
        UndoStep.CLOSE,
    ),
    "undoes once, to be sure, what was never seen in place": (OPEN, SERVING, 230, UndoStep.SEND),
    "does not undo what was seen in place and removed by others": (
        replace(SENT, sent_count=0),
        SERVING,
        230,
        UndoStep.CLOSE,
    ),
    "asks less and less often for what may be gone for ever": (MANY, UNKNOWN, 679, UndoStep.WAIT),
    "but never stops asking": (MANY, UNKNOWN, 680, UndoStep.SEND),
    "starts a machine once more that runs, they say, and never serves": (
        SENT,
        BOOTING,
        320,
        UndoStep.SEND,
    ),
    "does not start a machine that others started, but waits for its boot": (
        replace(SENT, sent_count=0, last_sent_at=None),
        BOOTING,
        149,
        UndoStep.WAIT,
    ),
    "asks for a status whose undo was never accepted, though it reads as before": (
        SETTING,
        ENABLED,
        31,
        UndoStep.SEND,
    ),
    "does not believe a status that may be an old copy": (
        replace(SETTING, effect_seen_at=at(40), last_sent_at=at(200), sent_count=1),
        ENABLED,
        230,
        UndoStep.SEND,
    ),
    "closes a status that was accepted and reads as before": (
        replace(SETTING, accepted_at=at(201)),
        ENABLED,
        230,
        UndoStep.CLOSE,
    ),
    "waits for late requests to a status": (
        replace(SETTING, accepted_at=at(31)),
        ENABLED,
        89,
        UndoStep.WAIT,
    ),
    "puts a status back that somebody changed to a third one": (
        replace(SETTING, accepted_at=at(31)),
        Seen(state="other", fault_in_place=False, serves=None),
        130,
        UndoStep.SEND,
    ),
    "closes nothing while a late request could still arrive": (OPEN, SERVING, 89, UndoStep.WAIT),
}


@pytest.mark.parametrize(("record", "seen", "seconds", "step"), CASES.values(), ids=CASES.keys())
def test_step(record: object, seen: Seen, seconds: float, step: UndoStep) -> None:
    """Each case is one sentence of the ledger's contract."""
    assert undo_step(record, seen, at(seconds)) is step  # type: ignore[arg-type]
