"""The demo's words: told once, in virtual time, plainly where nobody watches."""

from datetime import UTC, datetime, timedelta

import pytest

from devtools import summary
from devtools.clock import Clock, parse_instant
from devtools.story import Story, plain
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


@pytest.mark.parametrize(
    ("value", "text"),
    [("Online", "Online"), ({"endpoint": "virginia", "ttl": 3}, "virginia"), (200, "200")],
)
def test_facts_are_short(value: object, text: str) -> None:
    """A fact is told in one word or two."""
    assert plain(value) == text


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
        "envelope": {"detection": {"secondsMin": 0, "secondsMax": 9}, "formula": "published"},
        "clientDowntime": [{"class": "fresh", "secondsMin": 0.0, "secondsMax": 1.0}],
        "findings": [{"text": "A resolver kept an old answer."}],
    }
    findings = [
        Finding("faultEffective", "health/virginia", NOON, late, instant, holds=True),
        Finding("vmStopped", "", NOON, late, None, holds=False, because="no such event"),
    ]
    summary.show(report, findings)
    shown = capsys.readouterr().out
    assert "MET" in shown
    assert "NO: no such event" in shown
    assert "1 of 2 milestones contradict the truth." in shown
