"""Worlds and ways of looking at them, as properties are tested with."""

from hypothesis import strategies as st

from tests.support.fault_worlds import HeldWorld
from tests.support.worlds import Sampler, World

STABILITY_SECONDS = 10


@st.composite
def worlds(draw: st.DrawFn, world_type: type[World] = World) -> World:
    """Return a drill that fails over and back, with every effect at its own instant."""

    def later(earlier: float, least: float, most: float) -> float:
        return earlier + draw(st.floats(least, most))

    sent = draw(st.floats(12, 16))
    accepted = later(sent, 0.001, 0.3)
    effective = later(accepted, 0, 14)
    degraded = later(effective, 0, 30)
    switched = later(degraded, 0, 3)
    resolved = later(switched, 0, 25)
    restore = later(resolved, STABILITY_SECONDS + 4, 30)
    restored = later(restore, 0.001, 0.3)
    running = later(restored, 0.1, 25)
    serving = later(running, 0, 12)
    held: dict[str, float] = {}
    released = serving
    if issubclass(world_type, HeldWorld):
        held = _hold(draw, resolved, restore, serving)
        released = held["release_accepted"]
    online = later(released, 0, 15)
    back = later(online, 0, 3)
    returned = later(back, 0, 25)
    return world_type(
        fault_sent=sent,
        fault_accepted=accepted,
        fault_answered=later(accepted, 0.001, 0.3),
        effective=effective,
        degraded=degraded,
        authoritative_switched=switched,
        resolver_switched=resolved,
        restore_sent=restore,
        restore_accepted=restored,
        restore_answered=later(restored, 0.001, 0.3),
        running=running,
        serving=serving,
        online=online,
        authoritative_back=back,
        resolver_back=returned,
        end=returned + STABILITY_SECONDS + 6,
        **held,
    )


def _hold(draw: st.DrawFn, resolved: float, restore: float, serving: float) -> dict[str, float]:
    """Return when an endpoint was disabled, before its machine came back, and when enabled."""
    sent = draw(st.floats(resolved + STABILITY_SECONDS, restore - 1))
    released = draw(st.floats(serving, serving + 20))
    return {
        "held_sent": sent,
        "held_accepted": sent + draw(st.floats(0.001, 0.3)),
        "held_answered": sent + draw(st.floats(0.301, 0.6)),
        "release_sent": released,
        "release_accepted": released + draw(st.floats(0.001, 0.3)),
        "release_answered": released + draw(st.floats(0.301, 0.6)),
    }


gaps = st.lists(st.tuples(st.floats(0, 150), st.floats(3.5, 30)), max_size=3).map(
    lambda pairs: tuple((start, start + length) for start, length in pairs)
)
writers = st.sampled_from([("one",), ("one", "two")])


@st.composite
def samplers(draw: st.DrawFn, *, is_kind: bool = False) -> Sampler:
    """Return a way of looking: with loss and gaps, or (kind) with jitter and latency alone."""
    return Sampler(
        seed=draw(st.integers(0, 1_000_000)),
        jitter_seconds=draw(st.floats(0, 0.35)),
        latency_seconds=draw(st.floats(0.001, 0.1)),
        loss=0.0 if is_kind else draw(st.sampled_from([0.0, 0.02, 0.2])),
        gaps=() if is_kind else draw(gaps),
        writers=draw(writers),
    )
