"""What a resolver's cache says of profiles, in the words of the truth log."""

from emulator.cloud import TRAFFIC_MANAGER_ZONE, Cloud, Endpoint
from emulator.nested import LEVELS_MAX
from emulator.resolver import Known, name_from_wire
from emulator.truth import Event, Kind, Truth
from emulator.wire import Record, Type, address_record


class ResolverTruth:
    """Records when what a resolver answers for a profile's name changes."""

    def __init__(self, resolver: str, cloud: Cloud, truth: Truth) -> None:
        self._resolver, self._cloud, self._truth = resolver, cloud, truth
        self._told: dict[str, str] = {}

    def learned(self, name: str, known: Known) -> None:
        """Take in what a resolver has just put into its cache."""
        if not name.endswith("." + TRAFFIC_MANAGER_ZONE):
            return
        value = self._endpoint_named(name, known)
        if value is None or self._told.get(name) == value:
            return
        self._told[name] = value
        profile = next((p for p in self._cloud.profiles if p.fqdn.lower() == name), None)
        which = profile.name if profile and len(self._cloud.profiles) > 1 else None
        at = known.learned_at
        self._truth.record(Event(at, Kind.RESOLVER_ANSWER, self._resolver, value, which))

    def _endpoint_named(self, name: str, known: Known) -> str | None:
        """Return the endpoint that an answer names, "none" for no name, None for no news."""
        if known.rcode:
            return "none"
        profile = next((p for p in self._cloud.profiles if p.fqdn.lower() == name), None)
        if profile is None or not known.records:
            return None  # NODATA (an AAAA question, say) tells nothing of where A leads
        record = known.records[0]
        return next((e.name for e in profile.endpoints if self._leads_to(e, record)), None)

    def _leads_to(self, endpoint: Endpoint, record: Record, levels: int = LEVELS_MAX) -> bool:
        """Whether a record is an endpoint's; a nested one's are all those of its child."""
        child = self._cloud.child_of(endpoint)
        if child is not None and levels > 0:
            return any(self._leads_to(e, record, levels - 1) for e in child.endpoints)
        if record.type == Type.CNAME:
            return name_from_wire(record.data) == endpoint.target.lower()
        return _is_address(endpoint.target, record.data)


def _is_address(target: str, packed: bytes) -> bool:
    try:
        return address_record(target, 0).data == packed
    except ValueError:
        return False
