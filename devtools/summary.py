"""The end of the demo's story: verdicts, times with their bounds, and report beside truth."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from devtools.console import paint, say
from devtools.truth_check import Finding

_COLOURS = {"met": "green", "missed": "red"}


def show(report: Mapping[str, Any], findings: Sequence[Finding]) -> None:
    """Write everything."""
    say()
    _show_objectives(report)
    _show_times(report)
    _show_truth(findings)
    say()


def bounds(entry: Mapping[str, Any]) -> str:
    """`min … max s`; what is unbounded or unknown is a dash."""
    low, high = (_seconds(entry.get(name)) for name in ("secondsMin", "secondsMax"))
    return f"{low:>8} … {high:>8} s"


def _seconds(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) else "-"


def _show_objectives(report: Mapping[str, Any]) -> None:
    for objective in report["objectives"]:
        verdict = str(objective["verdict"])
        word = paint(verdict.upper(), _COLOURS.get(verdict, "yellow"))
        within = f"within {objective['rtoSeconds']} s"
        say(f"{paint(objective['name'], 'bold'):<9} {bounds(objective)}  {within}: {word}")
        say(f"          {objective['because']}")
    for finding in report.get("findings") or ():
        say(f"finding   {_text(finding)}")


def _show_times(report: Mapping[str, Any]) -> None:
    say()
    say(paint("Phase times (seconds, virtual)", "bold"))
    for phase in report["phases"]:
        say(f"  {phase['of']:<9} {phase['name']:<15} {bounds(phase)}")
    for name, promised in (report.get("envelope") or {}).items():
        if isinstance(promised, Mapping) and "secondsMax" in promised:
            say(f"  {'envelope':<9} {name:<15} {bounds(promised)}")
    for downtime in report.get("clientDowntime") or ():
        say(f"  {'downtime':<9} {downtime['class']:<15} {bounds(downtime)}")


def _show_truth(findings: Sequence[Finding]) -> None:
    say()
    say(paint("Report against truth (seconds after the fault was requested)", "bold"))
    known = [finding.truth for finding in findings if finding.truth is not None]
    origin = min(known, default=None)
    for finding in findings:
        mark = paint("ok", "green") if finding.holds else paint(f"NO: {finding.because}", "red")
        span = f"{_since(origin, finding.after):>8} … {_since(origin, finding.not_after):>8}"
        truth = _since(origin, finding.truth)
        say(f"  {finding.name:<22} {finding.vantage:<32} {span}   truth {truth:>8}  {mark}")
    wrong = sum(not finding.holds for finding in findings)
    if wrong:
        say(paint(f"{wrong} of {len(findings)} milestones contradict the truth.", "red"))
    else:
        say(paint(f"All {len(findings)} milestones hold the truth between their bounds.", "green"))


def _since(origin: datetime | None, instant: datetime | None) -> str:
    if origin is None or instant is None:
        return "-"
    return f"{(instant - origin).total_seconds():.2f}"


def _text(finding: object) -> str:
    if isinstance(finding, Mapping):
        return str(finding.get("text") or finding.get("message") or dict(finding))
    return str(finding)
