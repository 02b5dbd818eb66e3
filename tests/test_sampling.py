"""The sampling service: every second of a drill, once, whatever else is slow or broken."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.client_sampler import ClientSampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.errors import UpstreamUnavailable
from shared.core.model import Drill
from shared.core.questions import ArmQuestion, ClientQuestion, DnsQuestion, HealthQuestion
from shared.core.samples import Instant, Outcome, Sample
from shared.sampling import Sampling, Senses
from tests.support.dns_server import answering, dns_server
from tests.support.http_server import answer, http_server
from tests.support.sampled_drill import AMSTERDAM, FQDN, VIRGINIA, lab_drill

WINDOW_MS = 10_000


def clock_at(speed: float) -> Clock:
    """Return a scaled clock that has just begun a minute."""
    return Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*{speed}")


class OpenDrills:
    """The open drills, as a test sets them."""

    def __init__(self, *drills: Drill) -> None:
        self.drills = drills
        self.error: UpstreamUnavailable | None = None

    def open_drills(self) -> tuple[Drill, ...]:
        """Return them."""
        if self.error:
            raise self.error
        return self.drills


class Rows:
    """A table in memory that can fail, or take its time."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Instant, str], tuple[Sample, ...]] = {}
        self.writes = 0
        self.error: UpstreamUnavailable | None = None
        self.may_write = threading.Event()
        self.may_write.set()

    def write_window(
        self, drill_id: str, minute: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Keep the row, in place of the one before."""
        self.may_write.wait(5)
        if self.error:
            raise self.error
        self.writes += 1
        self.rows[drill_id, minute, writer] = tuple(samples)

    @property
    def samples(self) -> list[Sample]:
        """All samples of all rows."""
        return [sample for row in self.rows.values() for sample in row]


class Prompt:
    """Answers everything at once, and remembers when it was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked: list[Instant] = []
        self.error: Exception | None = None

    async def sample(self, question: DnsQuestion | HealthQuestion | ClientQuestion) -> Sample:
        """Return a good sample."""
        asked_at = self._clock.now()
        if question.series.startswith("client"):
            self.asked.append(asked_at)
            if self.error:
                raise self.error
        return Sample(question.series, asked_at, self._clock.ceil(), Outcome.OK, "x")


class NoArm:
    """Tells of nothing."""

    async def sample(self, question: ArmQuestion) -> tuple[Sample, ...]:
        """Return nothing."""
        del question
        return ()


class Bench:
    """A sampling service over prompt senses, and everything a test looks at."""

    def __init__(self, *drills: Drill, speed: float = 50) -> None:
        self.clock = clock_at(speed)
        self.drills, self.rows, self.prompt = OpenDrills(*drills), Rows(), Prompt(self.clock)
        senses = Senses(
            dns=self.prompt,
            health=self.prompt,
            client=self.prompt,
            arm=NoArm(),
            drills=self.drills,
        )
        self.sampling = Sampling(senses, self.rows, self.clock)

    async def run(self, windows: int = 1) -> None:
        """Run as the timer does: at the start of every window, one run at a time."""
        for _ in range(windows):
            await timer(self.clock)
            await self.sampling.take()

    def seconds(self) -> list[int]:
        """Return the seconds in which the client was asked, from the first run's window on."""
        return [at // 1_000 % 60 for at in self.prompt.asked]


async def timer(clock: Clock) -> None:
    """Return when the next window begins."""
    now = clock.now()
    await asyncio.sleep(clock.wall_seconds((WINDOW_MS - now % WINDOW_MS) / 1_000))


@pytest.fixture
def drill() -> Drill:
    """The lab's drill."""
    return lab_drill(0)


async def test_a_window_is_asked_on_every_second(drill: Drill) -> None:
    """Ten slots, and the run is over before the timer's next slot."""
    bench = Bench(drill)
    await bench.run()

    assert bench.seconds() == list(range(10, 20))
    assert 19_400 <= bench.clock.now() % 60_000 < 20_000


async def test_windows_follow_without_a_gap(drill: Drill) -> None:
    """Slot 0 of a window is asked on time: which drills are open is known from the last run."""
    bench = Bench(drill)
    await bench.run(3)

    assert bench.seconds() == list(range(10, 40))


async def test_a_run_that_begins_late_skips_what_is_past(drill: Drill) -> None:
    """A sample asked late says nothing of the second that it was meant for."""
    bench = Bench(drill)
    await timer(bench.clock)
    await asyncio.sleep(bench.clock.wall_seconds(4.3))
    await bench.sampling.take()

    assert bench.seconds() == list(range(14, 20))


async def test_a_window_that_is_run_twice_is_asked_once(drill: Drill) -> None:
    """Timers may fire twice; a slot seen before is skipped."""
    bench = Bench(drill)
    await timer(bench.clock)
    await asyncio.gather(bench.sampling.take(), bench.sampling.take())

    assert bench.seconds() == list(range(10, 20))


async def test_a_timer_that_fires_early_waits_for_its_window(drill: Drill) -> None:
    """Its ten slots are those of the window it was meant for."""
    bench = Bench(drill)
    await asyncio.sleep(bench.clock.wall_seconds(9.95))
    await bench.sampling.take()

    assert bench.seconds() == list(range(10, 20))


async def test_the_plan_says_how_often(drill: Drill) -> None:
    """An interval of five seconds is two slots a window."""
    bench = Bench(lab_drill(0, interval_seconds=5))
    await bench.run()

    assert bench.seconds() == [10, 15]


async def test_without_an_open_drill_a_run_is_short() -> None:
    """It costs one look at the table."""
    bench = Bench()
    await bench.run()

    assert bench.seconds() == []
    assert bench.clock.now() % WINDOW_MS < 9_000


async def test_a_drill_that_was_just_started_is_sampled_in_the_same_run(drill: Drill) -> None:
    """Which drills are open is read again in every run, while sampling goes on."""
    bench = Bench()
    await bench.run()
    bench.drills.drills = (drill,)
    await bench.run()

    assert bench.seconds()[-9:] == list(range(21, 30))


async def test_a_drill_that_has_closed_is_not_asked_for_longer(drill: Drill) -> None:
    """And what was still to be written of it is written."""
    bench = Bench(drill)
    bench.rows.error = UpstreamUnavailable("The table does not answer.")
    await bench.run()
    bench.rows.error, bench.drills.drills = None, ()
    await bench.run(2)

    assert len(bench.seconds()) <= 11
    assert len([s for s in bench.rows.samples if s.series == "client/fresh"]) == len(
        bench.seconds()
    )


async def test_what_storage_refuses_is_written_later(
    drill: Drill, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost, the fault is told once, and its end too."""
    caplog.set_level(logging.INFO, "shared.sampling")
    bench = Bench(drill)
    bench.rows.error = UpstreamUnavailable("The table does not answer.")
    await bench.run(3)
    assert bench.rows.samples == []
    bench.rows.error = None
    await bench.run(2)

    clients = [s for s in bench.rows.samples if s.series == "client/fresh"]
    assert len(clients) == len(bench.seconds()) == 50
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_sampling_does_not_wait_for_slow_storage(drill: Drill) -> None:
    """A write that hangs costs no slot, and is not piled upon."""
    bench = Bench(drill)
    bench.rows.may_write.clear()
    await bench.run(3)
    assert bench.seconds() == list(range(10, 40))
    bench.rows.may_write.set()
    await bench.run(2)

    assert len([s for s in bench.rows.samples if s.series == "client/fresh"]) == 50


async def test_while_the_drills_cannot_be_read_those_known_go_on(drill: Drill) -> None:
    """A drill does not end because a table does not answer."""
    bench = Bench(drill)
    await bench.run()
    bench.drills.error = UpstreamUnavailable("The table does not answer.")
    await bench.run()

    assert bench.seconds() == list(range(10, 30))


async def test_an_error_of_our_own_stops_nothing_else(
    drill: Drill, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told with its trace; the other series go on."""
    bench = Bench(drill)
    bench.prompt.error = RuntimeError("a bug")
    await bench.run()

    assert {s.series for s in bench.rows.samples} >= {"health/virginia", "health/amsterdam"}
    assert "a bug" in caplog.text


async def test_a_row_grows_while_its_minute_is_open(drill: Drill) -> None:
    """One row a minute and writer: six writes, then it is sealed."""
    bench = Bench(drill)
    await bench.run(8)

    assert [len(row) for row in bench.rows.rows.values()] == [50 * 5, 30 * 5]
    assert bench.rows.writes == 8
    assert len({writer for _, _, writer in bench.rows.rows}) == 1


class Arm:
    """An ARM that always says that all is well."""

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return Online for all."""
        del profile_id
        names = ("virginia", "amsterdam", "elsewhere")
        return "Online", dict.fromkeys(names, "Online")

    def power_state(self, machine_id: str) -> str:
        """Return running."""
        del machine_id
        return "running"


def wired(clock: Clock, drills: OpenDrills, rows: Rows, detours: dict[Peer, Peer]) -> Sampling:
    """Return the service with its real samplers."""
    dns, http = DnsSampler(clock), HttpSampler(clock, Guard(allow_loopback=True), detours)
    senses = Senses(
        dns=dns,
        health=http,
        client=ClientSampler(dns, http),
        arm=ArmSampler(Arm(), clock),
        drills=drills,
    )
    return Sampling(senses, rows, clock)


async def test_a_minute_with_an_outage_over_real_sockets() -> None:
    """At 20 times the speed: at least 99 % of slots, none twice, and late samples in their row."""
    clock, rows = clock_at(20), Rows()
    resolving = answering(
        f"{FQDN}. 100 IN CNAME virginia.test.", f"virginia.test. 10 IN A {VIRGINIA}"
    )
    with (
        dns_server(resolving) as dns,
        http_server(lambda _: answer(200)) as virginia,
        http_server(lambda _: answer(200)) as amsterdam,
    ):
        detours: dict[Peer, Peer] = {
            (VIRGINIA, 80): ("127.0.0.1", virginia.port),
            (AMSTERDAM, 80): ("127.0.0.1", amsterdam.port),
        }
        drills = OpenDrills(lab_drill(clock.now(), dns=dns.address))
        sampling = wired(clock, drills, rows, detours)
        for window in range(6):
            virginia.respond = (lambda _: None) if window in (2, 5) else (lambda _: answer(200))
            await timer(clock)
            await sampling.take()
        drills.drills = ()
        await timer(clock)
        await sampling.take()

    assert_every_slot_once(rows.samples)
    late = [s for s in rows.samples if s.outcome is Outcome.TIMEOUT]
    assert {s.series for s in late} == {"health/virginia", "client/fresh"}
    last = max(s.asked_at for s in late)
    assert last % WINDOW_MS // 1_000 == 9, "asked in the last run's last slot, and yet written"


def assert_every_slot_once(samples: Sequence[Sample]) -> None:
    """Sixty slots of each own series and thirty of each of ARM's."""
    slots = Counter((s.series, s.asked_at // 1_000) for s in samples)
    first = min(second for _, second in slots)
    of_a_minute = [key for key in slots if key[1] < first + 60]
    expected = 60 * 5 + 30 * 5
    assert max(slots.values()) == 1
    assert len(of_a_minute) >= 0.99 * expected


@pytest.fixture(autouse=True)
def _no_other_loop_s_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What asyncio would only mention is a failure here."""
    yield
    assert not [r for r in caplog.records if r.name == "asyncio" and r.levelno >= logging.ERROR]
