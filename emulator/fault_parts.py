"""Faults on demand as a request describes them: what goes wrong, where, when and how often."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}.") from error
    return text


Pattern = Annotated[str, Field(max_length=500), AfterValidator(_is_pattern)]


class _Fault(BaseModel):
    """What every fault has; absent matches mean any, `count` None means every time.

    Of the requests that match, the first `skip` are spared. Chance has a part only where
    `probability` says so, and then by dice that the seed decides. The window is virtual: it begins
    `after_seconds` after the fault is put.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    skip: Count = 0
    count: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    after_seconds: Seconds = 0.0
    for_seconds: Seconds | None = None


class ArmFault(_Fault):
    """Something that happens to requests to ARM; `path` is searched for, in any case."""

    on: Literal["arm"]
    effect: Literal["throttled", "error", "latency", "reset", "answerLost", "stale"]
    method: str | None = None
    path: Pattern = ""
    status: Annotated[int, Field(ge=400, le=599)] = 500
    retry_after_seconds: Annotated[int, Field(ge=0, le=86_400)] = 10
    delay_seconds: Seconds = 0.0
    age_seconds: Seconds = 30.0

    def matches(self, method: str, path: str) -> bool:
        """Whether the fault is about such a request; only reading can be stale."""
        if self.effect == "stale" and method != "GET":
            return False
        is_method = self.method is None or self.method.upper() == method
        return is_method and re.search(self.path, path, re.IGNORECASE) is not None


class PowerFault(_Fault):
    """Something that happens to power operations of a VM."""

    on: Literal["power"]
    effect: Literal["fails", "hangs", "unchanged", "guestDown"]
    operation: Literal["powerOff", "deallocate", "start", "restart"] | None = None
    machine: str | None = None
    lasts_seconds: Seconds | None = None
    code: str = "InternalExecutionError"
    message: str = "An internal execution error occurred. Please retry later."

    def matches(self, operation: str, machine: str) -> bool:
        """Whether the fault is about such an operation."""
        is_operation = self.operation in (None, operation)
        return is_operation and (self.machine or machine).lower() == machine.lower()


class DnsFault(_Fault):
    """Something that happens to a name server's or resolver's answers."""

    on: Literal["dns"]
    effect: Literal["loss", "delay", "servfail", "truncated", "garbage"]
    server: str | None = None
    delay_seconds: Seconds = 1.0

    def matches(self, server: str) -> bool:
        """Whether the fault is about this server, told by its address, with or without port."""
        return self.server is None or self.server in (server, server.rpartition(":")[0])


class EndpointFault(_Fault):
    """Something that happens to what a VM's web server answers."""

    on: Literal["endpoint"]
    effect: Literal["slow", "status", "wrongContent"]
    machine: str | None = None
    path: Pattern = ""
    delay_seconds: Seconds = 5.0
    status: Annotated[int, Field(ge=100, le=599)] = 503
    body: Annotated[str, Field(max_length=10_000)] = "It works!\n"

    def matches(self, machine: str, path: str) -> bool:
        """Whether the fault is about this request to this VM."""
        is_machine = (self.machine or machine).lower() == machine.lower()
        return is_machine and re.search(self.path, path, re.IGNORECASE) is not None


Fault = Annotated[ArmFault | PowerFault | DnsFault | EndpointFault, Field(discriminator="on")]


class FaultsPart(BaseModel):
    """All faults that are to be in force from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    faults: Annotated[list[Fault], Field(max_length=100)]

    @model_validator(mode="after")
    def _names_differ(self) -> "FaultsPart":
        names = [fault.name for fault in self.faults]
        if len(set(names)) < len(names):
            raise ValueError("Every fault needs a name of its own.")
        return self
