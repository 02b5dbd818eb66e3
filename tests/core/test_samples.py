"""Records of a drill, by their names."""

from dataclasses import replace

from shared.core.samples import ActionKind, ActionRecord
from tests.support.drills import VIRGINIA_VM, at

STOPPED = ActionRecord(
    kind=ActionKind.INJECT, resource=VIRGINIA_VM, operation="powerOff", by="drill", sent_at=at(3)
)


def test_an_action_is_named_after_what_it_acts_on() -> None:
    """As reports and the timeline name it."""
    assert STOPPED.id == "action/inject/virginia-vm@2026-11-22T09:00:03.000Z#drill"


def test_machines_asked_in_the_same_millisecond_are_told_apart() -> None:
    """A pool is stopped side by side."""
    other = replace(STOPPED, resource=VIRGINIA_VM.replace("virginia-vm", "virginia-vm-2"))

    assert other.id != STOPPED.id
