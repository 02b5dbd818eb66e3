"""The lanes: what every series answered, run by run."""

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.report import build_report
from shared.core.samples import Outcome, Sample, Timeline
from shared.render.coarse import BANDS_MAX, coarse
from shared.render.lane_picture import lane_picture
from shared.render.lanes import FAILING, GAP, Band, Lane, Reading, bands, endpoint_tones, lanes
from shared.render.sheet import sheet
from shared.render.svg import Scale
from tests.support.drills import LAB, SERVER, a_drill, at
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import Sampler, World, a_finished_drill, timeline


def lane(series: str, recorded: Timeline) -> Lane:
    """Return one series' lane."""
    return next(one for one in lanes(a_drill(), recorded) if one.series == series)


def told(series: str, recorded: Timeline = LAB_TIMELINE) -> list[tuple[str, str]]:
    """Return the tones and words of a lane's bands."""
    return [(band.tone, band.says) for band in lane(series, recorded).bands]


def drawn(recorded: Timeline) -> ET.Element:
    """Return the picture of the lanes."""
    drill = a_finished_drill()
    placed = sheet(build_report(drill, recorded), lanes(drill, recorded))
    return ET.fromstring(lane_picture(placed))  # noqa: S314 - our own picture


def test_lanes_stand_in_the_order_of_a_switch() -> None:
    """From the machine that stops to the client that notices; the endpoint under test first."""
    assert [one.series for one in lanes(a_drill(), LAB_TIMELINE)] == [
        "power/virginia-vm",
        "health/virginia",
        "health/amsterdam",
        "monitor/virginia",
        "monitor/amsterdam",
        "monitor",
        "dns/authoritative/127.1.1.1:53",
        "dns/recursive/127.1.2.1:53",
        "client/fresh",
    ]


def test_a_lane_tells_what_was_answered() -> None:
    """In the tone of the endpoint that it is of, or that it names."""
    virginia, amsterdam, failing = "e0", "e1", FAILING

    assert told("power/virginia-vm") == [
        (virginia, "running"),
        ("chng", "stopping"),
        (failing, "stopped"),
        ("chng", "starting"),
        (virginia, "running"),
    ]
    assert told("health/amsterdam") == [(amsterdam, "serving")]
    assert told("monitor") == [("othr", "Online")]
    assert told("monitor/virginia") == [
        (virginia, "Online"),
        (failing, "Degraded"),
        (virginia, "Online"),
    ]
    assert told("client/fresh") == [
        (virginia, "virginia"),
        (failing, "no answer"),
        (amsterdam, "amsterdam"),
        (virginia, "virginia"),
    ]


def test_a_failure_says_its_kind() -> None:
    """And an answer that names no endpoint is told as it came."""
    series = f"dns/authoritative/{SERVER}"

    def sample(second: int, outcome: Outcome, answer: str = "", code: int | None = None) -> Sample:
        return Sample(series, at(second), at(second) + 5, outcome, answer, code)

    recorded = Timeline(
        (
            sample(0, Outcome.FAILED, code=2),
            sample(1, Outcome.FAILED),
            sample(2, Outcome.TIMEOUT),
            sample(3, Outcome.OK, "else.where>192.0.2.1"),
            sample(4, Outcome.OK),
        )
    )

    assert told(series, recorded) == [
        (FAILING, "rcode 2"),
        (FAILING, "failed"),
        (FAILING, "no answer"),
        ("othr", "else.where>192.0.2.1"),
        ("othr", "empty"),
    ]


def test_what_arm_did_not_tell_is_not_known() -> None:
    """A refused read proves nothing of the machine."""
    series = "power/virginia-vm"
    refused = Sample(series, at(0), at(0) + 5, Outcome.FAILED, code=429)

    assert told(series, Timeline((refused,))) == [("unkn", "not known")]


