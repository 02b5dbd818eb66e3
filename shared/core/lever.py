"""The safety lever's position: one switch that stops running drills and forbids new ones."""

from dataclasses import dataclass

from shared.core.samples import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """Where the lever stands, and who put it there, when, from where and why."""

    engaged: bool = False
    reason: str = ""
    changed_at: Instant | None = None
    changed_by: str = ""
    changed_from: str = ""
