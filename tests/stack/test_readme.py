"""The README's tour of the REST API: run as it stands, by the shell that it is written for."""

import re
import subprocess

import pytest

from devtools.paths import PYTHON, ROOT
from tests.stack.conftest import StartLab

README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR_SECONDS = 180  # wall; the tour's drill has the lab's settings
CURL = {  # of the answer to each step, what has to be seen in it
    "the profile is provisioned": r'"name":"lab".*"profileStatus":"Enabled"',
    "its endpoints are Online": r'"profileMonitorStatus":"Online"',
    "the drill starts": r'"id":"first".*"phase":"steady"',
    "somebody can poll it": r'"id":"first","status":"Running"',
    "the report has its verdict": r"(?i)\bmet\b",
    "the report is JSON too": r'\{"drillId":"first"',
    "the safety lever refuses": r'"code":"SafetyLeverEngaged"',
}


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_commands_it_names_exist() -> None:
    """Every `./dev` command of a console block is one that `./dev --help` offers."""
    named = set(re.findall(r"^\$ \./dev (\w+)", "\n".join(blocks("console")), re.MULTILINE))
    assert named >= {"demo", "test"}
    asked = [str(PYTHON), str(ROOT / "dev"), "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout
    offered = set(re.findall(r"^    (\w+)", told, re.MULTILINE))
    assert named - offered == set()


@pytest.mark.long
def test_the_tour_runs_as_it_stands(start_lab: StartLab) -> None:
    """Every command succeeds, and the answers are those that the text around them speaks of."""
    script = "set -eu -o pipefail\n" + "\n".join(blocks("bash"))
    with start_lab(20) as lab:
        environment = {"PATH": "/usr/bin:/bin", "API": f"{lab.stack.url}/api", "KEY": lab.stack.key}
        ran = subprocess.run(
            ["bash", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=TOUR_SECONDS,
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
        assert lab.is_running()
        assert lab.must("GET", "/profiles")["value"] == []
    unseen = [step for step, pattern in CURL.items() if not re.search(pattern, ran.stdout)]
    assert unseen == []
