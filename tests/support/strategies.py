"""Worlds and ways of looking at them, as properties are tested with."""

from hypothesis import strategies as st

from tests.support.baseline_worlds import Baseline, an_outage
from tests.support.fault_worlds import HeldWorld
from tests.support.worlds import Sampler, World

STABILITY_SECONDS = 10

writers = st.sampled_from([("one",), ("one", "two")])


Steps = tuple[tuple[str, str, float, float], ...]
"""Instants, each with the one that it comes after: by so many seconds at least, and at most."""

AWAY: Steps = (
    ("fault_accepted", "fault_sent", 0.001, 0.3),
    ("fault_answered", "fault_accepted", 0.001, 0.3),
    ("effective", "fault_accepted", 0, 14),
    ("degraded", "effective", 0, 30),
    ("authoritative_switched", "degraded", 0, 3),
    ("resolver_switched", "authoritative_switched", 0, 25),
    ("restore_sent", "resolver_switched", STABILITY_SECONDS + 4, 30),
    ("restore_accepted", "restore_sent", 0.001, 0.3),
    ("restore_answered", "restore_accepted", 0.001, 0.3),
    ("running", "restore_accepted", 0.1, 25),
    ("serving", "running", 0, 12),
)
HELD: Steps = (
    ("held_accepted", "held_sent", 0.001, 0.3),
    ("held_answered", "held_sent", 0.301, 0.6),
    ("release_sent", "serving", 0, 20),
    ("release_accepted", "release_sent", 0.001, 0.3),
    ("release_answered", "release_sent", 0.301, 0.6),
    ("online", "release_accepted", 0, 15),
)
NOT_HELD: Steps = (("online", "serving", 0, 15),)
BACK: Steps = (
    ("authoritative_back", "online", 0, 3),
    ("resolver_back", "authoritative_back", 0, 25),
)
OUTAGE: Steps = (
    ("degraded", "effective", 0, 400),
    ("authoritative_switched", "degraded", 0, 3),
    ("resolver_switched", "authoritative_switched", 0, 300),
    ("serving", "authoritative_switched", 5, 3_000),
    ("online", "serving", 0, 300),
    ("authoritative_back", "online", 0, 3),
)


def _take(draw: st.DrawFn, times: dict[str, float], steps: Steps) -> None:
    """Add the steps' instants."""
    for name, earlier, least, most in steps:
        times[name] = times[earlier] + draw(st.floats(least, most))


@st.composite
def worlds(draw: st.DrawFn, world_type: type[World] = World) -> World:
    """Return a drill that fails over and back, with every effect at its own instant."""
    times = {"fault_sent": draw(st.floats(12, 16))}
    _take(draw, times, AWAY)
    is_held = issubclass(world_type, HeldWorld)
    if is_held:  # before the machine comes back
        earliest = times["resolver_switched"] + STABILITY_SECONDS
        times["held_sent"] = draw(st.floats(earliest, times["restore_sent"] - 1))
    _take(draw, times, (*(HELD if is_held else NOT_HELD), *BACK))
    return world_type(**times, end=times["resolver_back"] + STABILITY_SECONDS + 6)


def _gaps(
    until: float, lengths: tuple[float, float], most: int
) -> st.SearchStrategy[tuple[tuple[float, float], ...]]:
    """Return stretches without samples that begin before `until`."""
    return st.lists(st.tuples(st.floats(0, until), st.floats(*lengths)), max_size=most).map(
        lambda pairs: tuple((start, start + length) for start, length in pairs)
    )


@st.composite
def samplers(draw: st.DrawFn, *, is_kind: bool = False) -> Sampler:
    """Return a way of looking: with loss and gaps, or (kind) with jitter and latency alone."""
    return Sampler(
        seed=draw(st.integers(0, 1_000_000)),
        jitter_seconds=draw(st.floats(0, 0.35)),
        latency_seconds=draw(st.floats(0.001, 0.1)),
        loss=0.0 if is_kind else draw(st.sampled_from([0.0, 0.02, 0.2])),
        gaps=() if is_kind else draw(_gaps(150, (3.5, 30), most=3)),
        writers=draw(writers),
    )


@st.composite
def outages(draw: st.DrawFn) -> World:
    """Return an endpoint failing and coming back, every effect at its own instant."""
    times = {"effective": draw(st.floats(1_000, 1_200))}
    _take(draw, times, OUTAGE)
    latest = max(times["authoritative_back"], times["resolver_switched"])
    times["resolver_back"] = latest + draw(st.floats(0, 300))
    return an_outage(**times, end=times["resolver_back"] + 1_500)


@st.composite
def looks(draw: st.DrawFn) -> Baseline:
    """Return a way of looking, perhaps with gaps."""
    return Baseline(
        seed=draw(st.integers(0, 1_000_000)),
        turn_seconds=draw(st.floats(0, 50)),
        jitter_seconds=draw(st.floats(0, 9)),
        latency_seconds=draw(st.floats(0.001, 0.5)),
        gaps=draw(_gaps(4_000, (61, 900), most=2)),
    )
