"""`python -m devtools.picture`: the report's picture."""

import os
from pathlib import Path

import pytest

from devtools import picture
from tests.support.browser import CHROMIUM, Picture


def test_without_a_report_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any browser is started."""
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\nexit 1\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert picture.main(["--report", str(tmp_path / "none.html")]) == picture.EXIT_FAILED
    assert "run `./dev demo` first" in capsys.readouterr().err


def test_without_a_browser_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its Debian name."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert picture.main([]) == picture.EXIT_FAILED
    assert "apt-get install chromium" in capsys.readouterr().err


def test_a_browser_that_makes_no_picture_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older picture does not count."""
    browser, report = tmp_path / "chromium", tmp_path / "report.html"
    browser.write_text("#!/bin/sh\necho it is broken >&2\n")
    browser.chmod(0o755)
    report.write_text("<p>x")
    old = tmp_path / "report.png"
    old.write_text("old")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    words = ["--report", str(report), "--picture", str(old)]

    assert picture.main(words) == picture.EXIT_FAILED
    assert "it is broken" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.skipif(
    CHROMIUM is None and os.geteuid() != 0, reason="chromium is not installed (.ci/run does)"
)
def test_a_report_becomes_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the height that is asked for, and not blank."""
    report, made = tmp_path / "report.html", tmp_path / "docs" / "report.png"
    report.write_text("<!doctype html><h1>Failover MET</h1>")

    words = ["--report", str(report), "--picture", str(made), "--height", "120"]

    assert picture.main(words) == 0
    assert "by 120 pixels" in capsys.readouterr().out
    assert not Picture.decoded(made.read_bytes()).is_blank
