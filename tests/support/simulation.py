"""Product and emulator on one virtual clock: whole drills, no sockets, no storage, no waiting.

The emulator's core (power, probes, verdicts, answers, truth) runs on `tests.emulator.virtual`; the
product's core looks at it as its samplers would, decides every five seconds, breaks and mends, and
reports in the end. Between them stand only samples.
"""

import math
from dataclasses import replace

from emulator.cloud import MonitorConfig, PowerState
from emulator.power import Verb
from emulator.truth import Kind
from shared.core.decide import Action, Observation, decide
from shared.core.model import Drill, MonitorSettings, Phase
from shared.core.observe import observe
from shared.core.plan import Plan
from shared.core.report import build_report
from shared.core.samples import (
    ActionKind,
    ActionRecord,
    Attempt,
    Instant,
    Outcome,
    Sample,
    Timeline,
    Transition,
)
from shared.render.wire import to_wire
from tests.emulator.planes import dice
from tests.emulator.virtual import Emulation
from tests.support.drills import LAB, RESOLVER, SERVER, START, VIRGINIA_VM, a_drill, at

TICK_SECONDS = 5
LOOK_BACK_SECONDS = 240
SAMPLE_TIMEOUT_SECONDS = 2.0
SECONDS_MAX = 3_600
_LATENCY_SECONDS = 0.002
_ADDRESSES = {e.target: e.address for e in LAB.endpoints}
_OFF = (PowerState.STOPPING, PowerState.STOPPED)


