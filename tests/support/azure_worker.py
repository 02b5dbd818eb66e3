"""Azure's own Python worker, as a library in a process of its own: indexes an app, runs functions.

`python -P tests/support/azure_worker.py APP_DIR…`, with `.local/worker` on PYTHONPATH, is that
process: it indexes each app, makes the calls that standard input lists, and writes what came of
them to standard output, both as JSON. `use_worker` and `find_refusals` start it.
"""

import asyncio
import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

REPOSITORY = Path(__file__).parents[2]
WORKER = REPOSITORY / ".local" / "worker"
MISSING = "Azure's worker is not in .local/worker: run `./dev test`, which installs it."
# How `./dev` installs it: its packages ask for a newer Python than they need.
INSTALL = (
    *("-m", "pip", "install", "--no-deps", "--ignore-requires-python", "--require-hashes"),
    *("--target", ".local/worker", "-r", "requirements-worker.txt"),
)
WORKER_SECONDS_MAX = 60


@dataclass(frozen=True)
class HttpCall:
    """An HTTP invocation; route values are found by the host, so they are given here."""

    function: str
    method: str = "GET"
    url: str = "http://127.0.0.1/"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    route: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    kind: str = "http"


@dataclass(frozen=True)
class TimerCall:
    """A timer's run."""

    function: str
    past_due: bool = False
    kind: str = "timer"


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation."""

    function: str
    error: str | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class WorkerReport:
    """What the worker made of an app: its functions and their triggers, or why it has none."""

    error: str | None
    triggers: Mapping[str, str]
    outcomes: Sequence[Outcome]


def use_worker(
    app: Path, calls: Sequence[HttpCall | TimerCall] = (), settings: Mapping[str, str] | None = None
) -> WorkerReport:
    """Index `app` in the worker and make the calls, one after the other."""
    (report,) = _run_worker([app], calls, settings or {})
    return report


def find_refusals(apps: Sequence[Path]) -> list[str | None]:
    """Why the worker does not index each of the apps; nothing for those that it does."""
    return [report.error for report in _run_worker(apps, [], {})]


def _run_worker(
    apps: Sequence[Path], calls: Sequence[HttpCall | TimerCall], settings: Mapping[str, str]
) -> list[WorkerReport]:
    assert (WORKER / "azure_functions_runtime").is_dir(), MISSING
    done = subprocess.run(
        [sys.executable, "-P", __file__, *map(str, apps)],
        input=json.dumps([asdict(call) for call in calls]),
        env={**os.environ, **settings, "PYTHONPATH": str(WORKER)},
        cwd=apps[0],
        capture_output=True,
        text=True,
        timeout=WORKER_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [
        WorkerReport(
            error=report["error"],
            triggers=report["triggers"],
            outcomes=[Outcome(**outcome) for outcome in report["outcomes"]],
        )
        for report in json.loads(done.stdout)
    ]


class _Message(SimpleNamespace):
    """Stands for a protobuf message: it keeps what it is given."""


class _StatusResult(_Message):
    Success, Failure = "Success", "Failure"


class _BindingInfo(_Message):
    undefined, out, inout = None, 1, 2


_PROTOS = SimpleNamespace(
    StatusResult=_StatusResult,
    BindingInfo=_BindingInfo,
    WorkerInitResponse=_Message,
    WorkerMetadata=_Message,
    FunctionMetadataResponse=_Message,
    RpcException=_Message,
    RpcFunctionMetadata=_Message,
    RpcRetryOptions=_Message,
)


async def _work(app: str, calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Be the host towards the worker: start it, take its functions, call them."""
    worker = _import("azure_functions_runtime")
    request = SimpleNamespace(
        properties={"host": "127.0.0.1", "protos": _PROTOS},
        request=SimpleNamespace(
            worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=app)
        ),
    )
    started = await worker.worker_init_request(request)
    if started.result.status != _StatusResult.Success:
        return {"error": started.result.exception.message, "triggers": {}, "outcomes": []}
    metadata = await worker.functions_metadata_request(request)
    functions = {one.name: one for one in metadata.function_metadata_results or ()}
    worker.start_threadpool_executor()
    outcomes = [await _call(functions[call["function"]], call) for call in calls]
    worker.stop_threadpool_executor()
    triggers = {name: _trigger(one)["type"] for name, one in functions.items()}
    return {"error": None, "triggers": triggers, "outcomes": outcomes}


def _import(name: str) -> Any:  # noqa: ANN401 - the worker has no types
    """A module of the worker's, which only this process can import."""
    return importlib.import_module(name)


def _trigger(function: _Message) -> dict[str, Any]:
    bindings: list[dict[str, Any]] = [json.loads(text) for text in function.raw_bindings]
    return next(binding for binding in bindings if binding["type"].endswith("Trigger"))


async def _call(function: _Message, call: Mapping[str, Any]) -> dict[str, Any]:
    native = _import("azure_functions_runtime.native_invocation")
    datum = _http_datum(call) if call["kind"] == "http" else _timer_datum(call)
    inputs = [(_trigger(function)["name"], datum)]
    succeeded, returned, _, error, traceback = await native.invocation_request_native(
        "invocation", function.function_id, inputs, {}
    )
    outcome: dict[str, Any] = {"function": function.name, "error": None}
    if not succeeded:
        outcome["error"] = f"{error}\n{traceback}"
    elif returned is not None and returned.type == "http":
        outcome["status"] = int(returned.value["status_code"].value)
        outcome["headers"] = {n: one.value for n, one in returned.value["headers"].items()}
        outcome["body"] = returned.value["body"].value.decode("latin-1")
    return outcome


def _http_datum(call: Mapping[str, Any]) -> object:
    make = _import("azure_functions_runtime.bindings.datumdef").Datum

    def texts(values: Mapping[str, str]) -> dict[str, Any]:
        return {name: make(value, "string") for name, value in values.items()}

    value = {
        "method": make(call["method"], "string"),
        "url": make(call["url"], "string"),
        "headers": texts(call["headers"]),
        "query": texts(call["query"]),
        "params": texts(call["route"]),
        "body": make(call["body"].encode("latin-1"), "bytes"),
    }
    return make(value, "http")


def _timer_datum(call: Mapping[str, Any]) -> object:
    make = _import("azure_functions_runtime.bindings.datumdef").Datum
    content = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None}
    return make(json.dumps({**content, "IsPastDue": call["past_due"]}), "json")


def _main() -> None:
    """Index and call; what the app prints must not stand in the report's way."""
    calls = json.load(sys.stdin)
    reports = []
    with contextlib.redirect_stdout(sys.stderr):
        for app in sys.argv[1:]:
            sys.path.append(app)
            reports.append(asyncio.run(_work(app, calls)))
            sys.path.remove(app)
            sys.modules.pop("function_app", None)
    json.dump(reports, sys.stdout)


if __name__ == "__main__":
    _main()
