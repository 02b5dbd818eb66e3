"""What cannot be indexed: one bad function leaves the app without any, and says which and why."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from localhost.clock import parse_clock
from localhost.indexing import IndexingError, load_functions
from localhost.settings import SettingsError, load_local_settings
from tests.localhost.host_process import APPS, running_host, started_host
from tests.localhost.unloadable import UNLOADABLE
from tests.support.azure_worker import HttpCall, TimerCall, find_refusals, use_worker

LOADABLE = """
import azure.functions as func
app = func.FunctionApp()
@app.route(route="a")
async def a(req: func.HttpRequest, context: func.Context) -> func.HttpResponse: return "x"
@app.timer_trigger(schedule="0 * * * * *", arg_name="timer")
def b(timer): pass
"""


def _write_app(directory: Path, script: str) -> Path:
    (directory / "function_app.py").write_text(script, encoding="utf-8")
    return directory


@pytest.fixture
def clean_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the app that a test imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "function_app", ModuleType("function_app"))


@pytest.mark.usefixtures("clean_imports")
@pytest.mark.parametrize("case", UNLOADABLE)
def test_unloadable_app_is_refused_with_its_reason(tmp_path: Path, case: str) -> None:
    """Whatever else the app holds."""
    script, reason = UNLOADABLE[case]
    with pytest.raises(IndexingError, match=re.escape(reason)):
        load_functions(_write_app(tmp_path, script))


def test_unloadable_app_is_refused_by_azures_worker(tmp_path: Path) -> None:
    """The same apps, all of them, and none that is loadable."""
    scripts = [script for script, _ in UNLOADABLE.values()] + [LOADABLE]
    apps = []
    for number, script in enumerate(scripts):
        (tmp_path / str(number)).mkdir()
        apps.append(_write_app(tmp_path / str(number), script))
    *refusals, none = find_refusals(apps)
    accepted = [case for case, why in zip(UNLOADABLE, refusals, strict=True) if why is None]
    assert (accepted, none) == ([], None)


def test_host_ends_when_the_app_is_not_indexed(tmp_path: Path) -> None:
    """Exit code 1, the reason in the log, and no ready file."""
    script, reason = UNLOADABLE["duplicate function names"]
    with started_host(tmp_path, _write_app(tmp_path, script)) as host:
        assert host.wait_exit() == 1
        assert "app not indexed" in host.log
        assert reason in host.log
        assert not host.ready_file.exists()


@pytest.mark.usefixtures("clean_imports")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys\nsys.exit(3)", "ends the process when it is imported"),
        ("def broken(:", "SyntaxError"),
        (
            UNLOADABLE["duplicate function names"][0].replace("name('a')", "name('A')"),
            "a and A differ only in case",
        ),
    ],
)
def test_unloadable_for_the_host(tmp_path: Path, script: str, reason: str) -> None:
    """Cases that end the worker itself, or that only the host minds."""
    with pytest.raises(IndexingError, match=reason):
        load_functions(_write_app(tmp_path, script))


def test_missing_script_is_named(tmp_path: Path) -> None:
    """As is its folder."""
    with pytest.raises(IndexingError, match=f"There is no function_app.py in {tmp_path}"):
        load_functions(tmp_path)


def test_app_folder_is_last_on_the_path(tmp_path: Path) -> None:
    """A folder of the app that is named like an installed module loses, as under Core Tools."""
    for name in ("platform", "own_package"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("OURS = True", encoding="utf-8")
    script = (
        "import azure.functions as func\nimport os, platform, own_package\n"
        "app = func.FunctionApp()\n"
        "assert own_package.OURS and not hasattr(platform, 'OURS')\n"
        f"assert os.getcwd() == {str(tmp_path)!r}\n"
    )
    with running_host(tmp_path, _write_app(tmp_path, script)) as host:
        assert "functions=0" in host.log


@pytest.mark.parametrize(
    ("settings_text", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold a JSON object"),
        ('{"IsEncrypted": true}', "is encrypted"),
        ('{"Values": {"A": 1, "B": "2", "C": null}}', "must be strings: A, C."),
    ],
)
def test_bad_local_settings(tmp_path: Path, settings_text: str, reason: str) -> None:
    """Refused with the reason, before anything else."""
    (tmp_path / "local.settings.json").write_text(settings_text, encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(reason)):
        load_local_settings(tmp_path)


def test_host_ends_when_its_settings_are_bad(tmp_path: Path) -> None:
    """Exit code 1 and one line that says why."""
    (tmp_path / "host.json").write_text("{", encoding="utf-8")
    with started_host(tmp_path, tmp_path) as host:
        assert host.wait_exit() == 1
        assert host.log.startswith("localhost: host.json is not JSON: ")
        assert host.log.count("\n") == 1


@pytest.mark.parametrize(
    "clock", ["now", "2026-11-22T09:00:00@1*2", "2026-11-22T09:00:00Z@1*0", "x@1*1"]
)
def test_bad_clock(clock: str) -> None:
    """CLOCK that is none is refused."""
    with pytest.raises(ValueError, match="CLOCK must be"):
        parse_clock(clock)


def test_sample_apps_run_in_azures_worker_too(tmp_path: Path) -> None:
    """The same functions, the same answers: our host did not invent what these tests show."""
    report = use_worker(APPS / "web", [HttpCall("answer"), HttpCall("bad", route={"kind": "none"})])
    answered, failed = report.outcomes
    assert report.error is None
    assert (answered.status, answered.body) == (207, "\x00\xff")
    assert "unable to encode outgoing TypedData" in str(failed.error)
    settings = {"RECORD": str(tmp_path / "record.jsonl")}
    report = use_worker(APPS / "clockwork", [TimerCall("quick"), TimerCall("failing")], settings)
    ran, raised = report.outcomes
    assert ran.error is None
    assert "a timer's own trouble" in str(raised.error)
