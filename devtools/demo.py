"""`./dev demo`: the whole lab, told as it happens and checked against the truth."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devtools import summary, truth_check
from devtools.client import Answer
from devtools.console import say
from devtools.paths import OUT, shown
from devtools.processes import Failed
from devtools.stack import Stack
from devtools.story import Story

PROFILE, DRILL = "lab", "demo"
FAULTS = ("vmPowerOff", "vmDeallocate", "endpointDisable", "probePath")
PROBE_PATH = {"header": "x-failover-drill", "value": "fail"}  # which the lab's machines mind
EXIT_MET, EXIT_MISSED, EXIT_FAILED, EXIT_INCONCLUSIVE = 0, 1, 3, 4
POLL_SECONDS = 0.25  # of wall time: five virtual seconds at speed 20
SPARE_SECONDS = 60.0  # of wall time, on top of what the drill's own limits add up to
PROBE_SECONDS_MIN = 0.25  # of wall time left for a probe's time-out on a busy machine
# What a drill can take besides its own settings: steady state (300), two switches (900 each),
# stability, the settling of both requests and the watchdog's margin; in virtual seconds.
DRILL_SECONDS_MAX = 300.0 + 2 * 900.0 + 600.0
FILES = {"report.json": "json", "report.md": "markdown", "report.html": "html"}


@dataclass(frozen=True)
class Monitor:
    """Traffic Manager's probing: how often, how long it waits, how many failures it bears."""

    interval_seconds: int
    timeout_seconds: int
    tolerated_failures: int

    @classmethod
    def parse(cls, text: str) -> "Monitor":
        """Read `interval/timeout/failures`; raise ValueError saying what is wrong with it."""
        parts = text.split("/")
        if len(parts) != len(cls.__dataclass_fields__) or not all(map(str.isdecimal, parts)):
            raise ValueError(f"{text!r} is not interval/timeout/failures, such as 30/10/3")
        monitor = cls(*map(int, parts))
        timeouts = {30: range(5, 11), 10: range(5, 10)}.get(monitor.interval_seconds)
        if timeouts is None:
            raise ValueError("Traffic Manager probes every 30 or every 10 seconds")
        if monitor.timeout_seconds not in timeouts:
            raise ValueError(
                f"at an interval of {monitor.interval_seconds} s the time-out is "
                f"{timeouts[0]} to {timeouts[-1]} s"
            )
        if monitor.tolerated_failures not in range(10):
            raise ValueError("0 to 9 failures can be tolerated")
        return monitor

    @property
    def speed_default(self) -> float:
        """Twenty times, or as fast as leaves a probe half a second."""
        return min(20.0, self.timeout_seconds / (2 * PROBE_SECONDS_MIN))

    @property
    def speed_max(self) -> float:
        """Above it, a probe's time-out would measure this machine and not the endpoint."""
        return self.timeout_seconds / PROBE_SECONDS_MIN


@dataclass(frozen=True)
class Plan:
    """What the demo is asked for."""

    monitor: Monitor
    speed: float
    ttl_seconds: int
    rto_seconds: int
    steady_seconds: int
    hold_seconds: int
    fault: str = FAULTS[0]

    @property
    def limit_seconds(self) -> float:
        """Wall time after which the drill is given up."""
        own = 3 * self.steady_seconds + self.hold_seconds
        return (own + DRILL_SECONDS_MAX) / self.speed + SPARE_SECONDS

    def profile(self, subscription: str) -> dict[str, object]:
        """The body of the profile: a Priority profile over two public IPs."""
        return {
            "resourceGroup": "switchback-lab",
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {"relativeName": "switchback-lab", "ttl": self.ttl_seconds},
            "monitorConfig": {
                "protocol": "HTTP",
                "port": 80,
                "path": "/",
                "intervalInSeconds": self.monitor.interval_seconds,
                "timeoutInSeconds": self.monitor.timeout_seconds,
                "toleratedNumberOfFailures": self.monitor.tolerated_failures,
            },
            "endpoints": [
                _endpoint(subscription, "virginia", "eastus", 1),
                _endpoint(subscription, "amsterdam", "westeurope", 2),
            ],
        }

    def drill(self) -> dict[str, object]:
        """The body of the drill: the endpoint under test is the one that serves."""
        body: dict[str, object] = {
            "profile": PROFILE,
            "fault": self.fault,
            "rtoSeconds": self.rto_seconds,
            "steadySeconds": self.steady_seconds,
            "holdSeconds": self.hold_seconds,
        }
        return body | ({"probePath": PROBE_PATH} if self.fault == "probePath" else {})


