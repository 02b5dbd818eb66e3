"""Where an HTTP/1.1 answer ends (RFC 9112, section 6): only then can its connection be used again.

1. 1xx answers are not the answer; 204 and 304 have no body.
2. Else the last `Transfer-Encoding` counts if there is one, and only `chunked` tells an end.
3. Else `Content-Length`, if all that are given agree.
4. Else the body lasts as long as its connection.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

BODY_OCTETS_MAX = 1 << 20
"""A page, not a download: beyond it reading costs more than another connection."""
LINE_OCTETS_MAX = 4_096
"""Of a chunk's size with its extensions, or of a trailer."""
NO_BODY = frozenset({204, 304})
SWITCHING = 101
FINAL_MIN = 200
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: |\r|$)")
LENGTH = re.compile(r"[0-9]{1,15}")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
CHUNKED = "chunked"


class Unusable(ValueError):
    """What came is no answer that we read, or its connection is of no use after it."""


class AnswerHead(NamedTuple):
    """An answer's status line and fields; names are in lower case."""

    status: int
    is_http_1_1: bool
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return every value of a list-valued field, in order."""
        wanted = name.lower()
        parts = (p.strip() for key, text in self.fields if key == wanted for p in text.split(","))
        return [part for part in parts if part]

    def text(self, name: str) -> str | None:
        """Return the first field of that name, whole, or None."""
        wanted = name.lower()
        return next((text for key, text in self.fields if key == wanted), None)

    @property
    def is_interim(self) -> bool:
        """Another answer to the same request follows."""
        return self.status < FINAL_MIN and self.status != SWITCHING

    @property
    def keeps_connection(self) -> bool:
        """The server leaves its connection open after the body."""
        says_close = "close" in (option.lower() for option in self.values("connection"))
        return self.is_http_1_1 and not says_close and self.status != SWITCHING


def read_head(octets: bytes) -> AnswerHead:
    """Return what the octets before the empty line say, or raise Unusable."""
    first, *lines = octets.split(b"\r\n")
    line = STATUS_LINE.match(first)
    if line is None:
        raise Unusable("This is no HTTP/1.1 answer.")
    return AnswerHead(int(line[2]), line[1] == b"1", tuple(map(_field, lines)))


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


class Body:
    """Counts an answer's body down; what it says is nobody's business here."""

    def __init__(self, head: AnswerHead) -> None:
        self._left: int | None
        self._is_chunked, self._left = _framing(head)
        self._taken = 0
        self._rest = b""
        self._in_trailers = False
        self.is_over = self._left == 0 and not self._is_chunked

    @property
    def is_endless(self) -> bool:
        """Nothing but the end of the connection is its end."""
        return self._left is None and not self._is_chunked

    def take(self, octets: bytes) -> None:
        """Count these octets; Unusable if they are too many, no chunks, or more than the body."""
        self._taken += len(octets)
        if self._taken > BODY_OCTETS_MAX:
            raise Unusable("The body is longer than anything we read.")
        if self._is_chunked:
            self._rest += octets
            while self._rest and not self.is_over and self._take_part():
                pass
        elif self._left is not None:
            taken = min(self._left, len(octets))
            self._left -= taken
            self._rest = octets[taken:]
            self.is_over = self._left == 0
        if self.is_over and self._rest:
            raise Unusable("More came than was asked for.")

    def _take_part(self) -> bool:
        """Count what is there of a chunk, its end, its size or a trailer; False: more is needed."""
        if self._left:
            taken = min(self._left, len(self._rest))
            self._left, self._rest = self._left - taken, self._rest[taken:]
            return True
        line, end, rest = self._rest.partition(b"\r\n")
        if not end:
            if len(line) > LINE_OCTETS_MAX:
                raise Unusable("A chunk's size is longer than anything we read.")
            return False
        self._rest = rest
        if self._in_trailers:
            self.is_over = not line
        elif self._left is None:
            self._begin_chunk(line)
        elif line:
            raise Unusable("A chunk is longer than its size.")
        else:
            self._left = None  # the line end after a chunk: its successor's size is next
        return True

    def _begin_chunk(self, line: bytes) -> None:
        size = CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise Unusable("A chunk's size is no number.")
        self._left = int(size[1], 16)
        self._in_trailers = self._left == 0


def _framing(head: AnswerHead) -> tuple[bool, int | None]:
    """Return whether the body is chunked, and its length; None: not known beforehand."""
    if head.status in NO_BODY:
        return False, 0
    codings = [coding.lower() for coding in head.values("transfer-encoding")]
    if codings:
        return codings[-1] == CHUNKED, None
    return False, _length(head.values("content-length"))


def _length(values: Iterable[str]) -> int | None:
    told = set(values)
    if not told:
        return None
    if len(told) > 1 or not LENGTH.fullmatch(min(told)):
        raise Unusable("Content-Length is not one number.")
    return int(min(told))
