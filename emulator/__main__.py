"""`python -m emulator`: runs one emulated Azure until it is told to stop."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from emulator import topology as topologies
from emulator.clock import Clock
from emulator.world import World

log = logging.getLogger("emulator")

_LAB = Path(__file__).parent / "topologies" / "lab.json"


def main() -> int:
    """Read the command line, run, and return the exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        clock = Clock.from_environment(os.environ)
        topology = topologies.read(arguments.topology)
        ca_file = arguments.ready.resolve().with_suffix(".ca.pem")
        world = World(topology, clock, arguments.seed, ca_file)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 2
    asyncio.run(_run(world, arguments.ready, exits_with_stdin=arguments.exit_with_stdin))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--topology", type=Path, default=_LAB, help="what exists (default: lab)")
    parser.add_argument("--ready", type=Path, required=True, help="file that says where to connect")
    parser.add_argument("--seed", type=int, help="draws the probes' phases (default: topology's)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when stdin closes")
    return parser.parse_args()


async def _run(world: World, ready: Path, *, exits_with_stdin: bool) -> None:
    """Start everything, tell where, wait for the end, stop everything."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    if exits_with_stdin:
        await _watch_stdin(ending)
    try:
        await world.start()
        _write_atomically(ready, json.dumps(world.ready, indent=2) + "\n")
        log.info("listening arm=%s", world.ready["arm"])
        await ending.wait()
    finally:
        await world.stop()


async def _watch_stdin(ending: asyncio.Event) -> None:
    """Set the event when whoever started us is gone: their end of our stdin closes."""

    class Watcher(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            ending.set()

    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(Watcher, sys.stdin)
    except ValueError:  # a regular file or /dev/null: it ends at once
        ending.set()


def _write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)


if __name__ == "__main__":
    sys.exit(main())
