"""A drill's plan: what to break, how long to wait, what recovery is promised. Values only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum

from shared.core.errors import Fault, wrong
from shared.core.resource_ids import parse


class FaultKind(StrEnum):
    """What may be broken."""

    VM_POWER_OFF = "vmPowerOff"
    """The machines behind the endpoint are stopped; they are still billed and keep addresses."""
    VM_DEALLOCATE = "vmDeallocate"
    """They are stopped and their hosts released: not billed; a Dynamic address is lost."""
    ENDPOINT_DISABLE = "endpointDisable"
    """The endpoint is disabled: a switchover, which skips detection."""
    PROBE_PATH = "probePath"
    """A custom header makes Traffic Manager's probes fail while the application serves on."""


VM_FAULTS = frozenset({FaultKind.VM_POWER_OFF, FaultKind.VM_DEALLOCATE})
"""Faults that stop machines; the others change a setting of the endpoint itself."""


class Failback(StrEnum):
    """When traffic may return, once the hold is over."""

    AUTOMATIC = "automatic"
    HOLD = "hold"
    """The endpoint stays disabled, its machines running, until somebody releases it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePath:
    """The custom header that makes an endpoint's probes fail."""

    header: str
    value: str


class ClientClass(StrEnum):
    """A kind of client, by what it keeps; a drill samples every one of them."""

    FRESH = "fresh"
    """Asks its resolver anew and opens a new connection for every request."""
    TTL = "ttl"
    """Keeps its resolver's answer for as long as that allows; new connections."""
    KEEPALIVE = "keepalive"
    """Keeps its connection, and resolves only when it has to open another."""
    PINNED = "pinned"
    """Keeps the first address that served it, for ever; new connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopConditions:
    """When a running drill must roll back at once."""

    client_outage_seconds_max: int | None = None
    survivor_unhealthy_samples: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to break, how long to wait for it, and what recovery is promised.

    Durations are whole seconds and say so in their names; `*_max` bounds a wait. `endpoint` and
    `targets` may be left open: the endpoint that serves now, and the machines found behind it.
    """

    profile: str
    rto_seconds: int
    failback_rto_seconds: int | None = None
    endpoint: str | None = None
    fault: FaultKind = FaultKind.VM_POWER_OFF
    probe_path: ProbePath | None = None
    targets: tuple[str, ...] = ()
    steady_seconds: int = 60
    hold_seconds: int = 120
    stability_seconds: int = 60
    switch_seconds_max: int = 900
    failback: Failback = Failback.AUTOMATIC
    failback_hold_seconds_max: int = 3_600
    sample_interval_seconds: int = 1
    sample_timeout_seconds: int = 2
    objective_client: ClientClass = ClientClass.FRESH
    client_url: str | None = None
    served_by_header: str | None = None
    stop_conditions: StopConditions = field(default_factory=StopConditions)

    @property
    def failback_objective_seconds(self) -> int:
        """The promised failback time; the same as failover's where none is given."""
        return self.failback_rto_seconds or self.rto_seconds

    @property
    def held_seconds(self) -> int:
        """How long a drill stays failed over: never too short to see a recovery whole.

        The slots at both ends of the stretch that proves it are added, else a hold that ends
        with the stretch would cut its last sample off.
        """
        return max(self.hold_seconds, self.stability_seconds + 2 * self.sample_interval_seconds)

    def faults(self) -> tuple[Fault, ...]:
        """Return everything that is wrong with the plan; empty when it may be tried."""
        return (*self._out_of_range(), *self._contradictions())

    def _out_of_range(self) -> Iterator[Fault]:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                yield wrong(
                    camel_case(name), value, f"a whole number of seconds from {low} to {high}"
                )
        budget = self.stop_conditions.client_outage_seconds_max
        if budget is not None and not 1 <= budget <= DAY_SECONDS:
            target = "stopConditions.clientOutageSecondsMax"
            yield Fault(
                "InvalidValue",
                target,
                f"{target} is {budget}; it must be a whole number of seconds from 1 to "
                f"{DAY_SECONDS}.",
            )
        unhealthy = self.stop_conditions.survivor_unhealthy_samples
        if not 1 <= unhealthy <= SURVIVOR_UNHEALTHY_SAMPLES_MAX:
            target = "stopConditions.survivorUnhealthySamples"
            yield Fault(
                "InvalidValue",
                target,
                f"{target} is {unhealthy}; it must be from 1 to {SURVIVOR_UNHEALTHY_SAMPLES_MAX}.",
            )

    def _wrong_for_fault(self) -> Iterator[Fault]:
        """Yield what the kind of fault lacks or does not take."""
        if self.targets and self.fault not in VM_FAULTS:
            message = f"targets is for faults that stop machines; {self.fault} stops none."
            yield Fault("InvalidValue", "targets", message)
        probe_path = self.probe_path
        if (probe_path is not None) != (self.fault is FaultKind.PROBE_PATH):
            right = "must be given" if probe_path is None else "is for the fault probePath only"
            message = f"probePath {right}; the fault is {self.fault}."
            yield Fault("InvalidValue", "probePath", message)
        elif probe_path is not None:
            yield from _wrong_header(probe_path)

    def _contradictions(self) -> Iterator[Fault]:
        yield from self._wrong_for_fault()
        for index, target in enumerate(self.targets):
            if not _is_machine(target):
                where = f"targets[{index}]"
                message = f"{where} is {target!r}; it must be the resource id of a machine."
                yield Fault("InvalidValue", where, message)
        if self.client_url is not None and not _is_url(self.client_url):
            yield wrong("clientUrl", self.client_url, "an http or https URL")
        for name in ("rto_seconds", "failback_rto_seconds"):
            value = getattr(self, name)
            if value is not None and value > self.switch_seconds_max:
                right = f"at most switchSecondsMax ({self.switch_seconds_max}), its wait"
                yield wrong(camel_case(name), value, right)


