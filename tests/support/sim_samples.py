"""What a drill's samplers would see of the emulator's core: one sample of every series a slot."""

from emulator.fault_parts import ArmFault, DnsFault
from shared.core.samples import Outcome, Sample
from tests.support.sim_azure import SimAzure

SERVER, RESOLVER = "127.1.1.1:53", "127.1.2.1:53"
TIMEOUT_SECONDS = 2.0
LATENCY_SECONDS = 0.002


class Sampler:
    """Takes the samples of a drill of the lab."""

    def __init__(self, azure: SimAzure, into: list[Sample]) -> None:
        self._azure, self._into = azure, into
        self._cached: tuple[str, float] = ("", -1.0)

    def take(self) -> None:
        """Take one sample of every series."""
        live = self._azure.live
        self._ask(f"dns/authoritative/{SERVER}", SERVER, self.authoritative())
        resolved = self._ask(f"dns/recursive/{RESOLVER}", RESOLVER, self._resolve())
        for endpoint in live.endpoints:
            self._visit(f"health/{endpoint.name}", self._azure.address(endpoint.target))
            self._look(f"monitor/{endpoint.name}", self._azure.profile_id, endpoint.name)
        self._visit("client/fresh", resolved.rpartition(">")[2] or None)
        for machine in self._azure.targets():
            self._look(f"power/{machine.name}", self._azure.machine_id(machine.name), None)

    def authoritative(self) -> str:
        """Return the chain that the name server answers."""
        for endpoint in self._azure.live.endpoints:
            if endpoint.name == self._azure.server.told:
                address = self._azure.address(endpoint.target)
                return f"{endpoint.target}>{address}" if address else endpoint.target
        return ""

    def _resolve(self) -> str:
        """Return an honest resolver's answer; it learns anew once its TTL is over."""
        now = self._azure.clock.seconds
        if now >= self._cached[1]:
            told = "" if self._is_dns_hit(SERVER) else self.authoritative()
            self._cached = (told, now + (self._azure.live.ttl_seconds if told else 0))
        return self._cached[0]

    def _ask(self, series: str, server: str, answer: str) -> str:
        """Note an answer of a name server or resolver, as far as it arrives; return it."""
        if answer and not self._is_dns_hit(server):
            self._note(series, Outcome.OK, answer)
            return answer
        self._note(series, Outcome.TIMEOUT)
        return ""

    def _is_dns_hit(self, server: str) -> bool:
        """Whether a fault keeps an answer away; what is only late is none."""
        fault = self._azure.faults.strike(DnsFault, lambda one: one.matches(server))
        return fault is not None and fault.effect != "delay"

    def _look(self, series: str, path: str, endpoint: str | None) -> None:
        """Note what ARM shows; one attempt, which may fail."""
        fault = self._azure.faults.strike(ArmFault, lambda one: one.matches("GET", path))
        if fault is not None and fault.effect not in ("latency", "stale"):
            self._note(series, Outcome.FAILED)
        elif endpoint is not None:
            self._note(series, Outcome.OK, self._azure.status(endpoint))
        else:
            machine = self._azure.machine(series.removeprefix("power/"))
            self._note(series, Outcome.OK, machine.power.value)

    def _visit(self, series: str, address: str | None) -> None:
        """Note a request to an address; nobody answers in vain."""
        if address is not None and self._azure.serves(address):
            self._note(series, Outcome.OK, address)
        else:
            self._note(series, Outcome.TIMEOUT)

    def _note(self, series: str, outcome: Outcome, answer: str = "") -> None:
        asked = self._azure.now()
        seconds = TIMEOUT_SECONDS if outcome is Outcome.TIMEOUT else LATENCY_SECONDS
        answered = asked + round(seconds * 1_000) + 1
        self._into.append(Sample(series, asked, answered, outcome, answer, 200))
