"""The demo's words: told once, in virtual time, plainly where nobody watches."""

from datetime import UTC, datetime, timedelta

import pytest

from devtools import summary
from devtools.clock import Clock, parse_instant
from devtools.story import Story
from devtools.truth_check import Finding

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def story() -> Story:
    """A story at noon, on a clock that stands still."""
    return Story(Clock(NOON, 0.0, 0.0))


def test_changes_are_told_once(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for what is new, none for what is as it was."""
    story.tell_changes("steady", {"dns": "virginia"})
    story.tell_changes("steady", {"dns": "virginia"})
    story.tell_changes("failover", {"dns": "amsterdam"})
    assert capsys.readouterr().out.splitlines() == [
        "12:00:00  steady     dns: virginia",
        "12:00:00  failover   dns: virginia → amsterdam",
    ]


def test_drill_is_followed(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """Its phase, what it waits for, what was last seen; its ending."""
    drill = {"phase": "failover", "waitsFor": "a survivor", "lastSeen": {"power/vm": "stopped"}}
    story.follow(drill)
    story.follow(drill)
    story.follow({"phase": "closed", "ending": "finished", "reason": None, "waitsFor": ""})
    assert capsys.readouterr().out.splitlines() == [
        "12:00:00  failover   phase failover",
        "12:00:00  failover   power/vm: stopped",
        "12:00:00  failover   waiting for a survivor",
        "12:00:00  closed     phase closed: finished",
    ]


def test_drill_without_last_seen_is_followed(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    """A drill that shows no samples yet is told by its phase alone."""
    story.follow({"phase": "steady"})
    assert capsys.readouterr().out == "12:00:00  steady     phase steady\n"


def test_endpoints_are_called_by_name(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """A target or an address, once a resolver's answer has shown whose it is, is a name."""
    story.meet([{"name": "virginia", "target": "Virginia.example"}, {"name": "x"}])
    answers = {
        "client/fresh": "10.0.0.4",
        "dns/authoritative/a": "virginia.example",
        "dns/recursive/b": "virginia.example>10.0.0.4",
        "monitor": "Online",
    }
    story.follow({"phase": "steady", "lastSeen": answers})
    assert [line[21:] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "client/fresh: virginia (10.0.0.4)",
        "dns/authoritative/a: virginia",
        "dns/recursive/b: virginia (10.0.0.4)",
        "monitor: Online",
    ]


def test_clock_is_the_one_of_the_processes() -> None:
    """The text says when it is, since when, and how fast, as every process reads it."""
    clock = Clock(NOON, 81234.567, 20.0)
    assert clock.text == "2026-11-22T12:00:00Z@81234.567*20"


def test_clock_runs_at_its_speed() -> None:
    """A thousand times as fast, a minute has passed before 0.06 s have."""
    clock = Clock.start(1000.0)
    while clock.now() - clock.anchor < timedelta(minutes=1):
        pass
    assert clock.now() > clock.anchor


def test_bounds_are_shown_with_dashes_for_the_unknown() -> None:
    """Unbounded is null on the wire and a dash to people."""
    assert summary.bounds({"secondsMin": 81.26, "secondsMax": None}) == "    81.3 …        - s"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(90, 99, "faster"), (90, 100, "within"), (130, 140, "within"), (131, 140, "slower")],
)
def test_observed_and_promised_are_intervals(low: float, high: float, verdict: str) -> None:
    """Two intervals that share an instant do not contradict each other."""
    promised = {"secondsMin": 100, "secondsMax": 130}
    assert summary.judged({"secondsMin": low, "secondsMax": high}, promised) == verdict


def test_unbounded_promise_is_kept() -> None:
    """What nobody promises an end of is never late."""
    promised = {"secondsMin": 0, "secondsMax": None}
    assert summary.judged({"secondsMin": 9, "secondsMax": None}, promised) == "within"


def test_contradiction_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The table marks what contradicts the truth and counts it."""
    instant = parse_instant("2026-11-22T12:00:00.000001Z")
    late = NOON + timedelta(seconds=2)
    report = {
        "objectives": [
            {
                "name": "failover",
                "rtoSeconds": 300,
                "secondsMin": 1.0,
                "secondsMax": 2.0,
                "verdict": "met",
                "because": "It was quick.",
            }
        ],
        "phases": [{"of": "failover", "name": "detection", "secondsMin": 1.0, "secondsMax": 2.0}],
        "envelope": {
            "failover": {"phases": [{"name": "detection", "secondsMin": 0, "secondsMax": 9}]},
            "formulas": [],
        },
        "clientDowntime": [{"class": "fresh", "secondsMin": 0.0, "secondsMax": 1.0}],
        "findings": ["A resolver kept an old answer.", *["A gap."] * 5],
    }
    findings = [
        Finding("faultEffective", "health/virginia", NOON, late, instant, holds=True),
        Finding("vmStopped", "", NOON, late, None, holds=False, because="no such event"),
    ]
    summary.show(report, findings)
    shown = capsys.readouterr().out
    assert "MET" in shown
    assert "promised      0.0 …      9.0 s  within" in shown
    assert "and 1 more, in out/report.md" in shown
    assert "NO: no such event" in shown
    assert "1 of 2 milestones contradict the truth." in shown
