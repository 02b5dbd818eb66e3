"""The one door through which text enters a page."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.intervals import ANYTHING, Elapsed
from shared.render.lane_picture import NAME_MAX, shortened
from shared.render.markup import Html, tag, text
from shared.render.wording import bounds, minutes, words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("<b>", "&lt;b&gt;"),
        ("a & b", "a &amp; b"),
        ("\"'", "&quot;&#x27;"),
        ("\x00\x1b[31m\n", "␀␛[31m␊"),
        ("\x7f\x85", "␡\ufffd"),
        ("\ud800\uffff", "\ufffd\ufffd"),
        ("evil\u202etxt", "evil⟨U+202E⟩txt"),
        ("Zürich 東京", "Zürich 東京"),
        (3, "3"),
    ],
)
def test_text_shows_as_text(value: object, written: str) -> None:
    """What would be markup, what no page may hold, and what would turn a line around."""
    assert text(value) == written


def test_markup_is_written_as_it_is() -> None:
    """What is escaped once is not escaped again."""
    assert tag("p", tag("b", "1 < 2"), Html("<i>x</i>")) == "<p><b>1 &lt; 2</b><i>x</i></p>"


def test_attributes_are_escaped_and_none_is_left_out() -> None:
    """A quote cannot end an attribute."""
    told = tag("td", class_='"><script>', title=None, aria_label="a'b")

    assert told == '<td class="&quot;&gt;&lt;script&gt;" aria-label="a&#x27;b"></td>'


def test_elements_without_content_end_themselves() -> None:
    """As XML and HTML both read them."""
    assert tag("rect", width=1) == '<rect width="1"/>'


@pytest.mark.parametrize(
    ("elapsed", "told"),
    [
        (Elapsed(108.017, 113.072), "108.0 to 113.1 s"),
        (Elapsed(113.1, 113.1), "113.1 to 113.1 s"),
        (Elapsed(-2.208, 1.03), "\u22122.3 to 1.1 s"),
        (Elapsed(-0.01, -0.01), "\u22120.1 to 0.0 s"),
        (Elapsed(77.489, None), "at least 77.4 s"),
        (Elapsed(-inf, 3.01), "at most 3.1 s"),
        (ANYTHING, "nothing"),
        (None, "not known"),
    ],
)
def test_bounds_are_rounded_outward(elapsed: Elapsed | None, told: str) -> None:
    """What is shown holds whatever the exact bounds hold."""
    assert bounds(elapsed) == told


@given(st.integers(-10_000_000, 10_000_000), st.integers(0, 1_000_000))
def test_rounding_never_narrows(least_ms: int, width_ms: int) -> None:
    """To the last millisecond."""
    elapsed = Elapsed(least_ms / 1_000, (least_ms + width_ms) / 1_000)

    least, _, most, _ = bounds(elapsed).replace("\u2212", "-").split()

    assert round(float(least) * 1_000) <= least_ms
    assert round(float(most) * 1_000) >= least_ms + width_ms


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("clientOnSurvivor", "client on survivor"),
        ("vmStopped", "VM stopped"),
        ("dnsSwitch", "DNS switch"),
        ("boot", "boot"),
    ],
)
def test_names_read_as_words(name: str, told: str) -> None:
    """In pictures; tables keep the names of the contract."""
    assert words(name) == told


def test_minutes() -> None:
    """As a clock shows them."""
    assert [minutes(s) for s in (0, 90, 3_600, -5)] == ["0:00", "1:30", "60:00", "\u22120:05"]


def test_a_long_name_keeps_both_ends() -> None:
    """Addresses of one network differ at the end."""
    assert shortened("127.1.1.1:53") == "127.1.1.1:53"
    assert shortened("[2603:1061:0:10:8000::5]:53") == "[2603:1061…000::5]:53"
    assert len(shortened("\u202e" * 30)) <= NAME_MAX
