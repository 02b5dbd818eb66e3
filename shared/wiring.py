"""Builds every service from the settings; nothing here asks the network."""

import asyncio
import logging
from collections.abc import Mapping
from functools import cached_property

from shared import baseline, drill_ports, drills, ledger, ledger_ports, preflight, profiles
from shared.adapters import dns_servers
from shared.adapters.any_sampler import AnySampler
from shared.adapters.arm import Arm
from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.audit_table import AuditTable
from shared.adapters.baseline_table import BaselineTable
from shared.adapters.client_sampler import ClientSampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer, connect_to
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.drill_table import DrillTable
from shared.adapters.faults import tools
from shared.adapters.heartbeat_table import HeartbeatTable
from shared.adapters.http_sampler import HttpSampler
from shared.adapters.instance import this_process
from shared.adapters.kept_connection import KeptConnections
from shared.adapters.profile_table import ProfileTable
from shared.adapters.retention_table import RetentionTable
from shared.adapters.schedule_table import ScheduleTable
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import TimelineTable
from shared.adapters.undo_table import UndoTable
from shared.audit import Audit, AuditedActions, AuditedDrills, AuditedStore
from shared.baseline import Baseline
from shared.core.clients import pinned_address
from shared.core.errors import Fault, InvalidInput
from shared.core.model import Drill, HealthCheck, Vantages
from shared.core.questions import DnsQuestion, health_check
from shared.core.samples import Instant, Outcome, Timeline
from shared.health import Health
from shared.history import History, Sources
from shared.reports import Reports
from shared.retention import Retention
from shared.safety import Safety
from shared.sampling import Sampling, Senses
from shared.schedules import Schedules
from shared.settings import Settings, is_address
from shared.snapshots import Snapshots

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
        guard = Guard(allow_loopback=settings.is_emulated, private_ranges=settings.private_targets)
        detours = connect_to(settings.connect_to)
        self._dns = DnsSampler(self._clock)
        self._http = HttpSampler(self._clock, guard, detours, self._look_up)
        self._tables = Tables(settings)
        self._drill_table = DrillTable(self._tables)
        self._timelines = TimelineTable(self._tables)
        chains = AuditTable(self._tables)
        self._audit = Audit(chains, self._clock.now, this_process())
        undos = UndoTable(self._tables)
        self.ledger = self._ledger(undos)
        self.drills = self._drills()
        self.audited = AuditedDrills(self.drills, self._audit)
        self.profiles = self._profiles()
        self.reports = Reports(self._drill_table, self._timelines)
        self.schedules = Schedules(ScheduleTable(self._tables), self.audited, self._clock.now)
        self.safety = Safety(self._drill_table, self._audit, chains.read, self._clock.now)
        client, statuses = self._client(guard, detours), ArmSampler(self._arm, self._clock)
        self.sampling = self._sampling(client, statuses)
        self.baseline = self._baseline(AnySampler(self._dns, self._http, client, statuses))
        self.health = Health(
            HeartbeatTable(self._tables), self._drill_table.open_drills, undos.open, self._clock.now
        )

    def timeline(self, drill_id: str) -> Timeline:
        """Return all that was recorded of a drill, or raise DrillNotFound."""
        return self._timelines.read(self._drill_table.load(drill_id).id)

    def now(self) -> Instant:
        """Return the time."""
        return self._clock.now()

    def _client(self, guard: Guard, detours: Mapping[Peer, Peer]) -> ClientSampler:
        trusting = HttpSampler(self._clock, guard, detours, verify_certificates=True)
        kept = KeptConnections(self._clock, guard, detours)
        return ClientSampler(self._dns, trusting, kept, self._clock, self._pinned)

    def _sampling(self, client: ClientSampler, statuses: ArmSampler) -> Sampling:
        senses = Senses(
            dns=self._dns,
            health=self._http,
            client=client,
            arm=statuses,
            drills=self._drill_table,
        )
        return Sampling(senses, self._timelines, self._clock)

    def _baseline(self, sampler: AnySampler) -> Baseline:
        seconds = self._settings.baseline_interval_seconds
        snapshots = Snapshots(self._arm, self._resolve, self._vantages)
        surroundings = baseline.Surroundings(
            ask=sampler.sample,
            registry=ProfileTable(self._tables),
            busy=self._drill_table.busy,
            configuration=lambda name, of: snapshots.configuration(name, of, seconds),
            recorder=BaselineTable(self._tables),
            clock=self._clock,
        )
        return Baseline(surroundings, seconds)

    @cached_property
    def history(self) -> History:
        """What the baselines have seen."""
        store, registry = BaselineTable(self._tables), ProfileTable(self._tables)
        return History(Sources(store, registry, self._drill_table, self._clock.now))

    @cached_property
    def retention(self) -> Retention:
        """What removes what is too old."""
        store, days = RetentionTable(self._tables), self._settings.retention_days
        return Retention(store, self._drill_table.open_ids, self._clock.now, days)

    def _pinned(self, drill: Drill) -> str | None:
        """Return the address that the drill's pinned client keeps, as far as was recorded."""
        return pinned_address(self._timelines.read(drill.id).samples)

    def _ledger(self, undos: UndoTable) -> ledger.Ledger:
        return ledger.Ledger(
            ledger_ports.Dependencies(
                store=undos,
                tools=tools(self._arm),
                actions=AuditedActions(self._timelines, self._audit),
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
            region=self._settings.region,
        )
        return drills.Drills(
            drill_ports.Dependencies(
                store=AuditedStore(self._drill_table, self._audit),
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

    def _ask(self, server: str, name: str) -> str:
        """Return what an authoritative server answers now, or nothing."""
        seconds = ASK_SECONDS * self._clock.speed
        return asyncio.run(self._answer(server, name, seconds, recursion_desired=False))

    async def _answer(
        self, server: str, name: str, seconds: float, *, recursion_desired: bool
    ) -> str:
        question = DnsQuestion(
            series="",
            server=server,
            name=name,
            recursion_desired=recursion_desired,
            timeout_seconds=seconds,
        )
        sample = await self._dns.sample(question)
        return sample.answer if sample.outcome is Outcome.OK else ""

    def _resolve(self, name: str) -> str | None:
        if is_address(name):
            return name
        return asyncio.run(self._look_up(name, ASK_SECONDS * self._clock.speed))

    async def _look_up(self, name: str, seconds: float) -> str | None:
        """Return an address that the client's resolver has for a name now, or None."""
        resolver = self._client_resolver()
        chain = await self._answer(resolver, name, seconds, recursion_desired=True)
        address = chain.rsplit(">", 1)[-1]
        return address if is_address(address) else None

    def _authoritative_answers(self, fqdn: str) -> dict[str, str]:
        return {server: self._ask(server, fqdn) for server in self._authoritative(fqdn)}

    def _resolvers(self) -> tuple[str, ...]:
        # Nobody outside knows the names of an emulated Azure.
        with_system = not self._settings.is_emulated
        return dns_servers.resolvers(self._settings.resolvers, with_system=with_system)

    def _client_resolver(self) -> str:
        named = (self._settings.client_resolver, *self._settings.resolvers)
        return next(filter(None, named), None) or self._resolvers()[0]

    def _authoritative(self, fqdn: str) -> tuple[str, ...]:
        zone = ".".join(fqdn.split(".")[-ZONE_LABELS:])
        found = self._settings.authoritative
        return found or dns_servers.find_authoritative(zone, self._resolvers())

    def _vantages(self, fqdn: str, client_url: str) -> Vantages:
        resolvers = self._resolvers()
        client_resolver = self._client_resolver()
        return Vantages(
            authoritative=self._authoritative(fqdn),
            # The client's own resolver is a vantage too, listed or not.
            resolvers=tuple(dict.fromkeys([*resolvers, client_resolver])),
            client_resolver=client_resolver,
            client_url=client_url,
            client_subnets=self._settings.client_subnets,
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
