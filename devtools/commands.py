"""The command line of `./dev`: reads the words, sets up, runs the command."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from devtools import az, bench, checks, demo, setup, stack, up
from devtools.console import complain, say, status
from devtools.core_tools import func
from devtools.processes import Children, Failed, Interrupted

EXIT_FAILED = 3
EPILOG = "Every command first sets up what is missing: in .venv and .local, without root."
DEMO_EPILOG = "Exit code: 0 met, 1 missed, 2 usage, 3 failed, 4 inconclusive. Files are in out/."


def main(words: Sequence[str]) -> int:
    """Run one command; its exit code."""
    parser, subparsers = _parser()
    parsed, rest = parser.parse_known_args(words)
    if rest and parsed.command != "test":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    commands: dict[str, Callable[[], int]] = {
        "az": lambda: _az(parsed),
        "demo": lambda: _demo(parsed, subparsers["demo"]),
        "test": lambda: _test(parsed, rest),
        "up": lambda: _up(parsed, subparsers["up"]),
        "bench": _bench,
    }
    try:
        return commands[parsed.command]()
    except Failed as failure:
        complain(str(failure))
        return EXIT_FAILED
    except Interrupted as interruption:
        return interruption.exit_code
    except BrokenPipeError:  # whoever read us has gone
        return EXIT_FAILED


def _demo(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    plan = _plan(parsed, parser)
    setup.prepare()
    with _running(stack.Options("demo", plan.speed)) as started:
        code = demo.run(started, plan)
        if parsed.keep:
            _stay(started)
        return code


def _test(parsed: argparse.Namespace, pytest_words: Sequence[str]) -> int:
    setup.prepare(with_worker=True)
    return checks.run(parsed.suite, pytest_words)


def _up(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if parsed.core_tools and parsed.speed != 1:
        parser.error(f"--speed {parsed.speed:g}: Core Tools know real time only")
    if parsed.core_tools:
        func()  # before a long set-up
    setup.prepare()
    with up.data_alone():
        options = stack.Options(
            "up",
            parsed.speed,
            parsed.port,
            up.DATA,
            settings=up.SETTINGS,
            core_tools=parsed.core_tools,
        )
        with _running(options) as started:
            _stay(started)
    return 0


def _az(parsed: argparse.Namespace) -> int:
    setup.prepare()
    return az.run(installs=parsed.install, documents=parsed.document)


def _bench() -> int:
    setup.prepare()
    return bench.run()


def _stay(started: stack.Stack) -> None:
    """Stay until Ctrl-C, which is how this is meant to end."""
    try:
        up.stay(started)
    except Interrupted:
        status("")


@contextmanager
def _running(options: stack.Options) -> Iterator[stack.Stack]:
    began = time.monotonic()
    with stack.directory(options.name) as directory, Children() as children:
        started = stack.start(children, options, directory)
        say(f"stack: up in {time.monotonic() - began:.1f} s, clock {started.clock.text}")
        yield started


def _plan(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> demo.Plan:
    monitor: demo.Monitor = parsed.monitor
    speed = monitor.speed_default if parsed.speed is None else parsed.speed
    if speed > monitor.speed_max:
        parser.error(
            f"--speed {speed:g}: with a probe time-out of {monitor.timeout_seconds} s "
            f"at most {monitor.speed_max:g}"
        )
    return demo.Plan(
        monitor=monitor,
        speed=speed,
        ttl_seconds=parsed.ttl,
        rto_seconds=parsed.rto,
        steady_seconds=parsed.steady,
        hold_seconds=parsed.hold,
        fault=parsed.fault,
    )


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="./dev", description="Switchback on your machine.", epilog=EPILOG, allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    told = {
        "az": "run the Azure CLI's commands against an emulated Azure",
        "demo": "run the whole lab against an emulated Azure, and tell it",
        "test": "linters, types, layers and tests",
        "up": "start the local stack and keep it running",
        "bench": "run the benchmarks, side by side with peers where installed",
    }
    made = {
        name: commands.add_parser(
            name, help=text, description=f"{text.capitalize()}.", allow_abbrev=False
        )
        for name, text in told.items()
    }
    _add_az(made["az"])
    _add_demo(made["demo"])
    _add_test(made["test"])
    _add_up(made["up"])
    return parser, made


def _add_az(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--install", action="store_true", help="put an az into .local/az first (733 MB)")
    add("--document", action="store_true", help="write the transcript to docs/az.md")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.epilog = DEMO_EPILOG
    add = parser.add_argument
    add("--speed", type=_speed, metavar="N", help="virtual seconds a second (20; 1: real time)")
    add(
        "--monitor",
        type=_monitor,
        default="30/10/3",
        metavar="I/T/N",
        help="probe interval and time-out in seconds, tolerated failures (%(default)s)",
    )
    add("--ttl", type=_whole, default=100, metavar="S", help="TTL of the answers (%(default)s)")
    add("--rto", type=_positive, default=300, metavar="S", help="promised time (%(default)s)")
    add("--steady", type=_positive, default=60, metavar="S", help="steady first (%(default)s)")
    add("--hold", type=_whole, default=120, metavar="S", help="stay failed over (%(default)s)")
    told = "what is broken: %(choices)s (%(default)s)"
    add("--fault", choices=demo.FAULTS, default=demo.FAULTS[0], metavar="KIND", help=told)
    add("--keep", action="store_true", help="keep the stack running afterwards, until Ctrl-C")


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Everything else is handed to pytest: ./dev test -k decide -x"
    parser.set_defaults(suite="fast")
    suites = parser.add_mutually_exclusive_group()
    for suite, told in (
        ("all", "the fast tests and a sample of the long ones, as in CI"),
        ("soak", "every test at its full count"),
    ):
        suites.add_argument(
            f"--{suite}", dest="suite", action="store_const", const=suite, help=told
        )


def _add_up(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--speed", type=_speed, default=1.0, metavar="N", help="virtual seconds a second (1)")
    add("--port", type=_whole, default=0, metavar="P", help="of the REST API (a free one)")
    told = "run the app in Azure Functions Core Tools (`func`), where installed; speed 1"
    add("--core-tools", action="store_true", help=told)


def _monitor(text: str) -> demo.Monitor:
    try:
        return demo.Monitor.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return speed


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _positive(text: str) -> int:
    number = _whole(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is not above 0")
    return number
