"""ARM resource ids, taken apart. ARM compares them without regard to case, and so do we."""

import re
from typing import NamedTuple

SEGMENT = re.compile(r"[^/\\?#%\x00-\x20]+")
"""What would make an id another URL than it seems is no part of one."""
PUBLIC_IP = "microsoft.network/publicipaddresses"
SEGMENTS_MIN = 8
"""/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME, split at the slashes."""


class ResourceId(NamedTuple):
    """A resource's id: `kind` is `namespace/type` in lower case, `child` what follows the name."""

    subscription: str
    group: str
    kind: str
    name: str
    child: str = ""
    parent: str = ""

    def is_a(self, kind: str) -> bool:
        """The resource is of that kind, whatever the case."""
        return self.kind == kind.lower()


def parse(text: str) -> ResourceId:
    """Return the parts of an id; ValueError if the text is none."""
    parts = text.strip("/").split("/")
    well_formed = (
        len(parts) >= SEGMENTS_MIN
        and all(SEGMENT.fullmatch(part) and part not in {".", ".."} for part in parts)
        and [parts[0].lower(), parts[2].lower(), parts[4].lower()]
        == ["subscriptions", "resourcegroups", "providers"]
    )
    if not well_formed:
        raise ValueError(f"{text!r} is not a resource id (/subscriptions/…/resourceGroups/…).")
    return ResourceId(
        subscription=parts[1],
        group=parts[3],
        kind=f"{parts[5]}/{parts[6]}".lower(),
        name=parts[7],
        child="/".join(parts[8:]),
        parent="/" + "/".join(parts[:8]),
    )


def is_same(one: str, other: str) -> bool:
    """Two ids name the same resource."""
    return one.strip("/").lower() == other.strip("/").lower()