def test_a_gap_is_a_band_of_its_own() -> None:
    """From the last answer before it to the first question after it."""
    recorded = timeline(World(), Sampler(gaps=((300.0, 330.0),)))

    found = lane("client/fresh", recorded).bands

    assert [b.says for b in found[2:5]] == ["amsterdam", "not asked", "amsterdam"]
    assert (found[3].since // 1_000, found[3].until) == (at(299) // 1_000, at(330))


def test_a_series_that_should_have_been_recorded_is_one_gap() -> None:
    """What the drill was not observed by is seen to be missing."""
    samples = tuple(s for s in LAB_TIMELINE.samples if s.series != "client/fresh")

    assert told("client/fresh", replace(LAB_TIMELINE, samples=samples)) == [(GAP, "not asked")]


def test_a_series_that_began_late_or_ended_early_has_gaps_there() -> None:
    """The whole observation counts."""
    samples = tuple(
        s
        for s in LAB_TIMELINE.samples
        if s.series != "health/amsterdam" or at(100) < s.asked_at < at(200)
    )

    found = told("health/amsterdam", replace(LAB_TIMELINE, samples=samples))

    assert found == [(GAP, "not asked"), ("e1", "serving"), (GAP, "not asked")]


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), loss=st.floats(0, 0.5), gap=st.integers(0, 500))
def test_the_runs_are_the_samples(seed: int, loss: float, gap: int) -> None:
    """Every sample lies in a band that says what it said, and none is counted twice."""
    sampler = Sampler(seed=seed, loss=loss, jitter_seconds=0.5, gaps=((gap, gap + 20.0),))
    recorded = timeline(World(), sampler)

    for one in lanes(a_drill(), recorded):
        samples = recorded.series(one.series)
        within = [b for b in one.bands if b.tone != GAP]
        assert sum(band.asked for band in within) == len(samples)
        runs = iter(samples)
        for band in within:
            of_it = [next(runs) for _ in range(band.asked)]
            assert all(band.since <= s.asked_at <= band.until for s in of_it)
            assert len({(s.outcome, s.answer) for s in of_it}) == 1
        for earlier, later in pairwise(one.bands):
            assert earlier.until == later.since


def test_bands_of_nothing() -> None:
    """A series without samples has none."""
    assert bands((), 1_000, lambda _: Reading("e0", "x")) == []


def test_endpoints_are_told_apart() -> None:
    """The one under test is first; a survivor's tone follows its priority."""
    third = replace(LAB.endpoints[1], name="tokyo", priority=3)
    snapshot = replace(LAB, endpoints=(third, *LAB.endpoints))

    tones = endpoint_tones(a_drill(snapshot=snapshot))

    assert tones == {"virginia": "e0", "amsterdam": "e1", "tokyo": "e2"}


def test_gaps_are_drawn_as_lines_and_answers_as_bands() -> None:
    """A gap is never filled."""
    picture = drawn(timeline(World(), Sampler(gaps=((300.0, 330.0),))))

    gaps = [e for e in picture.iter("line") if e.get("class") == "gap"]
    assert len(gaps) == 9
    assert {e.findtext("title") for e in gaps} >= {"not asked, 09:04:59 to 09:05:30 (0)"}
    assert not [e for e in picture.iter("rect") if e.get("class") == GAP]


def test_every_milestone_is_framed_and_named() -> None:
    """On the lane of its series, as wide as it is uncertain."""
    picture = drawn(LAB_TIMELINE)

    frames = [
        str(e.findtext("title")) for e in picture.iter("rect") if e.get("class") == "milestone"
    ]
    labels = [e.text for e in picture.iter("text") if e.get("class") == "label"]
    assert len(frames) == len(labels) == 14
    assert "faultEffective at virginia: after 09:01:41.000, not after 09:01:44.001" in frames
    assert {"fault effective", "VM stopped", "client on survivor"} <= set(labels)


def test_vantages_that_switch_together_share_a_label() -> None:
    """Two name servers, one word, two frames."""
    other = tuple(
        s._replace(series="dns/authoritative/127.1.1.2:53")
        for s in LAB_TIMELINE.series(f"dns/authoritative/{SERVER}")
    )

    picture = drawn(replace(LAB_TIMELINE, samples=(*LAB_TIMELINE.samples, *other)))

    labels = [e.text for e in picture.iter("text") if e.get("class") == "label"]
    assert "authoritative switched (2)" in labels


def test_phases_are_shaded_and_named() -> None:
    """Those that have room for their name."""
    picture = drawn(LAB_TIMELINE)

    names = [e.text for e in picture.iter("text") if e.get("class") == "phase"]
    assert names == ["steady", "failover", "hold"]


def test_a_few_bands_are_all_drawn() -> None:
    """Nothing is told together without need."""
    few = [Band("e0", "x", 0, 10, 1)] * 10

    assert coarse(few, Scale(0, 10_000)) == few


@given(st.lists(st.sampled_from(["e0", "e1", FAILING, GAP]), min_size=BANDS_MAX + 1, max_size=999))
def test_too_many_bands_are_told_together(tones: list[str]) -> None:
    """Time and samples are kept, and no failure is hidden."""
    every = [Band(t, t, i * 100, i * 100 + 100, 1) for i, t in enumerate(tones)]
    scale = Scale(0, len(every) * 100)

    shown = coarse(every, scale)

    assert sum(b.asked for b in shown) == len(every)
    assert (shown[0].since, shown[-1].until) == (0, len(every) * 100)
    assert all(one.until == two.since for one, two in pairwise(shown))
    failures = [b for b in every if b.tone == FAILING]
    for failure in failures:
        assert any(
            b.tone == FAILING and b.since <= failure.since and failure.until <= b.until
            for b in shown
        )
