"""Bearer tokens: given out by the identity routes, looked at by ARM before anything else.

Their times are wall-clock ones, as every figure in a token: clients compare them with their own.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator import arm_errors

TENANT_ID = "00000000-0000-0000-0000-0000000000bb"
PRINCIPAL_ID = "00000000-0000-0000-0000-0000000000cc"
LIFETIME_SECONDS = 86_400
# ARM takes both, with or without the last slash.
_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the time of its end, in seconds since 1970."""

    text: str
    issued_at: int
    expires_at: int


class Tokens:
    """Gives tokens and knows its own again: they are signed with a key of this run."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(
        self,
        audience: str,
        client_id: str = PRINCIPAL_ID,
        *,
        lifetime_seconds: int = LIFETIME_SECONDS,
    ) -> Token:
        """Return a token for a resource."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "appid": client_id,
            "idtyp": "app",
            "oid": PRINCIPAL_ID,
            "sub": PRINCIPAL_ID,
            "tid": TENANT_ID,
            "jti": str(uuid.uuid4()),
        }
        head = {"typ": "JWT", "alg": "HS256"}  # Entra's are RS256; no client looks
        signed = f"{_encoded(head)}.{_encoded(claims)}"
        return Token(f"{signed}.{self._signature(signed)}", now, now + lifetime_seconds)

    def refusal(self, authorization: str | None) -> arm_errors.ArmError | None:
        """Return why ARM does not take this Authorization header, None when it does."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            return arm_errors.not_authenticated()
        claims = self._claims(text.strip())
        if claims is None:
            return arm_errors.invalid_token()
        if str(claims["aud"]).rstrip("/").lower() not in _AUDIENCES:
            return arm_errors.wrong_audience(str(claims["aud"]), _AUDIENCES)
        now = time.time()
        if int(str(claims["exp"])) <= now:
            return arm_errors.expired_token(_moment(int(str(claims["exp"]))), _moment(now))
        return None

    def _claims(self, text: str) -> dict[str, object] | None:
        """Return what one of our tokens says, None for anything else."""
        signed, _, signature = text.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        payload = signed.partition(".")[2]
        try:
            claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(_padded(payload)))
        except (ValueError, binascii.Error):  # pragma: no cover - our signature vouches for it
            return None
        return claims

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encoded(part: dict[str, object] | dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _moment(seconds: float) -> str:
    """Write a time as ARM's sentence about expired tokens does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%Y %H:%M:%S")
