"""The end of the demo's story: verdicts, times with their bounds, and report beside truth."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from devtools.console import paint, say
from devtools.truth_check import Finding

FINDINGS_SHOWN = 5
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
    findings = [_text(finding) for finding in report.get("findings") or ()]
    for text in findings[:FINDINGS_SHOWN]:
        say(f"finding   {text}")
    if len(findings) > FINDINGS_SHOWN:
        say(f"          and {len(findings) - FINDINGS_SHOWN} more, in out/report.md")


def _show_times(report: Mapping[str, Any]) -> None:
    say()
    say(paint("Phase times (virtual seconds), and what the profile's settings promise", "bold"))
    promised = _promised(report.get("envelope") or {})
    for phase in report["phases"]:
        entry = promised.get((phase["of"], phase["name"]))
        beside = f"   promised {bounds(entry)}  {judged(phase, entry)}" if entry else ""
        say(f"  {phase['of']:<9} {phase['name']:<15} {bounds(phase)}{beside}")
    for downtime in report.get("clientDowntime") or ():
        say(f"  {'downtime':<9} {downtime['class']:<15} {bounds(downtime)}")


def judged(observed: Mapping[str, Any], promised: Mapping[str, Any]) -> str:
    """Whether what was observed meets the promise: both are intervals."""
    low, high = observed.get("secondsMin"), observed.get("secondsMax")
    least, most = promised.get("secondsMin"), promised.get("secondsMax")
    if low is not None and most is not None and low > most:
        return "slower"
    if high is not None and least is not None and high < least:
        return "faster"
    return "within"


def _promised(envelope: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The envelope's bounds by switch and phase."""
    return {
        (of, phase["name"]): phase
        for of, side in envelope.items()
        if isinstance(side, Mapping)
        for phase in side.get("phases") or ()
    }


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
        return str(finding.get("message") or dict(finding))
    return str(finding)
