"""Until when a certificate is valid, read from its DER bytes (RFC 5280, section 4.1)."""

from datetime import UTC, datetime

SEQUENCE, INTEGER, VERSION = 0x30, 0x02, 0xA0
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
LONG = 0x80
TWENTIETH_CENTURY = 50
"""Two digits of a year from here on are 19xx, those below are 20xx."""


def valid_until(certificate: bytes) -> datetime:
    """Return the end of the certificate's validity, UTC; ValueError if it cannot be read."""
    try:
        body = _content(_content(certificate, 0, SEQUENCE), 0, SEQUENCE)
        at = _end(body, 0) if body[0] == VERSION else 0
        for _ in ("serial number", "signature algorithm", "issuer"):
            at = _end(body, at)
        validity = _content(body, at, SEQUENCE)
        at = _end(validity, 0)
        kind = validity[at]
        text = _content(validity, at, kind).decode("ascii")
        return _time(kind, text)
    except IndexError as error:
        raise ValueError("This is no certificate.") from error


def _time(kind: int, text: str) -> datetime:
    if kind == UTC_TIME:
        text = ("19" if int(text[:2]) >= TWENTIETH_CENTURY else "20") + text
    elif kind != GENERALIZED_TIME:
        raise ValueError("This is no certificate.")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _content(text: bytes, at: int, kind: int) -> bytes:
    """Return what the element there holds; ValueError if it is of another kind."""
    if text[at] != kind:
        raise ValueError("This is no certificate.")
    begin, end = _bounds(text, at)
    return text[begin:end]


def _end(text: bytes, at: int) -> int:
    return _bounds(text, at)[1]


def _bounds(text: bytes, at: int) -> tuple[int, int]:
    """Return where the element's content begins and where it ends (X.690, section 8.1.3)."""
    length, begin = text[at + 1], at + 2
    if length >= LONG:
        octets = length & ~LONG
        length, begin = int.from_bytes(text[begin : begin + octets], "big"), begin + octets
    if begin + length > len(text):
        raise ValueError("This is no certificate.")
    return begin, begin + length
