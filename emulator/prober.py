"""The health probes: a loop per endpoint and prober, at a fixed cadence from a seeded phase."""

import asyncio
import functools
import logging
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from emulator.clock import Clock
from emulator.cloud import Cloud, Endpoint, MonitorConfig, Profile
from emulator.monitor import is_probed
from emulator.plane import DataPlane

log = logging.getLogger(__name__)


Place = tuple[str, int]

# No connection, no answer in time, or one that is no HTTP: each is a failed probe.
_FAILURES = (OSError, TimeoutError, ValueError, EOFError, asyncio.LimitOverrunError)


class Cadence(Enum):
    """When the next probe starts; nobody outside knows which is true."""

    FIXED = "fixed"  # one interval after the last one's start
    AFTER_TIMEOUT = "afterTimeout"  # one interval after the last one's end (azure-docs#104593)


class Phases(Enum):
    """How several probers' turns lie to each other within an interval."""

    EVEN = "even"
    DRAWN = "drawn"


@dataclass(slots=True, kw_only=True)
class Habits:
    """How probes are sent; where no source tells, topologies choose (README.md)."""

    seed: int = 1
    probers: int = 1
    cadence: Cadence = Cadence.FIXED
    phases: Phases = Phases.EVEN
    method: str = "GET"
    has_server_name: bool = True  # SNI, in HTTPS probes


class Prober:
    """Probes every endpoint that is to be probed; follows configuration changes at once."""

    def __init__(
        self, cloud: Cloud, clock: Clock, plane: DataPlane, places: Mapping[Place, Place]
    ) -> None:
        self._cloud, self._clock, self._plane, self._places = cloud, clock, plane, places
        self._loops: dict[tuple[str, str], list[asyncio.Task[None]]] = {}
        self.habits = Habits()
        plane.on_change.append(self.follow)

    def follow(self, before: Profile | None, after: Profile | None) -> None:
        """Start, restart and end loops as a profile has changed."""
        wanted = {e.key: e for e in after.endpoints if is_probed(after, e)} if after else {}
        changed = after or before
        if changed is None:
            return
        key = changed.key
        for loop_key in [k for k in self._loops if k[0] == key]:
            kept = wanted.get(loop_key[1])
            if kept is None or self._must_restart(before, after, kept):
                self._end(loop_key)
        for endpoint in wanted.values():
            if (key, endpoint.key) not in self._loops and after is not None:
                self._loops[key, endpoint.key] = [
                    asyncio.get_running_loop().create_task(self._probe_forever(after, endpoint, i))
                    for i in range(self.habits.probers)
                ]

    def close(self) -> None:
        """End all loops."""
        for loop_key in list(self._loops):
            self._end(loop_key)

    def _end(self, loop_key: tuple[str, str]) -> None:
        for task in self._loops.pop(loop_key):
            task.cancel()

    @staticmethod
    def _must_restart(before: Profile | None, after: Profile | None, kept: Endpoint) -> bool:
        """Whether the loop's rhythm or aim is stale: new monitor settings, or another target."""
        if before is None or after is None or before.monitor != after.monitor:
            return True
        old = before.endpoint(kept.key)
        return old is None or not old.points_like(kept)

    async def _probe_forever(self, profile: Profile, probed: Endpoint, prober: int) -> None:
        """Probe one endpoint until the loop is cancelled; the first probe comes at the phase."""
        interval = timedelta(seconds=profile.monitor.interval_seconds)
        next_at = self._clock.now() + self._phase(profile, probed, prober) * interval
        while True:
            await self._clock.sleep_until(next_at)
            current = self._cloud.profiles.by_key(profile.key)
            endpoint = current.endpoint(probed.key)
            if endpoint is None:
                return
            succeeded = await self._probe(current, endpoint)
            self._plane.probed(profile.key, probed.key, succeeded=succeeded, prober=prober)
            is_fixed = self.habits.cadence is Cadence.FIXED
            base = next_at if is_fixed else self._clock.now()
            # A turn that was missed (a machine that slept, say) is not made up for.
            missed = (self._clock.now() - base) // interval
            next_at = base + interval * (missed + 1)

    def _phase(self, profile: Profile, endpoint: Endpoint, prober: int) -> float:
        """Return a prober's place in the interval, from 0 to 1; the seed decides, nothing else."""
        habits = self.habits
        is_drawn = habits.phases is Phases.DRAWN and prober > 0
        words = [str(habits.seed), profile.key, endpoint.key, *([str(prober)] if is_drawn else [])]
        drawn = random.Random("|".join(words)).random()  # noqa: S311 - to be repeatable
        return drawn if is_drawn else (drawn + prober / habits.probers) % 1

    async def _probe(self, profile: Profile, endpoint: Endpoint) -> bool:
        """Return whether one probe was answered as the monitor wants it, within its time."""
        monitor = profile.monitor
        wall_seconds = self._clock.to_wall_seconds(monitor.timeout_seconds)
        try:
            async with asyncio.timeout(wall_seconds):
                place = self._place_of(endpoint, monitor)
                if place is None:
                    await asyncio.Event().wait()  # nothing there: packets vanish until the timeout
                    return False
                return await _exchange(place, monitor, endpoint, self.habits)
        except _FAILURES as error:
            log.debug("probe failed endpoint=%s error=%r", endpoint.name, error)
            return False

    def _place_of(self, endpoint: Endpoint, monitor: MonitorConfig) -> Place | None:
        """Return the real address and port behind the endpoint's, None when nothing listens."""
        public_ip = self._cloud.public_ip_of(endpoint)
        if public_ip is None or not public_ip.is_allocated:
            return None
        return self._places.get((public_ip.address, monitor.port))


async def _exchange(
    place: Place, monitor: MonitorConfig, endpoint: Endpoint, habits: Habits
) -> bool:
    """Open a connection and, unless TCP is all that is asked, request the path."""
    context = _unverified_context() if monitor.protocol == "HTTPS" else None
    # An empty name sends none.
    name = (endpoint.target if habits.has_server_name else "") if context else None
    reader, writer = await asyncio.open_connection(*place, ssl=context, server_hostname=name)
    try:
        if monitor.protocol == "TCP":
            return True
        writer.write(_request(monitor, endpoint, habits.method))
        status_line = await reader.readuntil(b"\r\n")
        version, status, *_ = status_line.decode("latin-1").split(" ", 2)
        return version.startswith("HTTP/") and monitor.accepts(int(status))
    finally:
        writer.close()


def _request(monitor: MonitorConfig, endpoint: Endpoint, method: str) -> bytes:
    """Return the probe: Host is the endpoint's target unless a header says otherwise."""
    headers = {"host": ("Host", endpoint.target), "accept": ("Accept", "*/*")}
    headers["user-agent"] = ("User-Agent", "Azure Traffic Manager Endpoint Monitor")
    headers["connection"] = ("Connection", "close")
    # An endpoint's own headers replace the profile's altogether.
    for name, value in endpoint.headers or monitor.headers:
        headers[name.lower()] = (name, value)
    lines = [f"{method} {monitor.path or '/'} HTTP/1.1"]
    lines += [f"{n}: {v}" for n, v in headers.values()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@functools.cache
def _unverified_context() -> ssl.SSLContext:
    """A certificate must be there and is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