def run(stack: Stack, plan: Plan) -> int:
    """Provision, drill, report, check; the exit code."""
    started = time.monotonic()
    OUT.mkdir(exist_ok=True)
    for name in (*FILES, "truth.json"):
        (OUT / name).unlink(missing_ok=True)
    story = Story(stack.clock)
    _provision(stack, plan, story)
    _drill(stack, plan, story)
    report, truth = _collect(stack)
    findings = truth_check.check(report, truth)
    summary.show(report, findings)
    say(f"Files: {', '.join(shown(file) for file in sorted(OUT.iterdir()))}")
    say(f"The demo took {time.monotonic() - started:.0f} s.")
    if not all(finding.holds for finding in findings):
        return EXIT_FAILED
    return exit_code(report)


def exit_code(report: Mapping[str, Any]) -> int:
    """What the report's ending and verdicts mean to a script."""
    if report["ending"] not in ("finished", "timed-out"):
        return EXIT_FAILED
    verdicts = {objective["verdict"] for objective in report["objectives"]}
    if "missed" in verdicts:
        return EXIT_MISSED
    return EXIT_MET if verdicts == {"met"} else EXIT_INCONCLUSIVE


def _provision(stack: Stack, plan: Plan, story: Story) -> None:
    body = plan.profile(str(stack.azure["subscriptionId"]))
    answer = _expect(stack.api.put(f"/profiles/{PROFILE}", body), "The profile was refused")
    story.tell("provision", f"PUT /api/profiles/{PROFILE} answers {answer.status}")
    for _ in _polls(stack, plan.limit_seconds, "both endpoints Online"):
        profile = _expect(stack.api.get(f"/profiles/{PROFILE}"), "The profile cannot be read").json
        story.meet(profile["endpoints"])
        states = {endpoint["name"]: _monitor_status(endpoint) for endpoint in profile["endpoints"]}
        story.tell_changes("provision", {f"monitor/{name}": s for name, s in states.items()})
        story.wait("provision", "Traffic Manager to see both endpoints Online")
        if states and set(states.values()) == {"Online"}:
            story.tell("provision", f"{profile.get('fqdn', PROFILE)}: every endpoint is Online")
            return


def _drill(stack: Stack, plan: Plan, story: Story) -> None:
    answer = _expect(stack.api.put(f"/drills/{DRILL}", plan.drill()), "The drill was refused")
    started = f"{plan.fault} of {answer.json['endpoint']}"
    story.tell("drill", f"PUT /api/drills/{DRILL} answers {answer.status}: {started}")
    for caution in answer.json["cautions"]:
        story.tell("drill", f"caution: {caution['message']}")
    for _ in _polls(stack, plan.limit_seconds, "the drill's end"):
        drill = _expect(stack.api.get(f"/drills/{DRILL}"), "The drill cannot be read").json
        story.follow(drill)
        if drill["phase"] == "closed":
            return


def _collect(stack: Stack) -> tuple[Any, Any]:
    """Write the report in every form that the app offers, and the truth; return both."""
    for name, form in FILES.items():
        answer = stack.api.get(f"/drills/{DRILL}/report?format={form}")
        if answer.ok:
            (OUT / name).write_bytes(answer.body)
        elif form != "html":  # which the app may not offer yet
            _expect(answer, f"There is no {name}")
    truth = _expect(stack.arm.get("/emulator/truth"), "The emulator keeps its truth").json
    (OUT / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    return json.loads((OUT / "report.json").read_bytes()), truth


def _polls(stack: Stack, limit_seconds: float, awaited: str) -> Iterator[None]:
    """Turns of a wait: stops with `Failed` when a process dies or the limit has passed."""
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        stack.children.check()
        yield
        time.sleep(POLL_SECONDS)
    raise Failed(f"Gave up waiting for {awaited} after {limit_seconds:.0f} s.")


def _expect(answer: Answer, complaint: str) -> Answer:
    if not answer.ok:
        raise Failed(f"{complaint}: {answer.describe()}")
    return answer


def _monitor_status(endpoint: Mapping[str, Any]) -> str:
    properties = endpoint.get("properties") or {}
    return str(endpoint.get("endpointMonitorStatus") or properties.get("endpointMonitorStatus"))


def _endpoint(subscription: str, name: str, region: str, priority: int) -> dict[str, object]:
    group = f"/subscriptions/{subscription}/resourceGroups/switchback-lab-{region}"
    return {
        "name": name,
        "type": "azureEndpoints",
        "targetResourceId": f"{group}/providers/Microsoft.Network/publicIPAddresses/{name}-ip",
        "priority": priority,
    }
