"""The fault `probePath`: a custom header makes only this endpoint's probes fail.

The application serves on. An endpoint's own headers replace the profile's, so the profile's are
sent along; undone, the endpoint has exactly the headers that it had.
"""

import json
from typing import Any

from shared.adapters.arm import Answer
from shared.adapters.faults._setting import SettingFault
from shared.core.errors import SwitchbackError
from shared.core.model import Broken
from shared.core.plan import ProbePath
from shared.core.resource_ids import parse
from shared.core.samples import Attempt, Instant
from shared.core.undo import Seen

Json = dict[str, Any]
Headers = list[dict[str, str]]


class ProbePathHeader(SettingFault):
    """Adds a custom header to an endpoint, and restores the ones that it had."""

    operation = "addHeader"
    undo_operation = "restoreHeaders"

    def inject(self, broken: Broken, not_after: Instant) -> Answer:
        """Ask for the header beside those that probes carry now, once and in time."""
        profile_id = parse(broken.resource).parent
        try:
            profile = self._arm.profile(profile_id)
            endpoint = self._arm.endpoint(broken.resource)
        except SwitchbackError as error:
            return Answer(Attempt.FAILED, f"Never sent: {error}")
        if profile is None or endpoint is None:
            return Answer(Attempt.FAILED, f"Never sent: ARM has no {broken.resource}.")
        present = _headers(endpoint["properties"])
        present = present or _headers(profile["properties"].get("monitorConfig") or {})
        wanted = {"customHeaders": _with(present, _added(broken))}
        return self._arm.patch_endpoint(broken.resource, wanted, not_after)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Answer:
        """Ask for the endpoint's headers as they were, in time; an empty list takes all away."""
        wanted = {"customHeaders": json.loads(state_before)}
        return self._arm.patch_endpoint(broken.resource, wanted, not_after)

    def _read(self, properties: Json, broken: Broken) -> Seen:
        headers = _headers(properties)
        added = _added(broken)
        is_in_place = any(_is(each, added) and each["value"] == added.value for each in headers)
        return Seen(state=json.dumps(headers, sort_keys=True), fault_in_place=is_in_place)


def _added(broken: Broken) -> ProbePath:
    if broken.probe_path is None:
        raise ValueError(f"No header is known for {broken.resource}.")
    return broken.probe_path


def _headers(properties: Json) -> Headers:
    found = properties.get("customHeaders") or []
    return [{"name": str(each["name"]), "value": str(each["value"])} for each in found]


def _is(header: dict[str, str], added: ProbePath) -> bool:
    return header["name"].lower() == added.header.lower()


def _with(present: Headers, added: ProbePath) -> Headers:
    kept = [each for each in present if not _is(each, added)]
    return [*kept, {"name": added.header, "value": added.value}]
