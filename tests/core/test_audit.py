"""The audit's chain: whatever is done to it but cutting its end off shows, and that with a seal."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.core.audit import Verified, canonical, following, hash_of, summary, verify
from shared.core.samples import Act, Attempt, Entry
from tests.support.drills import START, VIRGINIA_VM

CHAIN = "d1"
POWER_OFF = Act(
    at=START,
    who="timer advance_drills",
    where="instance a process 1",
    what="inject",
    subject=VIRGINIA_VM,
    outcome=Attempt.OK,
    detail="powerOff 202 “accepted”",
)

texts = st.text(max_size=20)
acts = st.builds(
    Act,
    at=st.integers(0, 1 << 41),
    who=texts,
    where=texts,
    what=texts,
    subject=texts,
    outcome=st.sampled_from(Attempt),
    detail=texts,
)


def chained(recorded: list[Act], chain: str = CHAIN) -> list[Entry]:
    """Return the acts as a chain."""
    entries: list[Entry] = []
    for act in recorded:
        entries.append(following(chain, entries[-1] if entries else None, act))
    return entries


chains = st.lists(acts, min_size=1, max_size=8).map(chained)
changes = st.sampled_from(
    [
        lambda e: e._replace(sequence=e.sequence + 1),
        lambda e: e._replace(previous=sha256(e.previous.encode()).hexdigest()),
        lambda e: e._replace(hash=e.hash[::-1]),
        lambda e: e._replace(act=replace(e.act, at=e.act.at + 1)),
        lambda e: e._replace(act=replace(e.act, who=e.act.who + "!")),
        lambda e: e._replace(act=replace(e.act, where=e.act.where + "!")),
        lambda e: e._replace(act=replace(e.act, what=e.act.what + "!")),
        lambda e: e._replace(act=replace(e.act, subject=e.act.subject + "!")),
        lambda e: e._replace(act=replace(e.act, detail=e.act.detail + "!")),
        lambda e: e._replace(
            act=replace(e.act, outcome=next(o for o in Attempt if o is not e.act.outcome))
        ),
    ]
)


def test_anybody_can_take_the_hash_again() -> None:
    """Its text is JSON as the timeline shows it, but for `hash`; docs/audit.md says so."""
    (first,) = chained([POWER_OFF])
    text = (
        '{"at":"2026-11-22T09:00:00.000Z","detail":"powerOff 202 \\u201caccepted\\u201d",'
        '"fromWhere":"instance a process 1","outcome":"ok","previous":"'
        + sha256(b"d1").hexdigest()
        + f'","sequence":1,"subject":"{VIRGINIA_VM}","what":"inject","who":"timer advance_drills"}}'
    )

    assert canonical(first) == text
    assert first.hash == sha256(text.encode()).hexdigest()


@given(st.lists(acts, max_size=8))
def test_a_chain_that_only_grew_is_whole(recorded: list[Act]) -> None:
    """From nothing on; its head is its newest hash."""
    entries = chained(recorded)
    head = entries[-1].hash if entries else ""

    assert verify(CHAIN, entries, sealed=head) == Verified(len(entries), None, head)


@given(chains, st.data(), changes)
def test_any_change_shows_where_it_was_made(entries: list[Entry], data: Any, change: Any) -> None:  # noqa: ANN401
    """Of any member of any entry."""
    at = data.draw(st.integers(0, len(entries) - 1))
    entries[at] = change(entries[at])

    assert verify(CHAIN, entries).broken_at == at + 1


@given(chains, st.data(), changes)
def test_a_change_with_a_hash_to_fit_breaks_the_next_link(
    entries: list[Entry],
    data: Any,  # noqa: ANN401
    change: Any,  # noqa: ANN401
) -> None:
    """Whoever takes the changed entry's hash anew leaves the next one pointing at the old."""
    assume(len(entries) > 1)
    at = data.draw(st.integers(0, len(entries) - 2))
    changed = change(entries[at])
    changed = changed._replace(hash=hash_of(changed))
    assume(changed != entries[at])
    entries[at] = changed

    assert verify(CHAIN, entries).broken_at in (at + 1, at + 2)


@given(chains, st.data())
def test_any_removal_but_of_the_end_shows(entries: list[Entry], data: Any) -> None:  # noqa: ANN401
    """Of one entry or of several in a row."""
    assume(len(entries) > 1)
    first = data.draw(st.integers(0, len(entries) - 2))
    until = data.draw(st.integers(first + 1, len(entries) - 1))
    del entries[first:until]

    assert verify(CHAIN, entries).broken_at == first + 1


@given(chains, st.data())
def test_any_other_order_shows(entries: list[Entry], data: Any) -> None:  # noqa: ANN401
    """Two entries in each other's place."""
    assume(len(entries) > 1)
    one = data.draw(st.integers(0, len(entries) - 2))
    other = data.draw(st.integers(one + 1, len(entries) - 1))
    entries[one], entries[other] = entries[other], entries[one]

    assert verify(CHAIN, entries).broken_at == one + 1


@given(chains, st.data())
def test_an_end_that_was_cut_off_is_missed_by_the_seal(entries: list[Entry], data: Any) -> None:  # noqa: ANN401
    """The chain itself cannot tell; the drill's own row can."""
    kept = data.draw(st.integers(0, len(entries) - 1))

    assert verify(CHAIN, entries[:kept]).broken_at is None
    assert verify(CHAIN, entries[:kept], sealed=entries[-1].hash).broken_at == kept + 1


@given(chains, acts)
def test_a_history_that_was_written_anew_is_missed_by_the_seal(
    entries: list[Entry], other: Act
) -> None:
    """Every hash fits again; but not the one that was noted elsewhere."""
    assume(other != entries[0].act)
    anew = chained([other, *(entry.act for entry in entries[1:])])

    assert verify(CHAIN, anew).broken_at is None
    assert verify(CHAIN, anew, sealed=entries[-1].hash).broken_at == len(entries) + 1


@given(chains)
def test_a_chain_is_that_of_its_drill(entries: list[Entry]) -> None:
    """Another drill's entries do not pass for its own."""
    assert verify("d2", entries).broken_at == 1


def test_what_was_found_is_said_in_words() -> None:
    """As the report shows it."""
    assert summary(Verified(12, None, "ab")) == {"entries": 12, "chain": "intact", "head": "ab"}
    assert summary(Verified(12, 7, "ab"))["chain"] == "broken at 7"


def test_half_a_pair_of_surrogates_is_hashed_too() -> None:
    """JSON may bring one in; whoever asked must not be able to stop the chain."""
    chain = "d\ud800"

    assert verify(chain, chained([POWER_OFF], chain)).broken_at is None
