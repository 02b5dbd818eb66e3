"""Samples, actions, transitions, audit entries: what is recorded of a drill. Values only.

An `Instant` is an integer: milliseconds since the Unix epoch, UTC. What is measured is rounded
outward when it is recorded (asked down, answered up), so an interval between two never lies.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

Instant = int

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at: Instant) -> str:
    """Return the instant as RFC 3339 UTC with milliseconds, e.g. 2026-11-22T09:00:00.000Z."""
    text = (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def instant(text: str) -> Instant:
    """Return the instant that an RFC 3339 text with a zone names; ValueError if it is none."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


class Outcome(StrEnum):
    """What came of one attempt."""

    OK = "ok"
    """Answered as a healthy one answers."""
    FAILED = "failed"
    """Answered, but wrongly; or refused, reset, unreachable."""
    TIMEOUT = "timeout"
    """No answer in time."""


STALE = "stale"
LOST = "lost"
OWN_FAULT = "own fault: "
CERTIFICATE_UNTIL = "certificate until "
"""What a sample's `detail` may be or begin with."""


class Sample(NamedTuple):
    """One reading of one series: one attempt, never retried. A failed one is data.

    `answered_at` of a time-out is the instant at which time ran out. `answer` is text as seen:
    of a DNS series the chain of names and addresses after the question, joined by ">"; of a health
    or client series the connected address (or the `servedByHeader`'s value); of a monitor or power
    series ARM's own word. `code` is the HTTP status or the DNS rcode.

    `detail` is what else is worth a word: `stale`, `lost`, `own fault: …`, or `certificate until …`
    of an HTTPS endpoint. `took_tenths` is the latency in tenths of a millisecond, not rounded
    outward; None where nothing was answered.
    """

    series: str
    asked_at: Instant
    answered_at: Instant
    outcome: Outcome
    answer: str = ""
    code: int | None = None
    ttl_seconds: int | None = None
    writer: str = ""
    detail: str = ""
    took_tenths: int | None = None

    @property
    def is_stale(self) -> bool:
        """The resolver said itself that its answer is older than its TTL (RFC 8914)."""
        return self.detail == STALE

    @property
    def is_our_loss(self) -> bool:
        """Our own receive buffer overflowed while this was awaited: it may have been answered."""
        return self.detail == LOST

    @property
    def id(self) -> str:
        """The sample's name in reports."""
        return f"{self.series}@{rfc3339(self.asked_at)}#{self.writer}"


class Attempt(StrEnum):
    """What is known of an action's request."""

    OK = "ok"
    """The service accepted it."""
    FAILED = "failed"
    """The service refused it, or it was never sent."""
    UNKNOWN = "unknown"
    """Sent (or about to be), no answer known: it may have worked."""


class ActionKind(StrEnum):
    """What was asked of the system under test."""

    INJECT = "inject"
    ROLL_BACK = "rollback"
    HOLD_BACK = "holdback"
    """The endpoint is disabled, so that traffic stays away while its machines come back."""
    RELEASE = "release"
    """It is enabled again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecord:
    """One request to break or to mend, written before it is sent and completed after."""

    kind: ActionKind
    resource: str
    operation: str
    by: str
    sent_at: Instant
    answered_at: Instant | None = None
    outcome: Attempt = Attempt.UNKNOWN
    detail: str = ""

    @property
    def id(self) -> str:
        """The action's name in reports; several machines may be asked in the same millisecond."""
        subject = self.resource.rsplit("/", 1)[-1]
        return f"action/{self.kind}/{subject}@{rfc3339(self.sent_at)}#{self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A drill entering a phase."""

    at: Instant
    phase: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done, or is about to be: by whom, from where, to what, how it ended."""

    at: Instant
    who: str
    where: str
    what: str
    subject: str
    outcome: Attempt = Attempt.UNKNOWN
    detail: str = ""


class Entry(NamedTuple):
    """An act's place in a chain: each entry names the hash of the one before."""

    sequence: int
    act: Act
    previous: str
    hash: str


class Omitted(NamedTuple):
    """Samples of a series that were left out between two that say the same, one in every slot."""

    series: str
    after: Instant
    until: Instant
    number: int


class ClockStep(NamedTuple):
    """The clock was set, between two readings of a sampler's.

    `before` and `after` are these readings, `latest` the latest that there was until then (later
    than `before` where the clock had been set back just before), `by_ms` how far it was set
    forward, negative where it was set back.
    """

    before: Instant
    latest: Instant
    after: Instant
    by_ms: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that was recorded of a drill, each list in time order, `steps` as they were noticed.

    `audit` is in the order of its chain, and empty where only a part of the timeline was read. Of a
    timeline that was thinned, `omitted` tells which samples there were besides.
    """

    samples: tuple[Sample, ...] = ()
    actions: tuple[ActionRecord, ...] = ()
    transitions: tuple[Transition, ...] = field(default=())
    audit: tuple[Entry, ...] = ()
    omitted: tuple[Omitted, ...] = ()
    steps: tuple[ClockStep, ...] = ()

    def series(self, name: str) -> tuple[Sample, ...]:
        """Return the samples of one series, in order of `asked_at`."""
        return tuple(sample for sample in self.samples if sample.series == name)


def series_names(samples: Iterable[Sample], prefix: str) -> Iterator[str]:
    """Yield the names of the series below `prefix`, each once, sorted."""
    yield from sorted({sample.series for sample in samples if sample.series.startswith(prefix)})
