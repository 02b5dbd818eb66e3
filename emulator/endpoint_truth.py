"""What the truth log says of a write of an endpoint; pure."""

import json
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from emulator.body import Json
from emulator.cloud import Endpoint


class Member(Enum):
    """A member of an endpoint whose writes are told, also those that change nothing."""

    STATUS = "endpointStatus"
    HEADERS = "customHeaders"


def members_of(patch: Json) -> frozenset[Member]:
    """Return what a PATCH is told as; one of other members alone tells the status."""
    properties = patch.get("properties")
    named = properties if isinstance(properties, dict) else {}
    found = frozenset(member for member in Member if named.get(member.value) is not None)
    return found or frozenset({Member.STATUS})


def told_of_write(
    before: Endpoint | None, after: Endpoint, written: frozenset[Member]
) -> Iterator[str]:
    """Yield a value for each event that a write is: the status, the headers, both or neither."""
    headers_before = before.headers if before is not None else ()
    is_changed = before is None or replace(after, headers=headers_before) != before
    if is_changed or Member.STATUS in written:
        yield "Enabled" if after.enabled else "Disabled"
    if after.headers != headers_before or Member.HEADERS in written:
        headers = [{"name": name, "value": value} for name, value in after.headers]
        yield f"{Member.HEADERS.value}={json.dumps(headers, separators=(',', ':'))}"
