"""The audit's chain: every entry holds the hash of the one before. Pure.

An entry's hash is the SHA-256 of its canonical text: its members as JSON, as the timeline's route
shows them, without `hash`, keys sorted, no blanks, everything beyond ASCII escaped. The first
entry's `previous` is the SHA-256 of the chain's name, so no chain passes for another's.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from shared.core.samples import Act, Entry, rfc3339

SAFETY = "safety|lever"
"""The safety lever's own chain: no drill's id holds a bar."""


class Verified(NamedTuple):
    """How many entries a chain has, where it breaks first (None: nowhere), its last hash."""

    entries: int = 0
    broken_at: int | None = None
    head: str = ""

    @property
    def verdict(self) -> str:
        """The chain's state in words."""
        return "intact" if self.broken_at is None else f"broken at {self.broken_at}"


def summary(verified: Verified) -> dict[str, str | int]:
    """Return what was found of a chain as the wire shows it."""
    return {"entries": verified.entries, "chain": verified.verdict, "head": verified.head}


def following(chain: str, before: Entry | None, act: Act) -> Entry:
    """Return the entry that an act gets after `before`, the chain's newest (None: it has none)."""
    sequence = before.sequence + 1 if before else 1
    entry = Entry(sequence, act, before.hash if before else origin_of(chain), "")
    return entry._replace(hash=hash_of(entry))


def origin_of(chain: str) -> str:
    """Return what stands as `previous` in a chain's first entry."""
    return _hash(chain)


def members(entry: Entry) -> dict[str, str | int]:
    """Return an entry as the wire shows it."""
    act = entry.act
    return {
        "sequence": entry.sequence,
        "at": rfc3339(act.at),
        "who": act.who,
        "fromWhere": act.where,
        "what": act.what,
        "subject": act.subject,
        "outcome": str(act.outcome),
        "detail": act.detail,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def canonical(entry: Entry) -> str:
    """Return the text that an entry's hash is taken of."""
    told = {name: value for name, value in members(entry).items() if name != "hash"}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(entry: Entry) -> str:
    """Return the hash that an entry must have."""
    return _hash(canonical(entry))


def verify(chain: str, entries: Sequence[Entry], sealed: str = "") -> Verified:
    """Return whether a chain is whole, from its first entry to its last.

    A tail that was cut off leaves no trace in the chain itself; `sealed`, a hash that was noted
    elsewhere when it was the newest, must then be missing.
    """
    head = entries[-1].hash if entries else ""
    broken_at = _first_break(chain, entries)
    if broken_at is None and sealed and sealed not in {entry.hash for entry in entries}:
        broken_at = len(entries) + 1
    return Verified(len(entries), broken_at, head)


def _first_break(chain: str, entries: Sequence[Entry]) -> int | None:
    previous = origin_of(chain)
    for sequence, entry in enumerate(entries, start=1):
        is_next = (entry.sequence, entry.previous) == (sequence, previous)
        if not is_next or entry.hash != hash_of(entry):
            return sequence
        previous = entry.hash
    return None


def _hash(text: str) -> str:
    # Half a surrogate pair, which JSON may bring in, has no UTF-8 of its own.
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
