"""What a request demands of the version that it reads or writes over (RFC 9110, section 13)."""

from dataclasses import dataclass

from shared.core.errors import PreconditionFailed


@dataclass(frozen=True, slots=True)
class Condition:
    """The versions that If-Match and If-None-Match name; None demands nothing, `*` is any."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def check(self, version: str | None) -> None:
        """Raise PreconditionFailed unless the current version (None: there is none) will do."""
        if self.if_match is not None and not _names(self.if_match, version):
            raise PreconditionFailed("If-Match names another version than the current one.")
        if self.if_none_match is not None and _names(self.if_none_match, version):
            raise PreconditionFailed("If-None-Match names the current version.")

    def is_known(self, version: str) -> bool:
        """The reader has this very version already."""
        return self.if_none_match is not None and _names(self.if_none_match, version)


def _names(versions: frozenset[str], version: str | None) -> bool:
    return version is not None and ("*" in versions or version in versions)
