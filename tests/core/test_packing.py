"""Packed samples: exact, small, and quick to read."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.packed import unpack
from shared.core.packing import pack
from shared.core.samples import Instant, Outcome, Sample

NOON: Instant = 1_795_348_800_000

ANSWER = "switchback-virginia.eastus.cloudapp.azure.com>127.1.0.4"
NINE_SERIES = (
    "dns/authoritative/127.1.1.1:53",
    "dns/authoritative/127.1.1.2:53",
    "dns/recursive/127.1.2.1:53",
    "health/virginia",
    "health/amsterdam",
    "client/fresh",
    "monitor",
    "monitor/virginia",
    "monitor/amsterdam",
)

VERSION_1 = (
    "01789ceb656060a8562a4e2dca4c2d56b28a8e56cacdcfcb2cc92f52d2318cd589564ac92bd6af50d2318a8dd5512a"
    "cf2f4a81a8c9cf56d251f2cfcbc9cc4b55d2c92bcdc9d1494bcc294e056928c9cc4dcd2f2d01caa3cb803595e995a4"
    "1603650d744a8a4a53c1a666a69464008d55ca4cca484a52aa75b8c9940d74130323886066e661b8c02e08e4313130"
    "24030040a831ae"
)
"""Three samples, as that version wrote them."""

instants = st.integers(0, 1 << 53)
samples = st.builds(
    Sample,
    series=st.text() | st.sampled_from(NINE_SERIES),
    asked_at=instants,
    answered_at=instants,
    outcome=st.sampled_from(Outcome),
    answer=st.text(),
    code=st.none() | st.integers(-(1 << 70), 1 << 70),
    ttl_seconds=st.none() | st.integers(0, (1 << 32) - 1),
    writer=st.just("w1"),
    detail=st.text(),
    took_tenths=st.none() | st.integers(0, 1 << 53),
)


def dice() -> random.Random:
    """Return dice that fall alike in every run."""
    return random.Random(1)  # noqa: S311 (jitter, not a secret)


def realistic_minute(at: Instant, thrown: random.Random) -> list[Sample]:
    """Return a minute of nine series, one sample a second: jitter, a time-out in ten, TTLs."""
    minute = []
    for second in range(60):
        for series in NINE_SERIES:
            asked_at = at + second * 1_000 + thrown.randrange(30)
            answered_at = asked_at + thrown.randrange(1, 40)
            if thrown.random() < 0.1:
                minute.append(Sample(series, asked_at, asked_at + 2_000, Outcome.TIMEOUT))
                continue
            ttl = 100 - second if series.startswith("dns") else None
            took = 10 * (answered_at - asked_at) - thrown.randrange(20)
            answered = Sample(series, asked_at, answered_at, Outcome.OK, ANSWER, 0, ttl)
            minute.append(answered._replace(took_tenths=took))
    return minute


@given(st.lists(samples))
def test_every_sample_comes_back_exactly(some: list[Sample]) -> None:
    """A report is judged by milliseconds: packing may lose none, nor any text or gap."""
    back = list(unpack(pack(some), "w1"))

    for series in {sample.series for sample in some}:
        assert [s for s in back if s.series == series] == [s for s in some if s.series == series]
    assert len(back) == len(some)
    assert all(type(sample.outcome) is Outcome for sample in back)


def test_samples_of_the_version_before_are_read() -> None:
    """What was recorded of an earlier drill stays its evidence; it knew no latency."""
    assert list(unpack(bytes.fromhex(VERSION_1))) == [
        Sample("monitor", NOON, NOON + 12, Outcome.OK, "Online"),
        Sample("dns/x", NOON + 3, NOON + 2_003, Outcome.TIMEOUT),
        Sample("dns/x", NOON + 1_003, NOON + 1_020, Outcome.OK, "v.test", 0, 99),
    ]


def test_the_writer_is_the_row_s_not_the_packed_text_s() -> None:
    """Two writers that saw the same write the same bytes; the row's key tells them apart."""
    (back,) = unpack(pack([Sample("monitor", NOON, NOON + 1, Outcome.OK, writer="a")]), "b")

    assert back.writer == "b"


def test_a_realistic_minute_takes_at_most_eight_bytes_a_sample() -> None:
    """A drill's hour is to cost kilobytes, so that nobody ever has to sample less."""
    minute = realistic_minute(NOON, dice())

    assert len(pack(minute)) <= 8 * len(minute)


def test_an_hour_is_read_in_a_blink() -> None:
    """A report over an hour must not wait for its samples: 33,000 of them within 60 ms of CPU."""
    thrown = dice()
    hour = [pack(realistic_minute(NOON + minute * 60_000, thrown)) for minute in range(60)]
    taken = []
    for _ in range(5):
        begun = time.process_time()
        read = [list(unpack(packed)) for packed in hour]
        taken.append(time.process_time() - begun)
        assert sum(map(len, read)) == 60 * 60 * len(NINE_SERIES)

    assert min(taken) < 0.060


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x03" + pack([])[1:], id="a later version"),
        pytest.param(b"\x01not zlib", id="damaged"),
        pytest.param(pack([Sample("monitor", NOON, NOON, Outcome.OK)])[:-9], id="cut off"),
    ],
)
def test_what_is_not_packed_samples_is_refused(text: bytes) -> None:
    """Half a minute read as a whole one would be a gap that nobody sees."""
    with pytest.raises(ValueError, match="Packed samples"):
        list(unpack(text))
