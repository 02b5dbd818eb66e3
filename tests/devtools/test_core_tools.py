"""`./dev up --core-tools`: what `func` is started with, and what is said where there is none."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from devtools import paths
from devtools.core_tools import CoreTools, func
from devtools.processes import Children, Failed
from devtools.storage import free_port

# Stands in for Core Tools: answers like a Functions host, and notes how it was started.
STAND_IN = """#!{python}
import http.server, json, os, sys
words = sys.argv[1:]
names = ("VIRTUAL_ENV", "FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "PATH")
with open({note!r}, "w") as note:
    json.dump({{"words": words, "cwd": os.getcwd()}} | {{n: os.environ[n] for n in names}}, note)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/api/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
port = int(words[words.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def test_without_core_tools_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that nothing needs them."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Failed, match="the project's own host"):
        func()


def test_core_tools_run_the_app_with_its_python_and_a_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They find the app's packages, keep their timers in the storage, and end with us."""
    note = tmp_path / "note.json"
    script = tmp_path / "func"
    script.write_text(STAND_IN.format(python=sys.executable, note=str(note)))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tools = CoreTools(free_port(), dict(os.environ), "BlobEndpoint=…", tmp_path / "func.log")

    with Children() as children:
        child = tools.start(children)
        assert child.process.poll() is None

    told = json.loads(note.read_text())
    assert told["words"] == ["start", "--port", str(tools.port)]
    assert told["cwd"] == str(paths.ROOT)
    assert told["VIRTUAL_ENV"] == str(paths.ROOT / ".venv")
    assert told["PATH"].startswith(str(paths.ROOT / ".venv"))
    assert (told["FUNCTIONS_WORKER_RUNTIME"], told["AzureWebJobsStorage"]) == (
        "python",
        "BlobEndpoint=…",
    )
    assert child.process.poll() is not None
