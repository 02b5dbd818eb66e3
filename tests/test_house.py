"""What no linter knows: docs and code agree; what is for development does not ship."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from devtools.diagram import PAGE, page

ROOT = Path(__file__).parents[1]
PRODUCT = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
CODES = (
    re.compile(r'Fault\(\s*"([A-Z]\w+)"'),
    re.compile(r'^\s+(?:error\.)?code = "([A-Z]\w+)"', re.MULTILINE),
    re.compile(r'Finding\(\s*"([A-Z]\w+)"'),
    re.compile(r'_NoMachines\(\s*"([A-Z]\w+)"'),
    re.compile(r'Caution\(\s*code="([A-Z]\w+)"'),
    re.compile(r'^\s+"((?:Fault|No|Deadline|Rollback)[A-Z]\w+)",$', re.MULTILINE),
    re.compile(r'return "([A-Z][a-z]+[A-Z]\w+)" if|return "([A-Z][a-z]+[A-Z]\w+)"$', re.MULTILINE),
    re.compile(r'reason: str = "([A-Z]\w+)"'),
)
FILE_LINES_MAX = 400


def told_codes() -> set[str]:
    """Return every code that the product's source tells."""
    found: set[str] = set()
    for file in PRODUCT:
        text = file.read_text()
        for pattern in CODES:
            found |= {part for match in pattern.findall(text) for part in _parts(match) if part}
    return found


def headings() -> list[str]:
    """Return the headings of docs/errors.md."""
    return re.findall(r"^### (\w+)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)


def _parts(match: str | tuple[str, ...]) -> tuple[str, ...]:
    return (match,) if isinstance(match, str) else match


def test_every_code_has_a_heading() -> None:
    """A code that is not explained helps nobody; a heading without a code misleads."""
    headings = set(
        re.findall(r"^### (\w+)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    )

    assert told_codes() - headings == set()


def test_every_heading_is_a_code() -> None:
    """What the page explains is still told somewhere."""
    source = "\n".join(file.read_text() for file in PRODUCT)

    assert [heading for heading in headings() if f'"{heading}"' not in source] == []


def test_the_state_machine_is_drawn_as_it_is() -> None:
    """`python -m devtools.diagram` draws it anew."""
    assert PAGE.read_text() == page()


def test_what_is_for_development_does_not_ship() -> None:
    """Every top-level folder and file is either the app's or ignored by the deployment."""
    ships = {
        ".funcignore",
        "function_app.py",
        "functions",
        "shared",
        "host.json",
        "requirements.txt",
        "LICENSE",
    }
    ignored = (ROOT / ".funcignore").read_text().split()
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    tops = {name.split("/")[0] for name in tracked}

    left = {top for top in tops - ships if not any(Path(top).match(each) for each in ignored)}

    assert left == set()


def test_the_host_is_told_the_routes_prefix_and_no_secret() -> None:
    """host.json ships."""
    host = json.loads((ROOT / "host.json").read_text())

    assert host["extensions"]["http"]["routePrefix"] == "api"


@pytest.mark.parametrize("file", PRODUCT, ids=lambda f: str(f.relative_to(ROOT)))
def test_files_stay_small(file: Path) -> None:
    """A file that one reads in one go."""
    assert len(file.read_text().splitlines()) <= FILE_LINES_MAX


def test_table_queries_take_parameters() -> None:
    """A filter pasted together from text could be made to say something else."""
    pasted = re.compile(r"query_entities\(\s*f[\"']")

    assert [file.name for file in PRODUCT if pasted.search(file.read_text())] == []


def test_the_sdk_is_never_told_to_log_tokens() -> None:
    """`logging_enable=True` prints the bearer token."""
    assert [file.name for file in PRODUCT if "logging_enable" in file.read_text()] == []


def test_every_promise_is_shown_by_a_test() -> None:
    """What docs/safety.md names is there, under that name."""
    page = (ROOT / "docs" / "safety.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)

    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text()
    ]

    assert named != []
    assert missing == []
