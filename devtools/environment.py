"""The environments of what `./dev` starts: caches, certificates and proxies."""

import os
from collections.abc import Mapping
from pathlib import Path

from devtools.paths import LOCAL

# Where distributions keep the certificate authorities that an administrator has added to.
CERTIFICATE_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
_LOOPBACK = ("127.0.0.0/8", "127.0.0.1", "localhost")
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX")


def common(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's environment without what would bend our Python, and with loopback unproxied."""
    env = {name: value for name, value in given.items() if name not in _FOREIGN}
    for name in ("NO_PROXY", "no_proxy"):
        present = [part for part in env.get(name, "").split(",") if part]
        env[name] = ",".join([*present, *(part for part in _LOOPBACK if part not in present)])
    return env


def for_registries(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of uv, pip and npm: caches here; certificates the system's unless chosen."""
    env = common(given)
    cache = LOCAL / "cache"
    env |= {
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_LINK_MODE": env.get("UV_LINK_MODE", "hardlink"),
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "npm_config_cache": str(cache / "npm"),
        "npm_config_update_notifier": "false",
    }
    chosen = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & env.keys()
    for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):  # the second is the first's older name
        if not chosen:
            env.setdefault(name, "1")
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    bundle = certificate_bundle()
    if bundle is not None:
        env.setdefault("NODE_EXTRA_CA_CERTS", bundle)  # for a Node without the line above
    return env


def certificate_bundle() -> str | None:
    """The system's file of certificate authorities, if it keeps them in one."""
    return next((path for path in CERTIFICATE_BUNDLES if Path(path).is_file()), None)


def needs_certificates(env: Mapping[str, str], pip_config: str) -> bool:
    """Nobody has told pip which authorities to trust (older pips trust only those they bring)."""
    named = {"PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & env.keys()
    return not named and "cert=" not in pip_config
