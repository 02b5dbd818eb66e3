"""What an identity may do, by what ARM tells of its roles, and what a drill needs of it. Pure.

ARM adds a role's actions up and takes its notActions off; `*` stands for any text. What one role
takes off, another may give all the same.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.core.model import Snapshot
from shared.core.plan import VM_FAULTS, Failback, FaultKind, Plan

Json = dict[str, Any]

MACHINES = "Microsoft.Compute/virtualMachines"
PROFILES = "Microsoft.Network/trafficManagerProfiles"
STOPS = {FaultKind.VM_POWER_OFF: "powerOff", FaultKind.VM_DEALLOCATE: "deallocate"}


class Grant(NamedTuple):
    """What one role allows."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """The role allows the action."""
        is_listed = any(_matches(pattern, action) for pattern in self.actions)
        return is_listed and not any(_matches(pattern, action) for pattern in self.not_actions)


def grants_of(told: Iterable[Json]) -> tuple[Grant, ...]:
    """Return what ARM's list of permissions says."""
    return tuple(
        Grant(tuple(each.get("actions") or ()), tuple(each.get("notActions") or ()))
        for each in told
    )


def missing(needed: Iterable[str], grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return the actions that no role allows."""
    roles = tuple(grants)
    return tuple(each for each in needed if not any(role.allows(each) for role in roles))


def needed(plan: Plan, snapshot: Snapshot, endpoint: str) -> Mapping[str, tuple[str, ...]]:
    """Return the actions that a drill needs, by scope."""
    needs: dict[str, tuple[str, ...]] = {}
    if plan.fault in VM_FAULTS:
        verbs = ("read", f"{STOPS[plan.fault]}/action", "start/action")
        actions = tuple(f"{MACHINES}/{verb}" for verb in verbs)
        needs |= {target.id: actions for target in snapshot.targets}
    if plan.fault not in VM_FAULTS or plan.failback is Failback.HOLD:
        kind = f"{PROFILES}/{snapshot.endpoint(endpoint).type}"
        needs[snapshot.profile_id] = (f"{PROFILES}/read", f"{kind}/read", f"{kind}/write")
    return needs


def _matches(pattern: str, action: str) -> bool:
    spelt = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(spelt, action, re.IGNORECASE) is not None
