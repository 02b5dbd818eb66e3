"""Draws docs/state-machine.md from the drill's rules: `python -m devtools.diagram`."""

import sys

from devtools import paths
from shared.core.decide import RULES, Rule

PAGE = paths.ROOT / "docs" / "state-machine.md"
HEAD = """# The state machine of a drill

Drawn from `RULES` in `shared/core/decide.py` by `python -m devtools.diagram`; a test holds it to
them. In each phase, the first rule whose condition holds is taken. There is no other way to move.
"""


def page() -> str:
    """Return the whole page."""
    drawing = "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> steady", *_arrows(), "```"])
    return f"{HEAD}\n{drawing}\n\n{_table()}"


def _arrows() -> list[str]:
    arrows = [f"    {rule.at} --> {rule.to}: {_words(rule)}" for rule in RULES]
    return [*arrows, "    closed --> [*]"]


def _table() -> str:
    rows = ["| in | when | enter | ending | reason |", "| --- | --- | --- | --- | --- |"]
    for rule in RULES:
        told = (rule.when.__doc__ or "").strip()
        rows.append(f"| {rule.at} | {told} | {rule.to} | {rule.ending or ''} | {rule.reason} |")
    return "\n".join(rows) + "\n"


def _words(rule: Rule) -> str:
    name = str(getattr(rule.when, "__name__", "")).removeprefix("is_").removeprefix("has_")
    ending = f" ({rule.ending})" if rule.ending else ""
    return name.replace("_", " ") + ending


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{paths.shown(PAGE)} is drawn.\n")
