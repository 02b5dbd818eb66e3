"""Until when certificates are valid, read from their bytes."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization

from shared.core.certificates import valid_until
from tests.support.certificates import certificate, new_key


def encoded(until: datetime, names: int = 1) -> bytes:
    """Return a certificate that is valid until then; more names make it longer."""
    validity = (until - timedelta(days=1), until)
    made = certificate(new_key(), validity, *(["x" * 60] * names))
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("names", [1, 3, 10])
@pytest.mark.parametrize(
    "until",
    [
        datetime(2027, 3, 1, 12, 30, 59, tzinfo=UTC),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(1975, 1, 2, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 2, tzinfo=UTC),
    ],
    ids=str,
)
def test_the_end_of_validity_is_read(until: datetime, names: int) -> None:
    """In either form of time that there is, and however long the names before it."""
    assert valid_until(encoded(until, names)) == until


def damaged() -> dict[str, bytes]:
    """Return what is no certificate."""
    whole = encoded(datetime(2027, 3, 1, tzinfo=UTC))
    return {
        "nothing": b"",
        "text": b"-----BEGIN CERTIFICATE-----",
        "half": whole[: len(whole) // 2],
        "its head": whole[:6],
        "another time": whole.replace(b"\x17\x0d2703", b"\x16\x0d2703"),
        "no time": whole.replace(b"\x17\x0d2703", b"\x17\x0d27xx"),
    }


@pytest.mark.parametrize("text", damaged().values(), ids=damaged())
def test_what_is_no_certificate_is_refused(text: bytes) -> None:
    """A sample then says nothing of it."""
    with pytest.raises(ValueError, match=r"certificate|time data|invalid literal"):
        valid_until(text)
