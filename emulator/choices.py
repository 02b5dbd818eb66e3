"""The topology's switches as the data plane's parts take them; pure."""

from emulator.prober import Cadence, Habits, Phases
from emulator.rules import EmptyProfile, NestedTtl, OtherTypes, Rules
from emulator.topology import SwitchesPart


def rules_of(switches: SwitchesPart) -> Rules:
    """Return what was chosen where no source tells how statuses and answers come about."""
    return Rules(
        probers=switches.probers,
        quorum=switches.prober_quorum,
        unmonitored_counts_as_online=switches.unmonitored_counts_as_online,
        nested_ttl=NestedTtl(switches.nested_ttl),
        other_types=OtherTypes(switches.other_query_types),
        empty_profile=EmptyProfile(switches.empty_profile),
    )


def habits_of(switches: SwitchesPart, seed: int) -> Habits:
    """Return what was chosen where no source tells how probes are sent."""
    return Habits(
        seed=seed,
        probers=switches.probers,
        cadence=Cadence(switches.probe_cadence),
        phases=Phases(switches.prober_phases),
        method=switches.probe_method,
        has_server_name=switches.probe_server_name,
    )
