"""What a cold start waits for: CPU of a fresh interpreter that imports the sampler's path.

    .venv/bin/python -m benchmarks.cold_start [--pairs 7] [--no-write]

Beside it what a bare interpreter and one that can sign in to Azure take, the whole app, and an app
that imports everything at the top. In turn, in fresh processes; what one takes more than another is
the median of the differences within each round.
"""

import argparse
import os
import statistics
import subprocess
import sys

from benchmarks._results import Row, tell
from benchmarks._targets import ROOT

MS_MAX = 150
IDENTITY = "import azure.identity"
PATH = (
    "import shared.sampling, shared.adapters.dns_sampler, shared.adapters.http_sampler, "
    "shared.adapters.client_sampler, shared.adapters.arm_sampler, shared.adapters.timeline_table"
)
EVERYTHING = (
    "import azure.mgmt.compute, azure.mgmt.trafficmanager, azure.data.tables, pydantic, "
    "dns.message, dns.resolver"
)
IMPORTS = {
    "bare": "pass",
    "identity": IDENTITY,
    "sampler": f"{IDENTITY}\n{PATH}",
    "app": f"{IDENTITY}\nimport function_app",
    "everything": f"{IDENTITY}\n{EVERYTHING}\n{PATH}",
}
SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "0000",
    "DRILL_RESOURCE_GROUPS": "bench",
    "TABLES_CONNECTION": "UseDevelopmentStorage=true",
}


def cpu_ms(code: str) -> float:
    """Return the CPU time of a fresh interpreter that runs the code."""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | SETTINGS) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"This does not run: {code}")
    return 1_000 * (usage.ru_utime + usage.ru_stime)


def main() -> int:
    """Measure, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for code in IMPORTS.values():  # so that all is compiled
        cpu_ms(code)
    for _ in range(arguments.pairs):
        for name, code in IMPORTS.items():
            taken[name].append(cpu_ms(code))
    middle = {name: statistics.median(of) for name, of in taken.items()}
    beyond = {
        name: statistics.median(
            ms - identity for ms, identity in zip(of, taken["identity"], strict=True)
        )
        for name, of in taken.items()
    }
    path, limit = beyond["sampler"], f"at most {MS_MAX} ms"
    rows = [
        Row("bare interpreter", f"{middle['bare']:.0f} ms"),
        Row("azure.identity", f"{middle['identity']:.0f} ms"),
        Row("… and the sampler's path", f"{path:.0f} ms more", limit, path <= MS_MAX),
        Row("… and the whole app", f"{beyond['app']:.0f} ms more"),
        Row("… everything at the top", f"{beyond['everything']:.0f} ms more"),
    ]
    return tell("Cold start", rows, write=not arguments.no_write)


if __name__ == "__main__":
    sys.exit(main())
