"""Builds every service from the settings; nothing here asks the network."""

import asyncio
import logging
from collections.abc import Mapping

from shared import drills, ledger, preflight, profiles
from shared.adapters import dns_servers
from shared.adapters.arm import Arm
from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.client_sampler import ClientSampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer, connect_to
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.drill_table import DrillTable
from shared.adapters.faults import tools
from shared.adapters.heartbeat_table import HeartbeatTable
from shared.adapters.http_sampler import HttpSampler
from shared.adapters.profile_table import ProfileTable
from shared.adapters.schedule_table import ScheduleTable
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import TimelineTable
from shared.adapters.undo_table import UndoTable
from shared.core.errors import Fault, InvalidInput
from shared.core.model import Drill, HealthCheck, Vantages
from shared.core.questions import DnsQuestion, health_check
from shared.core.samples import Outcome, Timeline
from shared.health import Health
from shared.reports import Reports
from shared.safety import Safety
from shared.sampling import Sampling, Senses
from shared.schedules import Schedules
from shared.settings import Settings, is_address

log = logging.getLogger(__name__)

ASK_SECONDS = 2
"""How long a single question outside of sampling may take."""
ZONE_LABELS = 2


def assembled(values: Mapping[str, str]) -> tuple["Services", InvalidInput | None]:
    """Return the services, and what is wrong with the settings if they are for undoing only."""
    try:
        return Services(Settings.read(values)), None
    except InvalidInput as wrong:
        log.critical("%s", wrong)
        return Services(Settings.for_undoing(values, wrong)), wrong


class Services:
    """Everything that the triggers call."""

    def __init__(self, settings: Settings) -> None:
        logging.getLogger("azure").setLevel(logging.WARNING)
        self._settings = settings
        self._clock = _clock(settings)
        self._arm = Arm(settings, self._clock)
        guard = Guard(allow_loopback=settings.is_emulated)
        detours = connect_to(settings.connect_to)
        self._dns = DnsSampler(self._clock)
        self._http = HttpSampler(self._clock, guard, detours)
        self._tables = Tables(settings)
        self._drill_table = DrillTable(self._tables)
        self._timelines = TimelineTable(lambda: self._tables.table("timeline"))
        undos = UndoTable(self._tables)
        self.ledger = self._ledger(undos)
        self.drills = self._drills()
        self.profiles = self._profiles()
        self.reports = Reports(self._drill_table, self._timelines)
        self.schedules = Schedules(ScheduleTable(self._tables), self.drills, self._clock.now)
        self.safety = Safety(self._drill_table, self._clock.now)
        self.sampling = self._sampling(guard, detours)
        self.health = Health(
            HeartbeatTable(self._tables), self._drill_table.open_drills, undos.open, self._clock.now
        )

    def timeline(self, drill_id: str) -> Timeline:
        """Return all that was recorded of a drill, or raise DrillNotFound."""
        return self._timelines.read(self._drill_table.load(drill_id).id)

    def _sampling(self, guard: Guard, detours: Mapping[Peer, Peer]) -> Sampling:
        trusting = HttpSampler(self._clock, guard, detours, verify_certificates=True)
        senses = Senses(
            dns=self._dns,
            health=self._http,
            client=ClientSampler(self._dns, trusting),
            arm=ArmSampler(self._arm, self._clock),
            drills=self._drill_table,
        )
        return Sampling(senses, self._timelines, self._clock)

    def _ledger(self, undos: UndoTable) -> ledger.Ledger:
        return ledger.Ledger(
            ledger.Dependencies(
                store=undos,
                tools=tools(self._arm),
                actions=self._timelines,
                answers=self._http.answers,
                is_lever_engaged=self._drill_table.is_lever_engaged,
                clock=self._clock,
            )
        )

    def _drills(self) -> drills.Drills:
        surroundings = preflight.Surroundings(
            registry=ProfileTable(self._tables),
            ask=self._ask,
            resolve=self._resolve,
            answers=self._http.answers,
            vantages=self._vantages,
            allowed_groups=self._settings.drill_resource_groups,
            subscription_id=self._settings.subscription_id,
        )
        return drills.Drills(
            drills.Dependencies(
                store=self._drill_table,
                records=self._timelines,
                ledger=self.ledger,
                preflight=preflight.Preflight(self._arm, surroundings),
                health_check=_health_check,
                now=self._clock.now,
            )
        )

    def _profiles(self) -> profiles.Profiles:
        return profiles.Profiles(
            self._arm,
            profiles.Surroundings(
                registry=ProfileTable(self._tables),
                holder=self._drill_table.holder,
                authoritative_answers=self._authoritative_answers,
                subscription_id=self._settings.subscription_id,
            ),
        )

    def _ask(self, server: str, name: str, *, recursion_desired: bool = False) -> str:
        question = DnsQuestion(
            series="",
            server=server,
            name=name,
            recursion_desired=recursion_desired,
            timeout_seconds=ASK_SECONDS * self._clock.speed,
        )
        sample = asyncio.run(self._dns.sample(question))
        return sample.answer if sample.outcome is Outcome.OK else ""

    def _resolve(self, name: str) -> str | None:
        if is_address(name):
            return name
        resolver = self._settings.client_resolver or self._resolvers()[0]
        address = self._ask(resolver, name, recursion_desired=True).rsplit(">", 1)[-1]
        return address if is_address(address) else None

    def _authoritative_answers(self, fqdn: str) -> dict[str, str]:
        return {server: self._ask(server, fqdn) for server in self._authoritative(fqdn)}

    def _resolvers(self) -> tuple[str, ...]:
        return self._settings.resolvers or dns_servers.system_resolvers()

    def _authoritative(self, fqdn: str) -> tuple[str, ...]:
        zone = ".".join(fqdn.split(".")[-ZONE_LABELS:])
        found = self._settings.authoritative
        return found or dns_servers.find_authoritative(zone, self._resolvers())

    def _vantages(self, fqdn: str, client_url: str) -> Vantages:
        resolvers = self._resolvers()
        client_resolver = self._settings.client_resolver or resolvers[0]
        return Vantages(
            authoritative=self._authoritative(fqdn),
            # The client's own resolver is a vantage too, listed or not.
            resolvers=tuple(dict.fromkeys([*resolvers, client_resolver])),
            client_resolver=client_resolver,
            client_url=client_url,
            environment="emulated" if self._settings.is_emulated else "azure",
            clock_speed=self._clock.speed,
        )


def _clock(settings: Settings) -> Clock:
    try:
        return Clock.from_setting(settings.clock)
    except ValueError as error:
        raise InvalidInput(str(error), (Fault("InvalidSetting", "CLOCK", str(error)),)) from error


def _health_check(drill: Drill) -> HealthCheck | None:
    """Return how the watchdog asks the endpoint under test whether it serves again."""
    endpoint = drill.snapshot.endpoint(drill.endpoint)
    return health_check(drill.snapshot, endpoint, drill.snapshot.monitor.timeout_seconds)
