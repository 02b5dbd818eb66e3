"""The command line of `./dev`: what it takes, and what it refuses before anything is started."""

import pytest

from devtools import checks, commands, demo

LAB = demo.Monitor(30, 10, 3)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["demo", "--speed", "41"], "at most 40"),
        (["demo", "--speed", "0"], "is not above 0"),
        (["demo", "--speed", "inf"], "is not above 0"),
        (["demo", "--monitor", "10/5/0", "--speed", "20.5"], "at most 20"),
        (["demo", "--monitor", "30/10"], "is not interval/timeout/failures"),
        (["demo", "--monitor", "30/-1/3"], "is not interval/timeout/failures"),
        (["demo", "--monitor", "20/10/3"], "every 30 or every 10 seconds"),
        (["demo", "--monitor", "10/10/3"], "the time-out is 5 to 9 s"),
        (["demo", "--monitor", "30/4/3"], "the time-out is 5 to 10 s"),
        (["demo", "--monitor", "30/10/10"], "0 to 9 failures"),
        (["demo", "--rto", "0"], "0 is not above 0"),
        (["demo", "--ttl", "-1"], "is below 0"),
        (["demo", "--fault", "earthquake"], "choose from 'vmPowerOff', 'vmDeallocate'"),
        (["demo", "--surprise"], "unrecognized arguments: --surprise"),
        (["test", "--all", "--soak"], "not allowed with argument --all"),
        (["up", "--port", "http"], "invalid _whole value"),
        ([], "required: command"),
        (["launch"], "invalid choice"),
    ],
)
def test_wrong_words_are_usage_errors(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a sentence that says what would be right; nothing is set up or started."""
    with pytest.raises(SystemExit) as ended:
        commands.main(words)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["demo", "--help"], ["test", "-h"], ["up", "-h"]])
def test_help_is_offered(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself."""
    with pytest.raises(SystemExit) as ended:
        commands.main(words)
    assert ended.value.code == 0
    assert "usage: ./dev" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("monitor", "default", "most"),
    [("30/10/3", 20, 40), ("10/5/0", 10, 20), ("10/9/3", 18, 36), ("30/5/1", 10, 20)],
)
def test_speed_leaves_a_probe_its_time(monitor: str, default: float, most: float) -> None:
    """By default half a wall second for a probe's time-out, and never less than a quarter."""
    parsed = demo.Monitor.parse(monitor)
    assert (parsed.speed_default, parsed.speed_max) == (default, most)


def test_profile_is_the_lab() -> None:
    """Priority routing, TTL 100, HTTP 80 `/`, 30/10/3, two public IPs with priorities 1 and 2."""
    body = demo.Plan(LAB, 20.0, 100, 300, 60, 120).profile("sub")
    group = "/subscriptions/sub/resourceGroups/switchback-lab"
    address = "providers/Microsoft.Network/publicIPAddresses"
    assert body == {
        "resourceGroup": "switchback-lab",
        "trafficRoutingMethod": "Priority",
        "dnsConfig": {"relativeName": "switchback-lab", "ttl": 100},
        "monitorConfig": {
            "protocol": "HTTP",
            "port": 80,
            "path": "/",
            "intervalInSeconds": 30,
            "timeoutInSeconds": 10,
            "toleratedNumberOfFailures": 3,
        },
        "endpoints": [
            {
                "name": "virginia",
                "type": "azureEndpoints",
                "targetResourceId": f"{group}-eastus/{address}/virginia-ip",
                "priority": 1,
            },
            {
                "name": "amsterdam",
                "type": "azureEndpoints",
                "targetResourceId": f"{group}-westeurope/{address}/amsterdam-ip",
                "priority": 2,
            },
        ],
    }


@pytest.mark.parametrize("fault", demo.FAULTS)
def test_the_drill_breaks_what_was_asked_for(fault: str) -> None:
    """A probe's path needs a header that the lab's machines mind; the other faults need nothing."""
    body = demo.Plan(LAB, 20.0, 100, 300, 60, 120, fault).drill()
    assert body["fault"] == fault
    header = {"header": "x-failover-drill", "value": "fail"}
    assert body.get("probePath") == (header if fault == "probePath" else None)


@pytest.mark.parametrize(
    ("ending", "verdicts", "code"),
    [
        ("finished", ["met", "met"], 0),
        ("finished", ["met", "missed"], 1),
        ("finished", ["inconclusive", "missed"], 1),
        ("finished", ["met", "inconclusive"], 4),
        ("finished", [], 4),
        ("timed-out", ["missed", "inconclusive"], 1),
        ("stopped", ["met", "met"], 3),
        ("no-steady-state", [], 3),
        ("rollback-failed", ["met", "met"], 3),
    ],
)
def test_exit_code_tells_the_verdict(ending: str, verdicts: list[str], code: int) -> None:
    """0 met, 1 missed, 3 the drill failed, 4 inconclusive."""
    report = {"ending": ending, "objectives": [{"verdict": verdict} for verdict in verdicts]}
    assert demo.exit_code(report) == code


def test_tests_come_last_and_take_the_rest_of_the_words() -> None:
    """Its closing line ends the output, and it gets the words that `./dev test` does not know."""
    steps = checks.checks("fast", ["-k", "decide"])
    assert [step.title for step in steps] == ["format", "lint", "types", "layers", "tests"]
    assert steps[-1].words == ["-m", "pytest", "-m", "not long and not soak", "-k", "decide"]


@pytest.mark.parametrize(("suite", "marker"), [("all", ["-m", "not soak"]), ("soak", [])])
def test_suites_widen(suite: str, marker: list[str]) -> None:
    """`--all` leaves out the soak tests only, `--soak` nothing."""
    assert checks.checks(suite, [])[-1].words == ["-m", "pytest", *marker]


def test_linters_read_everything_of_ours() -> None:
    """Every folder with Python in it, `dev` itself, and nothing that the set-up made."""
    ours = checks.our_sources()
    assert {"dev", "devtools", "emulator", "functions", "localhost", "shared", "tests"} <= {*ours}
    assert not {".venv", ".local", "out"} & {*ours}
