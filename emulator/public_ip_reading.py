"""ARM bodies to public IP addresses: defaults, and each fault as its own error.

Codes and texts marked recalled are the network provider's as users quote them; the others are ours.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

from emulator import arm_errors
from emulator.arm_errors import ArmError
from emulator.body import Body, Faults, Json
from emulator.cloud import Cloud, PublicIp
from emulator.regions import display_name

_LABEL = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]")
_FIRST_ADDRESS = IPv4Address("127.1.3.1")  # nothing listens there: no machine can be attached
_ADDRESSES_MAX = 250
_METHODS = {"static": True, "dynamic": False}
_SKUS = {"basic": True, "standard": False}


def read_public_ip(
    cloud: Cloud, group: str, name: str, before: PublicIp | None, json: Json
) -> PublicIp:
    """Return the address that a PUT describes, or raise ArmError."""
    faults = Faults()
    body = Body(json, faults)
    properties = body.section("properties")
    _refuse_what_is_not_emulated(properties)
    location = _location(body, before, group)
    is_basic = body.section("sku").one_of("name", _SKUS, before.is_basic if before else True)
    is_static = properties.one_of("publicIPAllocationMethod", _METHODS, not is_basic)
    if not is_static and not is_basic:
        faults.add("A public IP address with the Standard sku must be allocated statically.")
    tags = json.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
        faults.add("Tags must be an object of strings.")
        tags = {}
    written = PublicIp(
        name=before.name if before else name,
        resource_group=group,
        location=location,
        tags=tags,
        address=before.address if before else _free_address(cloud),
        spares=before.spares if before else (),
        label=_label(properties),
        is_static=is_static,
        is_allocated=is_static or (before is not None and before.is_allocated),
        is_basic=is_basic,
        idle_timeout_minutes=properties.integer("idleTimeoutInMinutes", 4, 30, default=4),
        is_updating=True,
        revision=before.revision + 1 if before else 0,
    )
    faults.raise_if_any()
    _refuse_taken_label(cloud, written)
    return written


def with_tags(before: PublicIp, json: Json) -> PublicIp:
    """Return the address with the tags of a PATCH, which can set nothing else."""
    tags = json.get("tags")
    if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
        raise arm_errors.bad_request("Tags must be an object of strings.")
    return replace(before, tags=tags, revision=before.revision + 1)


def _refuse_what_is_not_emulated(properties: Body) -> None:
    if (properties.text("publicIPAddressVersion") or "IPv4").lower() != "ipv4":
        raise arm_errors.not_emulated("A public IPv6 address")
    for name in ("publicIPPrefix", "natGateway", "linkedPublicIPAddress"):
        if properties.json.get(name) is not None:
            raise arm_errors.not_emulated(f"'{name}' of a public IP address")
    if properties.section("dnsSettings").json.get("domainNameLabelScope") is not None:
        raise arm_errors.not_emulated("domainNameLabelScope")


def _location(body: Body, before: PublicIp | None, group: str) -> str:
    given = body.text("location")
    if not given:
        raise ArmError(  # recalled
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )
    location = given.replace(" ", "").lower()
    if display_name(location) is None:
        raise ArmError(  # recalled, without the list of regions
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{given}' is not available for resource type "
            "'Microsoft.Network/publicIPAddresses'.",
        )
    if before is not None and location != before.location:
        raise ArmError(  # recalled
            409,
            "InvalidResourceLocation",
            f"The resource '{before.name}' already exists in location '{before.location}' in "
            f"resource group '{group}'. A resource with the same name cannot be created in "
            f"location '{location}'. Please select a new resource name.",
        )
    return location


def _label(properties: Body) -> str | None:
    label = properties.section("dnsSettings").text("domainNameLabel")
    if label is not None and not _LABEL.fullmatch(label.lower()):
        raise ArmError(  # recalled
            400,
            "InvalidDomainNameLabel",
            f"The domain name label {label} is invalid. It must conform to the following regular "
            "expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.",
        )
    return label.lower() if label is not None else None


def _refuse_taken_label(cloud: Cloud, written: PublicIp) -> None:
    others = {p.fqdn for p in cloud.public_ips if p.key != written.key}
    if written.fqdn is not None and written.fqdn in others:
        raise ArmError(  # recalled
            400,
            "DnsRecordInUse",
            f"DNS record {written.fqdn} is already used by another public IP.",
        )


def _free_address(cloud: Cloud) -> str:
    taken = {address for public_ip in cloud.public_ips for address in public_ip.addresses}
    free = next((address for address in _addresses() if address not in taken), None)
    if free is None:
        raise ArmError(
            400,
            "PublicIPCountLimitReached",
            f"Cannot create more than {_ADDRESSES_MAX} public IP addresses here.",
        )
    return free


def _addresses() -> Iterator[str]:
    return (str(_FIRST_ADDRESS + number) for number in range(_ADDRESSES_MAX))
