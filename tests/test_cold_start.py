"""What sampling loads: a cold start must not wait for what it does not need."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATH = (
    "shared.sampling",
    "shared.adapters.dns_sampler",
    "shared.adapters.http_sampler",
    "shared.adapters.client_sampler",
    "shared.adapters.arm_sampler",
    "shared.adapters.timeline_table",
)
LATE = ("azure.mgmt", "pydantic", "dns", "aiohttp", "cryptography.x509", "numpy")
"""Loaded, if at all, where it is needed; reading odd DNS answers needs `dns`."""
BEYOND = {"azure", "isodate", "multidict", "propcache", "shared", "yarl"}
"""What the path loads, of packages, beyond what signing in to Azure has loaded: for tables, all."""
SHOWING = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(list(sys.modules)))
"""


def loaded(*names: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after these."""
    command = [sys.executable, "-c", SHOWING, json.dumps(names)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(shown.stdout))


def test_the_sampler_s_path_loads_no_management_sdk_and_no_parser() -> None:
    """Together they take longer than everything that sampling needs."""
    modules = loaded(*PATH)

    assert modules >= set(PATH)
    assert (
        sorted(m for m in modules if m in LATE or m.startswith(tuple(f"{n}." for n in LATE))) == []
    )


def test_beyond_signing_in_it_loads_tables_alone() -> None:
    """Of third parties; who adds to the list adds to every cold start."""
    signing_in = loaded("azure.identity")
    added = loaded("azure.identity", *PATH) - signing_in

    packages = {name.partition(".")[0] for name in added} - set(sys.stdlib_module_names)
    assert packages == BEYOND
