"""Where the time went: bars, what is doubtful at their ends, and promises."""

from dataclasses import replace
from itertools import pairwise
from math import inf
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.intervals import ANYTHING, Elapsed
from shared.core.report import Report, build_report
from shared.render.bars import Span, anchor, bracket, doubts, merged, sure
from shared.render.markup import tag
from shared.render.style import STYLE
from shared.render.svg import Scale, in_percent, patterns, text_px, ticks
from shared.render.waterfall import where_the_time_went
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import World, a_finished_drill, timeline, until

spans = st.tuples(st.integers(0, 1_000), st.integers(0, 100)).map(
    lambda pair: (float(pair[0]), float(pair[0] + pair[1]))
)


def drawn(report: Report) -> ET.Element:
    """Return both pictures, in one element."""
    return ET.fromstring(tag("div", where_the_time_went(report)))  # noqa: S314 - our own picture


def rows(report: Report) -> list[list[str]]:
    """Return what the rows say beside their bars."""
    told = []
    for row in drawn(report).iter("div"):
        if str(row.get("class")).startswith("row"):
            name, _, *rest = ("".join(cell.itertext()) for cell in row.findall("span"))
            told.append([name, *rest])
    return told


def test_every_phase_has_a_row_with_its_bounds_and_its_promise() -> None:
    """Under the total; what is drawn is said."""
    told = rows(build_report(a_finished_drill(), LAB_TIMELINE))

    assert told[1] == ["failover time", "183.9 to 188.1 s", "100.0 to 233.0 s", "within"]
    assert told[2] == ["detection", "109.9 to 115.1 s", "100.0 to 130.0 s", "within"]
    assert ["boot", "29.8 to 32.1 s", "at least 0.0 s", "within"] in told


def test_what_lies_beyond_its_promise_is_marked() -> None:
    """With a sign beside the word: colour alone tells nothing."""
    late = World(degraded=250.0, authoritative_switched=250.0)

    told = rows(build_report(a_finished_drill(), timeline(late)))

    assert next(row for row in told if row[0] == "detection")[-1] == "▲ slower"


def test_a_phase_that_was_not_reached_keeps_its_row() -> None:
    """With what was promised of it."""
    told = rows(build_report(a_finished_drill(), until(LAB_TIMELINE, 280)))

    assert ["cache drain", "not over", "0.0 to 100.0 s", ""] in told
    assert ["client recovery", "not reached", "0.0 to 3.0 s", ""] in told


def test_a_phase_that_did_not_end_is_drawn_as_far_as_it_was_observed() -> None:
    """In its row and in the total, as neither certain nor doubtful."""
    picture = drawn(build_report(a_finished_drill(), until(LAB_TIMELINE, 280)))

    unfinished = [e for e in picture.iter("rect") if e.get("class") == "unfinished"]
    assert len(unfinished) == 2
    assert {e.get("x") for e in unfinished} == {unfinished[0].get("x")}


def test_without_times_there_is_no_picture() -> None:
    """Nothing is drawn of a drill that has not begun."""
    assert where_the_time_went(build_report(a_finished_drill(), until(LAB_TIMELINE, 50))) == ""


def test_a_switch_seen_only_in_its_later_part_begins_there() -> None:
    """The axis says what it counts from."""
    samples = tuple(s for s in LAB_TIMELINE.samples if s.series != "health/virginia")
    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=samples))

    head = next(e for e in drawn(report).iter("div") if e.get("class") == "row head")

    assert "seconds since endpoint degraded" in "".join(head.itertext())


@given(spans, spans)
def test_solid_is_what_is_certain_and_hatched_what_may_be(start: Span, end: Span) -> None:
    """Together they are everything from the earliest beginning to the latest end."""
    solid, hatched = sure(start, end), doubts(start, end)

    parts = [*hatched, *([solid] if solid else [])]
    assert min(part[0] for part in parts) == min(start[0], end[0])
    assert max(part[1] for part in parts) == max(start[1], end[1])
    if solid is not None:
        assert solid == (start[1], end[0])
        assert hatched == [start, end]


@given(st.lists(spans))
def test_merged_spans_do_not_touch(made: list[Span]) -> None:
    """Whatever lay in one of them lies in one of the merged."""
    found = merged(made)

    assert all(one[1] < two[0] for one, two in pairwise(found))
    assert all(any(f[0] <= m[0] and m[1] <= f[1] for f in found) for m in made)


def test_an_unbounded_promise_is_open() -> None:
    """Its bracket has one end."""
    scale = Scale(0, 100)

    closed = bracket(scale, (0.0, 1.0), Elapsed(10, 20), 5)
    opened = bracket(scale, (0.0, 1.0), Elapsed(10, None), 5)
    opened_left = bracket(scale, (0.0, 1.0), Elapsed(-inf, 20), 5)

    assert closed.count("<line") == 3
    assert 'x1="10%" x2="21%"' in closed
    assert opened.count("<line") == 2
    assert 'x2="100%"' in opened
    assert opened_left.count("<line") == 2
    assert 'x1="0%" x2="21%"' in opened_left
    assert bracket(scale, (0.0, 1.0), ANYTHING, 5).count("<line") == 1


@given(st.floats(0.5, 100_000))
def test_an_axis_has_few_ticks(seconds: float) -> None:
    """From 0 on, a person can count them."""
    found = list(ticks(seconds))

    assert found[0] == 0
    assert found[-1] <= seconds
    assert len(found) <= 9


def test_a_place_lies_within_the_picture() -> None:
    """Whatever is asked for; an axis of no length has one place."""
    assert [Scale(0, 10).percent(x) for x in (-1, 5, 11)] == [0, 50, 100]
    assert Scale(3, 3).percent(3) == 0
    assert in_percent(12.5) == "12.5%"


@pytest.mark.parametrize(("percent", "begins"), [(0, "start"), (50, "middle"), (100, "end")])
def test_words_at_an_edge_are_not_cut(percent: float, begins: str) -> None:
    """They begin, or end, there."""
    assert anchor(percent) == begins


def test_wide_characters_need_more_room() -> None:
    """Names may be in any script."""
    assert text_px("東京") > text_px("ab")


def test_every_tone_but_two_has_a_pattern() -> None:
    """Grey is enough: solid is the endpoint under test, plain what is neither good nor bad."""
    defined = {p.get("id") for p in ET.fromstring(patterns()).iter("pattern")}  # noqa: S314

    assert defined == {"e1", "e2", "e3", "e4", "fail", "chng", "unkn", "doubt"}
    assert all(f"url(#{name})" in STYLE for name in defined)
