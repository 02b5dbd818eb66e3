"""Labels that neither lie on each other nor are crossed by each other's lines."""

from hypothesis import given
from hypothesis import strategies as st

from shared.render.labels import Label, Spot, room_for, spots
from shared.render.svg import WIDTH_PX_MIN

labels = st.lists(
    st.builds(Label, st.text("abcdefgh ", min_size=1, max_size=30), st.integers(0, 600)),
    max_size=20,
).map(lambda made: sorted(made, key=lambda label: label.at))


def widened(spot: Spot, times: float) -> Spot:
    """Return where a label stands in a wider picture: its line moves, its words do not grow."""
    shift = spot.line_px * (times - 1)
    return Spot(spot.level, spot.left_px + shift, spot.right_px + shift, spot.line_px + shift)


@given(labels, st.floats(1, 4))
def test_no_label_lies_on_another_or_is_crossed(made: list[Label], times: float) -> None:
    """In the narrowest picture, and so in any wider one."""
    placed = [widened(spot, times) for spot in spots(made, [label.at for label in made])]

    for at, one in enumerate(placed):
        for other in placed[at + 1 :]:
            if one.level == other.level:
                apart = 1e-6
                assert (
                    one.right_px <= other.left_px + apart or other.right_px <= one.left_px + apart
                )
            else:
                upper, lower = sorted((one, other), key=lambda spot: spot.level)
                assert not lower.left_px + 1e-6 < upper.line_px < lower.right_px - 1e-6


@given(labels)
def test_every_label_lies_within_the_picture(made: list[Label]) -> None:
    """The axis is long enough for the last one's words."""
    last = room_for(made, 0, 600)
    lines = [label.at / last * WIDTH_PX_MIN for label in made]

    for spot in spots(made, lines):
        assert spot.left_px >= 0
        assert spot.right_px <= WIDTH_PX_MIN + 1e-6


def test_labels_stand_as_high_as_they_can() -> None:
    """Those far apart side by side, those close together in stairs."""
    made = [Label("one", 0), Label("two", 10), Label("three", 200)]

    assert [spot.level for spot in spots(made, [0, 10, 200])] == [0, 1, 0]


def test_a_label_may_stand_to_the_left_of_its_line() -> None:
    """Where that is higher up than to the right."""
    made = [Label("a", 100), Label("b", 100)]

    first, second = spots(made, [100, 100])

    assert not first.is_left_of_its_line
    assert second.is_left_of_its_line
    assert first.level == second.level == 0
