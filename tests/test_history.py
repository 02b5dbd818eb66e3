"""Baselines read: page by page, and for the failovers that nobody planned."""

from dataclasses import dataclass, field

import pytest

from shared.core.errors import FailoverNotFound, ProfileNotFound
from shared.core.model import Phase
from shared.core.samples import Instant, Outcome, Sample, rfc3339
from shared.history import DAY_MS, RETURN_DAYS_MAX, History, Period, Sources, key_of
from tests.support.azure import MemoryProfiles
from tests.support.baseline_worlds import IN_FORCE, Baseline, an_outage
from tests.support.drills import START, a_drill, at
from tests.support.memory_baselines import MemoryBaselines, SomeDrills

END = at(4_800)


@dataclass
class Bench:
    """The service over an outage of the lab."""

    store: MemoryBaselines = field(default_factory=MemoryBaselines)
    drills: SomeDrills = field(default_factory=SomeDrills)
    now: Instant = END

    def __post_init__(self) -> None:
        self.store.kept = Baseline().samples(an_outage())
        self.store.in_force = list(IN_FORCE)
        self.registry = MemoryProfiles({"lab": {"name": "lab"}})
        sources = Sources(self.store, self.registry, self.drills, lambda: self.now)
        self.history = History(sources)

    def page(self, series: str = "", top: int = 10_000) -> list[str]:
        """Return the series of a page."""
        page = self.history.page("lab", Period(START, END), series, None, top)
        return [sample.series for sample in page.samples]


@pytest.fixture
def bench() -> Bench:
    """The service over an outage of the lab."""
    return Bench()


def test_every_page_follows_the_one_before(bench: Bench) -> None:
    """Together they are everything, once, in order."""
    found: list[Sample] = []
    after = None
    for _ in range(100):
        page = bench.history.page("lab", Period(START, END), "", after, 37)
        found += page.samples
        after = page.last
        if after is None:
            break
        assert len(page.samples) == 37

    assert found == sorted(bench.store.kept, key=key_of)


def test_a_page_reads_no_more_days_than_it_needs(bench: Bench) -> None:
    """A month may be asked for; a page of it is cheap."""
    month = Period(START, START + 31 * DAY_MS)
    bench.history.page("lab", month, "", None, 10)

    assert bench.store.reads == 1


def test_samples_of_the_same_instant_are_told_apart(bench: Bench) -> None:
    """By series and writer: a page may end between them."""
    bench.store.kept = [
        Sample(series, START, START + 1, Outcome.OK, writer=writer)
        for series in ("a", "b")
        for writer in ("1", "2")
    ]
    first = bench.history.page("lab", Period(START, END), "", None, 3)
    second = bench.history.page("lab", Period(START, END), "", first.last, 3)

    assert [f"{s.series}{s.writer}" for s in (*first.samples, *second.samples)] == [
        "a1",
        "a2",
        "b1",
        "b2",
    ]
    assert second.last is None


@pytest.mark.parametrize(
    ("series", "names"),
    [
        ("client/fresh", {"client/fresh"}),
        ("health", {"health/virginia", "health/amsterdam"}),
        ("health/", {"health/virginia", "health/amsterdam"}),
        ("health/vir", set()),
        ("monitor", {"monitor", "monitor/virginia", "monitor/amsterdam"}),
        ("dns/authoritative", {"dns/authoritative/127.1.1.1:53"}),
        ("power", set()),
    ],
)
def test_a_series_is_itself_and_all_below_it(bench: Bench, series: str, names: set[str]) -> None:
    """By whole parts of its name, not by letters."""
    assert set(bench.page(series)) == names


def test_failovers_are_listed(bench: Bench) -> None:
    """In the period that is asked for."""
    (failover,) = bench.history.failovers("lab", Period(START, END))

    assert failover.endpoint == "virginia"
    assert bench.history.failovers("lab", Period(at(2_000), END)) == []
    assert bench.history.failovers("lab", Period(START, at(1_000))) == []


def test_what_was_named_before_the_period_counts(bench: Bench) -> None:
    """A failover in its first minute is no beginning."""
    (failover,) = bench.history.failovers("lab", Period(at(1_360), END))

    assert failover.left.after < at(1_360) <= failover.left.not_after


def test_a_closed_drill_s_switch_is_not_listed(bench: Bench) -> None:
    """Nor a running one's."""
    bench.drills.summaries = [{"started_at": rfc3339(at(1_300)), "closed_at": rfc3339(at(1_400))}]
    assert bench.history.failovers("lab", Period(START, END)) == []

    bench.drills.summaries = []
    bench.drills.running = a_drill(Phase.FAILOVER, started_at=at(1_300))
    assert bench.history.failovers("lab", Period(START, END)) == []


def test_a_failover_is_reported_by_its_name(bench: Bench) -> None:
    """With the milestones of a drill."""
    (failover,) = bench.history.failovers("lab", Period(START, END))

    account = bench.history.account("lab", failover.id)

    assert account.failover == failover
    assert len(account.report.milestones) == 10


def test_a_report_is_the_same_whatever_came_later(bench: Bench) -> None:
    """Days of good health afterwards change nothing of it."""
    (failover,) = bench.history.failovers("lab", Period(START, END))
    before = bench.history.account("lab", failover.id).report
    bench.now = START + 3 * DAY_MS
    later = Baseline(turn_seconds=100_000.0).samples(an_outage(effective=9e9, degraded=9e9))
    bench.store.kept += [s for s in later if "amsterdam" not in s.answer]

    assert bench.history.account("lab", failover.id).report == before


def test_a_return_is_looked_for_so_long(bench: Bench) -> None:
    """What has not returned in a week is reported as away."""
    (failover,) = bench.history.failovers("lab", Period(START, END))
    bench.now = START + 400 * DAY_MS
    bench.store.reads = 0
    bench.history.account("lab", failover.id)

    assert bench.store.reads <= 2 * (RETURN_DAYS_MAX + 2)


@pytest.mark.parametrize("name", ["20261122T090000.000Z", "nothing", "20991122T090000.000Z"])
def test_other_names_are_not_found(bench: Bench, name: str) -> None:
    """Whether or not they could be a failover's."""
    with pytest.raises(FailoverNotFound, match=name):
        bench.history.account("lab", name)


def test_an_unknown_profile_is_not_found(bench: Bench) -> None:
    """On every route."""
    with pytest.raises(ProfileNotFound):
        bench.history.page("other", Period(START, END), "", None, 1)
    with pytest.raises(ProfileNotFound):
        bench.history.failovers("other", Period(START, END))
    with pytest.raises(ProfileNotFound):
        bench.history.account("other", "20261122T090000.000Z")
