"""`python3 -m devtools.relock`: pins the requirements anew: the newest that fit.

Needs the set-up done, and uv. What it writes names no address: which registry serves the packages
is the user's business, and the hashes say what they must be.
"""

import json
import sys
from pathlib import Path
from typing import Any

from devtools.console import say
from devtools.installer import Installer
from devtools.processes import Children, Failed, interrupt_on_signals
from devtools.setup import npm

REQUIREMENTS = ("requirements", "requirements-dev", "requirements-node", "requirements-uv")
AZURITE = Path(__file__).with_name("azurite")
# One resolution for every platform and every Python from 3.11 on.
COMPILE = ("pip", "compile", "--upgrade", "--universal", "--python-version", "3.11")
QUIETLY = ("--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet")
ADDRESSED = ("funding", "license", "resolved")  # members that may hold an address


def main() -> int:
    """Pin everything; 0, or 1 when a tool failed."""
    interrupt_on_signals()
    try:
        with Children() as children:
            installer = Installer(children)
            for name in REQUIREMENTS:
                say(f"relock: {name}.txt")
                files = [f"{name}.in", "--output-file", f"{name}.txt"]
                installer.run(name, [str(installer.uv), *COMPILE, *QUIETLY, *files])
            say("relock: azurite/package-lock.json")
            _relock_azurite(installer)
    except Failed as failure:
        say(str(failure))
        return 1
    return 0


def _relock_azurite(installer: Installer) -> None:
    lock = AZURITE / "package-lock.json"
    lock.unlink(missing_ok=True)
    installer.run("azurite-lock", [*npm(), "install", "--package-lock-only"], AZURITE)
    lock.write_text(json.dumps(without_addresses(json.loads(lock.read_text())), indent=2) + "\n")


def without_addresses(lock: dict[str, Any]) -> dict[str, Any]:
    """The lock without the members that may name an address; npm needs none of them."""
    packages = {
        name: {member: value for member, value in package.items() if member not in ADDRESSED}
        for name, package in lock["packages"].items()
    }
    return lock | {"packages": packages}


if __name__ == "__main__":
    sys.exit(main())