class Simulation:
    """One drill of the lab, from its start to its report."""

    def __init__(self, settings: MonitorConfig, ttl: int, seed: object, **plan: object) -> None:
        self.emulation = Emulation(settings, seed, ttl)
        self._dice = dice(f"sampler {seed}")
        monitor = MonitorSettings(
            interval_seconds=settings.interval_seconds,
            timeout_seconds=settings.timeout_seconds,
            tolerated_failures=settings.tolerated_failures,
        )
        self.drill: Drill = a_drill(
            snapshot=replace(LAB, ttl_seconds=ttl, monitor=monitor),
            plan=Plan(**{"profile": "lab", "rto_seconds": 300, **plan}),  # type: ignore[arg-type]
        )
        self._samples: list[Sample] = []
        self._actions: list[ActionRecord] = []
        self._transitions = [Transition(at=START, phase=Phase.STEADY)]
        self._cached: tuple[str, float] = ("", -1.0)
        self._effect_seen = False

    def run(self) -> "Simulation":
        """Let the drill come to its end."""
        for second in range(SECONDS_MAX):
            self.emulation.clock.run_until(second + self._dice.uniform(0, 0.2))
            self._sample(every_other=second % 2 == 0)
            if second % TICK_SECONDS == 0:
                self._tick()
            if self.drill.phase is Phase.CLOSED:
                return self
        raise RuntimeError(f"The drill is still in {self.drill.phase}.")

    def report(self) -> dict[str, object]:
        """Return the report as its users get it."""
        recorded = Timeline(tuple(self._samples), tuple(self._actions), tuple(self._transitions))
        return dict(to_wire(build_report(self.drill, recorded)))

    def truth(self) -> dict[str, object]:
        """Return what really happened, as the control route tells it."""
        return {"events": [event.to_json() for event in self.emulation.truth.events]}

    # -- looking ---------------------------------------------------------------------------------

    def _sample(self, *, every_other: bool) -> None:
        """Take one sample of every series that is due."""
        answered, _ = self.emulation.answer()
        self._note(f"dns/authoritative/{SERVER}", _chain(answered))
        resolved = self._resolve()
        self._note(f"dns/recursive/{RESOLVER}", _chain(resolved))
        for endpoint in LAB.endpoints:
            self._note_visit(f"health/{endpoint.name}", endpoint.target)
        self._note_visit("client/fresh", resolved)
        if every_other:
            for endpoint in LAB.endpoints:
                shown = self.emulation.status(endpoint.name)
                self._note(f"monitor/{endpoint.name}", shown)
            self._note("power/virginia-vm", self.emulation.machine().power.value)

    def _resolve(self) -> str:
        """Return an honest resolver's answer; it learns anew once its TTL is over."""
        now = self.emulation.clock.seconds
        if now >= self._cached[1]:
            before = self._cached[0]
            target, ttl = self.emulation.answer()
            self._cached = (target, now + ttl)
            if target != before:
                self._tell_resolver(target)
        return self._cached[0]

    def _tell_resolver(self, target: str) -> None:
        name = next(e.name for e in LAB.endpoints if e.target == target)
        truth, clock = self.emulation.truth, self.emulation.clock
        truth.record(type(truth.events[0])(clock.now(), Kind.RESOLVER_ANSWER, RESOLVER, name))

    def _note(self, series: str, answer: str) -> None:
        asked, answered = self._bounds(_LATENCY_SECONDS)
        self._samples.append(Sample(series, asked, answered, Outcome.OK, answer, 0))

    def _note_visit(self, series: str, target: str) -> None:
        """Note a request to whoever is behind a target; nobody answers in vain."""
        cloud = self.emulation.cloud
        ip = next(ip for ip in cloud.public_ips if ip.address == _ADDRESSES[target])
        if cloud.is_served(ip):
            asked, answered = self._bounds(_LATENCY_SECONDS)
            address = _ADDRESSES[target] or ""
            self._samples.append(Sample(series, asked, answered, Outcome.OK, address, 200))
        else:
            asked, answered = self._bounds(SAMPLE_TIMEOUT_SECONDS)
            self._samples.append(Sample(series, asked, answered, Outcome.TIMEOUT))

    def _bounds(self, seconds: float) -> tuple[Instant, Instant]:
        """Return asked and answered, rounded outward."""
        now = self.emulation.clock.seconds
        return START + math.floor(now * 1_000), START + math.ceil((now + seconds) * 1_000)

    # -- deciding --------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = at(self.emulation.clock.seconds)
        decision = decide(self.drill, self._look(now), now)
        if decision.drill.phase is not self.drill.phase:
            entered = Transition(at=now, phase=decision.drill.phase, reason=decision.drill.reason)
            self._transitions.append(entered)
        self.drill = decision.drill
        power = self.emulation.machine().power
        if Action.INJECT in decision.actions and power is PowerState.RUNNING:
            self._act(ActionKind.INJECT, Verb.POWER_OFF)
        if Action.ROLL_BACK in decision.actions and power in _OFF:
            self._act(ActionKind.ROLL_BACK, Verb.START)

    def _look(self, now: Instant) -> Observation:
        """Return what samples show, and what a ledger would know of the machine."""
        recent = [s for s in self._samples if now - s.asked_at <= LOOK_BACK_SECONDS * 1_000]
        machine = self.emulation.machine()
        is_off = machine.power in _OFF
        self._effect_seen = self._effect_seen or is_off
        in_place = None if machine.power is PowerState.STARTING else is_off
        is_undone = machine.power is PowerState.RUNNING and machine.is_serving
        return replace(
            observe(self.drill, recent, now),
            effect_seen=self._effect_seen,
            fault_in_place=in_place,
            ledger_clear=is_undone and (self._effect_seen or not self._actions),
        )

    def _act(self, kind: ActionKind, verb: Verb) -> None:
        sent, answered = self._bounds(_LATENCY_SECONDS)
        self.emulation.begin(verb)
        record = ActionRecord(
            kind=kind,
            resource=VIRGINIA_VM,
            operation=verb.value,
            by="drill",
            sent_at=sent,
            answered_at=answered,
            outcome=Attempt.OK,
        )
        self._actions.append(record)


def _chain(target: str) -> str:
    return f"{target}>{_ADDRESSES[target]}"
