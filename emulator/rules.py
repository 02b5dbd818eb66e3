"""The data plane's open questions: what no source tells, each as a choice with its default; pure.

README.md lists them beside the switches of the topology that set them.
"""

from dataclasses import dataclass
from enum import StrEnum


class NestedTtl(StrEnum):
    """Whose TTL an answer through nested profiles carries."""

    QUERIED = "queried"  # the profile whose name was asked
    ANSWERING = "answering"  # the profile whose endpoint is answered


class OtherTypes(StrEnum):
    """What TXT, MX and the like are answered at a profile's name that leads to a DNS name."""

    NO_DATA = "noData"
    CNAME = "cname"  # as RFC 1034 has it: an alias stands for every type


class EmptyProfile(StrEnum):
    """What the name of a profile without any endpoint is answered."""

    NO_SUCH_NAME = "noSuchName"
    NO_DATA = "noData"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One choice for every open question."""

    probers: int = 1
    quorum: int | None = None  # failing probers that degrade; None: more than half
    unmonitored_counts_as_online: bool = True
    nested_ttl: NestedTtl = NestedTtl.QUERIED
    other_types: OtherTypes = OtherTypes.NO_DATA
    empty_profile: EmptyProfile = EmptyProfile.NO_SUCH_NAME


DEFAULT_RULES = Rules()
