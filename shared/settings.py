"""Every setting, read once from a mapping; all that is wrong with them is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from shared.core.errors import Fault, InvalidInput, wrong

AZURE_ARM = "https://management.azure.com"
CREDENTIALS = ("managed-identity", "azure-cli")
NOT_FOR_UNDOING = (
    "DRILL_RESOURCE_GROUPS",
    "DNS_AUTHORITATIVE",
    "DNS_RESOLVERS",
    "CLIENT_RESOLVER",
    "DNS_CLIENT_SUBNETS",
    "PRIVATE_TARGETS_ALLOWED",
    "BASELINE_INTERVAL_SECONDS",
    "RETENTION_DAYS",
)
WHOLE_NUMBERS = {"BASELINE_INTERVAL_SECONDS": (60, 10, 3_600), "RETENTION_DAYS": (90, 1, 3_650)}
"""Default, least and most; 0 switches either off."""
DIGITS_MAX = 6
PORT_MAX = 65_535
CLIENT_SUBNETS_MAX = 4
"""Every server is asked once more for each of them, every second of a drill."""
REQUIRED = ("AZURE_SUBSCRIPTION_ID", "DRILL_RESOURCE_GROUPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The app's settings; addresses are `address:port`."""

    subscription_id: str
    arm_endpoint: str
    credential: str
    client_id: str
    tables_connection: str
    tables_endpoint: str
    authoritative: tuple[str, ...]
    resolvers: tuple[str, ...]
    client_resolver: str
    client_subnets: tuple[str, ...]
    private_targets: tuple[str, ...]
    drill_resource_groups: tuple[str, ...]
    region: str
    baseline_interval_seconds: int
    retention_days: int
    clock: str
    connect_to: str

    @property
    def is_emulated(self) -> bool:
        """ARM is on this machine: an emulated Azure, where development settings are allowed."""
        return is_loopback(urlsplit(self.arm_endpoint).hostname or "")

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Settings":
        """Return the settings, or raise InvalidInput naming everything that is wrong."""
        faults = _faults(values)
        if faults:
            told = " ".join(fault.message for fault in faults)
            raise InvalidInput(f"The settings are incomplete or wrong. {told}", tuple(faults))
        return cls._of(values)

    @classmethod
    def for_undoing(cls, values: Mapping[str, str], wrong: InvalidInput) -> "Settings":
        """Return what the watchdog needs of settings that are wrong, or raise `wrong` again.

        A setting that only drills need must not keep a machine stopped.
        """
        names = {fault.target for fault in wrong.faults}
        if not names <= set(NOT_FOR_UNDOING):
            raise wrong
        return cls._of({name: value for name, value in values.items() if name not in names})

    @classmethod
    def _of(cls, values: Mapping[str, str]) -> "Settings":
        return cls(
            subscription_id=values.get("AZURE_SUBSCRIPTION_ID", ""),
            arm_endpoint=_arm(values),
            credential=values.get("CREDENTIAL") or CREDENTIALS[0],
            client_id=values.get("AZURE_CLIENT_ID", ""),
            tables_connection=values.get("TABLES_CONNECTION", ""),
            tables_endpoint=values.get("TABLES_ENDPOINT", ""),
            authoritative=_listed(values, "DNS_AUTHORITATIVE"),
            resolvers=_listed(values, "DNS_RESOLVERS"),
            client_resolver=values.get("CLIENT_RESOLVER", ""),
            client_subnets=_listed(values, "DNS_CLIENT_SUBNETS"),
            private_targets=_listed(values, "PRIVATE_TARGETS_ALLOWED"),
            drill_resource_groups=_listed(values, "DRILL_RESOURCE_GROUPS"),
            region=values.get("REGION_NAME", ""),
            baseline_interval_seconds=_number(values, "BASELINE_INTERVAL_SECONDS"),
            retention_days=_number(values, "RETENTION_DAYS"),
            clock=values.get("CLOCK", ""),
            connect_to=values.get("CONNECT_TO", ""),
        )


