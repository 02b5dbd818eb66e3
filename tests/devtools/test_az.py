"""`./dev az`: the file of commands, its transcript, and how a failing command is told."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from devtools import az
from devtools.processes import Children, Failed

FAKE = """#!/bin/sh
printf '%s\\n' "$*" >> "$FAKE_LOG"
case "$*" in
  *--query*) echo "WARNING: soon to change" >&2; echo "$FAKE_ANSWER" ;;
  fail*) echo "ERROR: no" >&2; exit 3 ;;
esac
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[az.Cli]:
    """A program that plays az: it notes its words, and answers queries."""
    fake = tmp_path / "az"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "FAKE_LOG": str(tmp_path / "log"), "FAKE_ANSWER": "42"}
    monkeypatch.chdir(tmp_path)
    with Children() as children:
        yield az.Cli(children, tmp_path, fake, env)


def test_the_file_of_commands_is_read_by_chapters() -> None:
    """Titles, commands, and what a command must print."""
    chapters = az.read("# head\n# of the file\n\n# one\na b\n=> c\nd\n\n# two\ne\n")

    assert [(c.title, c.steps) for c in chapters] == [
        ("one", [az.Step("a b", "c"), az.Step("d")]),
        ("two", [az.Step("e")]),
    ]


def test_the_committed_commands_do_what_the_lab_needs() -> None:
    """Created, shown, listed, updated, checked, stopped, deallocated, started, deleted."""
    steps = [step.words for chapter in az.read(az.COMMANDS.read_text()) for step in chapter.steps]

    for part in (
        "profile create",
        "endpoint create",
        "profile show",
        "profile list",
        "endpoint list",
        "profile update",
        "endpoint update",
        "profile check-dns",
        "vm stop",
        "vm deallocate",
        "vm start",
        "vm show -d",
        "endpoint delete",
        "profile delete",
    ):
        assert any(part in step for step in steps), part
    assert all(shlex.split(step) for step in steps)


def test_the_document_is_of_these_commands() -> None:
    """A command that was changed since its transcript was written makes the page stale."""
    steps = [step.words for chapter in az.read(az.COMMANDS.read_text()) for step in chapter.steps]
    told = [line[5:] for line in az.DOCUMENT.read_text().splitlines() if line.startswith("$ az ")]

    assert [line for line in told if "<" not in line and not line.startswith("cloud")] == steps


def test_a_command_is_run_with_its_words_and_warnings_are_left_out(
    cli: az.Cli, tmp_path: Path
) -> None:
    """What counts is what it printed."""
    assert cli("vm", "list", "--query", "length(@)") == "42"
    assert (tmp_path / "log").read_text() == "vm list --query length(@)\n"


def test_signing_in_makes_the_cloud_known(cli: az.Cli, tmp_path: Path) -> None:
    """In this order, and with the addresses of the ready file."""
    cli.sign_in({"armHttps": "https://127.0.0.1:1", "tenantId": "t"})

    words = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[:2] for line in words] == [
        ["cloud", "register"],
        ["cloud", "set"],
        ["login", "--service-principal"],
    ]
    assert words[0].endswith("--endpoint-resource-manager https://127.0.0.1:1")
    assert words[2].endswith("--tenant t")


def test_a_command_that_fails_is_told_with_its_complaint(cli: az.Cli) -> None:
    """And so is one that prints something else."""
    with pytest.raises(Failed, match="`az fail` ended with 3: ERROR: no"):
        cli("fail")
    with pytest.raises(Failed, match="printed '42' instead of '43'"):
        az.tell(cli, az.Chapter("one", [az.Step("a --query b", "43")]))


def test_the_transcript(cli: az.Cli) -> None:
    """A console block for each chapter."""
    told = az.tell(cli, az.Chapter("one", [az.Step("a --query b", "42"), az.Step("c")]))

    assert told == "## One\n\n```console\n$ az a --query b\n42\n$ az c\n```\n"


def test_without_any_az_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own wins over ours."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(az, "VENV", tmp_path / "venv")
    with pytest.raises(Failed, match=r"\./dev az --install"):
        az.find()
    ours, own = tmp_path / "venv" / "bin" / "az", tmp_path / "az"
    for program in (ours, own):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
    assert az.find() == own
    own.unlink()
    assert az.find() == ours


def test_the_users_azure_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that leads to it reaches the CLI, and its settings are elsewhere."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://elsewhere")

    env: Mapping[str, str] = az.environment_of({"caFile": "ca.pem"}, tmp_path)

    assert "AZURE_CLIENT_SECRET" not in env
    assert "IDENTITY_ENDPOINT" not in env
    assert env["AZURE_CONFIG_DIR"].startswith(str(tmp_path))
    assert env["REQUESTS_CA_BUNDLE"] == "ca.pem"
