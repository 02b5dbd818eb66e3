"""What benchmarks write down: one section each, and none touches another's."""

from pathlib import Path

import pytest

from benchmarks import _results
from benchmarks._results import Row, percentile, ratios, tell


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of results that is not there yet."""
    monkeypatch.setattr(_results, "FILE", tmp_path / "RESULTS.md")
    return tmp_path / "RESULTS.md"


def test_each_benchmark_has_a_section_of_its_own(file: Path) -> None:
    """Measured again, it replaces its own alone; the machine is named."""
    tell("One", [Row("cost", "1 µs")], write=True)
    tell("Two", [Row("cost", "2 µs", "at most 3", holds=True)], write=True)
    tell("One", [Row("cost", "9 µs", "at most 3", holds=False)], write=True)
    text = file.read_text(encoding="utf-8")

    assert text.startswith("# What was measured")
    assert text.count("## ") == 2
    assert "| cost | 1 µs |" not in text
    assert "| cost | 9 µs | at most 3 | **missed** |" in text
    assert "| cost | 2 µs | at most 3 | holds |" in text
    assert "Linux" in text


def test_a_broken_promise_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the exit code, and by name; nothing is written unless it is wanted."""
    rows = [Row("cost", "1 µs"), Row("share", "2 %", "at most 3 %", holds=True)]

    assert tell("One", rows, write=False) == 0
    assert tell("One", [*rows, Row("size", "9", "8", holds=False)], write=False) == 1
    assert "MISSED" in capsys.readouterr().out
    assert not file.exists()


def test_figures() -> None:
    """Ratios are of pairs, not of medians."""
    assert ratios([10, 30, 20], [10, 10, 10]) == (2, 1, 3)
    assert [percentile(range(100), p) for p in (0, 50, 99, 100)] == [0, 50, 99, 99]
