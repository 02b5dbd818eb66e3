"""The app in Azure's own worker: one signature that it refuses would leave no function at all."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.azure_worker import REPOSITORY, HttpCall, TimerCall, WorkerReport, use_worker

SCRIPT = REPOSITORY / "function_app.py"
TIMERS = {"take_samples", "advance_drills", "restore_overdue", "remove_expired"}

# Nothing listens there: indexing may ask nobody.
_NOWHERE = "127.0.0.1:9"
_NO_TABLES = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
    f"TableEndpoint=http://{_NOWHERE}/a;"
)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Settings that are complete and reach nothing; the Table service of the tests where one is."""
    values = {
        "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-0000000000aa",
        "ARM_ENDPOINT": f"http://{_NOWHERE}",
        "CREDENTIAL": "managed-identity",
        "IDENTITY_ENDPOINT": f"http://{_NOWHERE}/msi/token",
        "IDENTITY_HEADER": "emulated",
        "TABLES_CONNECTION": os.environ.get("TABLES_CONNECTION") or _NO_TABLES,
        "DNS_AUTHORITATIVE": _NOWHERE,
        "DNS_RESOLVERS": _NOWHERE,
        "DRILL_RESOURCE_GROUPS": "switchback-lab-eastus",
        "SAMPLES_SCHEDULE": "*/10 * * * * *",
        "ADVANCE_SCHEDULE": "*/5 * * * * *",
        "RESTORE_SCHEDULE": "0 * * * * *",
        "RETENTION_SCHEDULE": "0 20 * * * *",
        "CLOCK": "",
        "CONNECT_TO": "",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def _function_names(script: Path) -> set[str]:
    """The functions that the app says it has; the script is run anew, for it tells only once."""
    spec = importlib.util.spec_from_file_location("function_app_of_its_own", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {function.get_function_name() for function in module.app.get_functions()}


def _timers(report: WorkerReport) -> set[str]:
    return {name for name, trigger in report.triggers.items() if trigger == "timerTrigger"}


def test_worker_indexes_every_function(settings: Mapping[str, str]) -> None:
    """No indexing error, and the functions are those of the app."""
    report = use_worker(REPOSITORY, settings=settings)
    assert report.error is None
    assert set(report.triggers) == _function_names(SCRIPT)
    assert _timers(report) == TIMERS


def test_worker_runs_an_http_function(settings: Mapping[str, str]) -> None:
    """`GET /api/health` through the worker's own converters: 503 without a Table service."""
    report = use_worker(REPOSITORY, [HttpCall("get_health")], settings)
    (outcome,) = report.outcomes
    status = 503 if settings["TABLES_CONNECTION"] == _NO_TABLES else 200
    assert (outcome.error, outcome.status) == (None, status)
    assert outcome.headers["content-type"].startswith("application/json")


@pytest.mark.skipif("not os.environ.get('TABLES_CONNECTION')", reason="`./dev test` sets it")
@pytest.mark.parametrize("past_due", [False, True])
def test_worker_runs_each_timer(
    settings: Mapping[str, str],
    past_due: bool,
) -> None:
    """With no drill open and nothing to restore, each run ends well."""
    calls = [TimerCall(name, past_due=past_due) for name in sorted(TIMERS)]
    report = use_worker(REPOSITORY, calls, settings)
    assert [(outcome.function, outcome.error) for outcome in report.outcomes] == [
        (name, None) for name in sorted(TIMERS)
    ]
