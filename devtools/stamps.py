"""Which steps of the set-up are done: a stamp holds the fingerprint of what went in."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


def fingerprint(files: Iterable[Path], *words: str) -> str:
    """A digest of the files' names and contents and of the words; absent files count as such."""
    digest = hashlib.sha256()
    for part in words:
        digest.update(part.encode() + b"\0")
    for file in files:
        content = file.read_bytes() if file.is_file() else b"absent"
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Stamp:
    """The mark that a step was completed."""

    file: Path
    result: Path  # what the step made; without it the mark is worth nothing

    def holds(self, current: str) -> bool:
        """The step was done from exactly this, and what it made is still there."""
        try:
            return self.file.read_text() == current and self.result.exists()
        except FileNotFoundError:
            return False

    def clear(self) -> None:
        """Before the step: one that is cut short leaves no stamp."""
        self.file.unlink(missing_ok=True)

    def set(self, current: str) -> None:
        """After the step."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(current)