def is_loopback(host: str) -> bool:
    """The host is this machine, by address or by the name `localhost`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in values.get(name, "").split(",") if part.strip())


def _arm(values: Mapping[str, str]) -> str:
    return (values.get("ARM_ENDPOINT") or AZURE_ARM).rstrip("/")


def _faults(values: Mapping[str, str]) -> list[Fault]:
    faults = [_missing(name) for name in REQUIRED if not values.get(name)]
    if not (values.get("TABLES_CONNECTION") or values.get("TABLES_ENDPOINT")):
        faults.append(_missing("TABLES_CONNECTION (or TABLES_ENDPOINT)"))
    credential = values.get("CREDENTIAL") or CREDENTIALS[0]
    if credential not in CREDENTIALS:
        faults.append(_wrong("CREDENTIAL", credential, f"one of {', '.join(CREDENTIALS)}"))
    faults += _endpoint_faults(values)
    for name in ("DNS_AUTHORITATIVE", "DNS_RESOLVERS", "CLIENT_RESOLVER"):
        bad = [one for one in _listed(values, name) if not is_address_and_port(one)]
        faults += [_wrong(name, one, "address:port, such as 8.8.8.8:53") for one in bad]
    faults += _subnet_faults(_listed(values, "DNS_CLIENT_SUBNETS"))
    faults += _range_faults(_listed(values, "PRIVATE_TARGETS_ALLOWED"))
    return [*faults, *_number_faults(values)]


def _number(values: Mapping[str, str], name: str) -> int:
    return int(values.get(name) or WHOLE_NUMBERS[name][0])


def _number_faults(values: Mapping[str, str]) -> list[Fault]:
    faults = []
    for name, (_, least, most) in WHOLE_NUMBERS.items():
        text = values.get(name, "")
        is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
        if text and not (is_number and (int(text) == 0 or least <= int(text) <= most)):
            faults.append(_wrong(name, text, f"a whole number from {least} to {most}, or 0 (off)"))
    return faults


def _subnet_faults(subnets: tuple[str, ...]) -> list[Fault]:
    name, right = "DNS_CLIENT_SUBNETS", "a subnet such as 203.0.113.0/24 or 2001:db8::/48"
    faults = [_wrong(name, one, right) for one in subnets if not is_subnet(one)]
    if len(subnets) > CLIENT_SUBNETS_MAX:
        faults.append(_wrong(name, ",".join(subnets), f"at most {CLIENT_SUBNETS_MAX} subnets"))
    if len(set(subnets)) < len(subnets):
        faults.append(_wrong(name, ",".join(subnets), "each subnet once"))
    return faults


def _range_faults(ranges: tuple[str, ...]) -> list[Fault]:
    name, right = "PRIVATE_TARGETS_ALLOWED", "a range of addresses such as 10.1.0.0/16"
    return [_wrong(name, one, right) for one in ranges if not is_subnet(one)]


def _endpoint_faults(values: Mapping[str, str]) -> list[Fault]:
    arm = urlsplit(_arm(values))
    local = is_loopback(arm.hostname or "")
    faults = []
    if arm.scheme != "https" and not (arm.scheme == "http" and local):
        right = "an https address (plain http is for an emulator on this machine only)"
        faults.append(_wrong("ARM_ENDPOINT", _arm(values), right))
    for name in ("CLOCK", "CONNECT_TO"):
        if values.get(name) and not local:
            right = "unset: it is for an emulator on this machine only (ARM_ENDPOINT is not)"
            faults.append(_wrong(name, values[name], right))
    return faults


def is_address(text: str) -> bool:
    """The text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_subnet(text: str) -> bool:
    """The text is a network with its prefix, as everybody writes it: it names a series."""
    try:
        return str(ip_network(text)) == text
    except ValueError:
        return False


def is_address_and_port(text: str) -> bool:
    """The text is an IP address, a colon and a port."""
    host, _, port = text.rpartition(":")
    if not is_address(host.strip("[]")):
        return False
    return port.isascii() and port.isdigit() and 0 < int(port) <= PORT_MAX


def _missing(name: str) -> Fault:
    return Fault("MissingSetting", name, f"{name} is not set.")


def _wrong(name: str, value: str, right: str) -> Fault:
    return wrong(name, value, right, "InvalidSetting")