DAY_SECONDS = 86_400
SURVIVOR_UNHEALTHY_SAMPLES_MAX = 600

LIMITS: dict[str, tuple[int, int]] = {
    # A bound on everything: what a plan cannot ask for, no watchdog needs to wait for.
    "rto_seconds": (1, DAY_SECONDS),
    "failback_rto_seconds": (1, DAY_SECONDS),
    "steady_seconds": (0, 3_600),
    "hold_seconds": (0, 3_600),
    "stability_seconds": (1, 3_600),
    "switch_seconds_max": (60, 7_200),
    "failback_hold_seconds_max": (0, 86_400),
    "sample_interval_seconds": (1, 10),
    "sample_timeout_seconds": (1, 10),
}


MACHINE = "microsoft.compute/virtualmachines"
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")
"""Printable, without credentials, and without what could end a header line."""


TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
"""A header's name (RFC 9110, section 5.6.2)."""
FIELD_VALUE = re.compile(r"[!-~]([ -~]{0,1022}[!-~])?")
"""A header's value, printable: what could end a header line is no part of it."""


def _wrong_header(header: ProbePath) -> Iterator[Fault]:
    for name, text, pattern, right in (
        ("probePath.header", header.header, TOKEN, "a header's name"),
        ("probePath.value", header.value, FIELD_VALUE, "1 to 1,024 printable characters"),
    ):
        if not pattern.fullmatch(text):
            yield wrong(name, text, right)


def _is_machine(text: str) -> bool:
    try:
        return parse(text).is_a(MACHINE)
    except ValueError:
        return False


def _is_url(text: str) -> bool:
    return URL.fullmatch(text) is not None


def camel_case(name: str) -> str:
    """Return a field's name as the wire spells it: `rto_seconds` is `rtoSeconds`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


PLAN_FIELDS = tuple(f.name for f in fields(Plan))
