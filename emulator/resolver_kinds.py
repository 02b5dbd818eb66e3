"""What resolvers make of TTLs: the honest kind, and the kinds that users meet; pure."""

from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """The kinds, as a topology names them."""

    HONEST = "honest"
    EXTENDING = "extending"
    CAPPING = "capping"
    SERVE_STALE = "serveStale"
    PINNED = "pinned"


_TTL_SECONDS = {
    Name.HONEST: 0,
    Name.EXTENDING: 300,  # the least that it keeps; a container platform's was seen
    Name.CAPPING: 30,  # the most that it keeps
    Name.SERVE_STALE: 30,  # what a stale answer carries (RFC 8767, section 4)
    Name.PINNED: 0,
}
STALE_SECONDS_MAX = 86_400  # RFC 8767, section 5: one to three days
FAILURE_RECHECK_SECONDS = 30  # RFC 8767, section 5: no zone is asked more often while it fails
CLIENT_RESPONSE_SECONDS = 1.8  # RFC 8767, section 5: a client waits this long for fresh data


@dataclass(frozen=True, slots=True)
class Kind:
    """How one resolver treats what it has learned."""

    name: Name = Name.HONEST
    ttl_seconds: int = 0
    answers_stale_first: bool = False
    tells_stale: bool = True
    """A stale answer says that it is one (RFC 8914): some resolvers leave it out."""

    @classmethod
    def of(
        cls,
        name: str,
        ttl_seconds: int | None = None,
        *,
        answers_stale_first: bool = False,
        tells_stale: bool = True,
    ) -> "Kind":
        """Return a kind by its name, with its own TTL where none is given."""
        known = Name(name)
        given = _TTL_SECONDS[known] if ttl_seconds is None else ttl_seconds
        return cls(known, given, answers_stale_first, tells_stale)

    def kept_seconds(self, ttl_seconds: int) -> int:
        """Return the TTL that a record enters the cache with."""
        if self.name is Name.EXTENDING:
            return max(ttl_seconds, self.ttl_seconds)
        if self.name is Name.CAPPING:
            return min(ttl_seconds, self.ttl_seconds)
        return ttl_seconds

    def absent_seconds(self, ttl_seconds: int) -> int:
        """Return how long an absence is kept; who extends TTLs leaves these alone."""
        return self.kept_seconds(ttl_seconds) if self.name is Name.CAPPING else ttl_seconds

    @property
    def keeps_forever(self) -> bool:
        """Whether what was found once is never asked for again."""
        return self.name is Name.PINNED

    @property
    def serves_stale(self) -> bool:
        """Whether an answer past its TTL is better than none."""
        return self.name is Name.SERVE_STALE


HONEST = Kind()
