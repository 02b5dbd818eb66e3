"""Who may call: function keys, the master key, and what each route asks for."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

KEY_HEADER = "x-functions-key"
KEY_PARAMETER = "code"


class Level(IntEnum):
    """What a route asks for and what a key grants, in rising order."""

    ANONYMOUS = 0
    FUNCTION = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True)
class Keys:
    """The host's keys; with neither set nothing is checked, as `func start` does."""

    function_key: str = ""
    master_key: str = ""

    def allow(self, needed: Level, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """True when the caller may do what needs `needed`."""
        if not (self.function_key or self.master_key):
            return True
        return needed is Level.ANONYMOUS or self.granted(headers, query) >= needed

    def granted(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Level:
        """What the presented key grants; a key in the header hides one in the query."""
        presented = headers.get(KEY_HEADER) or query.get(KEY_PARAMETER, "")
        if _same(presented, self.master_key):
            return Level.ADMIN
        if _same(presented, self.function_key):
            return Level.FUNCTION
        return Level.ANONYMOUS


def _same(presented: str, key: str) -> bool:
    """True when `presented` is the key; takes as long for a wrong one as for the right one."""
    return bool(key) and hmac.compare_digest(presented.encode(), key.encode())
