"""Health probes: what 1,000 profiles with two endpoints each, probed every 10 s, cost one core.

    .venv/bin/python -m benchmarks.emulator_probing [--profiles 1000] [--seconds 30] [--no-write]

One process on one core is prober and probed: machines, load balancer, name servers and all. The
promise holds when every turn was kept (none missed, none late by more than a tenth of the
interval) and the core was not full. The exit code is 1 when it does not.
"""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks._results import Row, percentile, tell
from emulator import topology as topologies
from emulator.clock import Clock
from emulator.cloud import Endpoint, EndpointKind, MonitorConfig, Profile, RoutingMethod
from emulator.world import World

INTERVAL_SECONDS = 10
LATE_SECONDS_MAX = INTERVAL_SECONDS / 10
_LAB = Path(topologies.__file__).parent / "topologies" / "lab.json"


def _profile(number: int, targets: tuple[str, ...]) -> Profile:
    monitor = MonitorConfig(
        protocol="HTTP",
        port=80,
        path="/",
        interval_seconds=INTERVAL_SECONDS,
        timeout_seconds=9,
        tolerated_failures=3,
    )
    endpoints = tuple(
        Endpoint(
            name=f"e{i}", kind=EndpointKind.EXTERNAL, enabled=True, target=target, priority=i + 1
        )
        for i, target in enumerate(targets)
    )
    return Profile(
        name=f"bench-{number}",
        resource_group="switchback-lab",
        relative_name=f"bench-{number}",
        ttl_seconds=60,
        method=RoutingMethod.PRIORITY,
        enabled=True,
        monitor=monitor,
        endpoints=endpoints,
    )


async def _run(profiles: int, seconds: float) -> tuple[float, list[float], int]:
    """Return the CPU's share of a core, how late probes ended, and how many were not good."""
    world = World(topologies.read(_LAB), Clock())
    await world.start()
    targets = tuple(ip.fqdn for ip in world.cloud.public_ips if ip.fqdn)
    ends: dict[tuple[str, str], list[float]] = {}
    failed = 0
    proper = world.plane.probed

    def note(profile_key: str, endpoint_key: str, *, succeeded: bool, prober: int = 0) -> None:
        nonlocal failed
        failed += not succeeded
        ends.setdefault((profile_key, endpoint_key), []).append(time.monotonic())
        proper(profile_key, endpoint_key, succeeded=succeeded, prober=prober)

    world.plane.probed = note  # type: ignore[method-assign]
    for number in range(profiles):
        world.plane.write(replace(_profile(number, targets)))
    await asyncio.sleep(INTERVAL_SECONDS + 2)  # each has had its first turn
    cpu, wall = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    share = (time.process_time() - cpu) / (time.monotonic() - wall)
    await world.stop()
    if len(ends) != profiles * len(targets):
        failed += profiles * len(targets) - len(ends)
    return share, [late for times in ends.values() for late in _lateness(times)], failed


def _lateness(times: list[float]) -> list[float]:
    """Return how far each end is behind its turn, counted from the promptest one."""
    offsets = [end - turn * INTERVAL_SECONDS for turn, end in enumerate(times)]
    return [offset - min(offsets) for offset in offsets]


def main() -> int:
    """Measure, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {0})
    share, late, failed = asyncio.run(_run(arguments.profiles, arguments.seconds))
    asked = (
        f"{arguments.profiles:,} profiles x 2 endpoints every {INTERVAL_SECONDS} s: CPU of a core"
    )
    behind = "{:.3f} s p50, {:.3f} s p99, {:.3f} s most".format(
        *(percentile(late, percent) for percent in (50, 99, 100))
    )
    is_prompt = max(late) <= LATE_SECONDS_MAX
    rows = [
        Row(asked, f"{share:.1%}", "less than 100%", share < 1),
        Row("… probes that failed or were missed", f"{failed} of {len(late)}", "none", not failed),
        Row("… late", behind, f"at most {LATE_SECONDS_MAX:g} s", is_prompt),
    ]
    return tell("Emulator, health probes", rows, write=not arguments.no_write)


if __name__ == "__main__":
    sys.exit(main())
