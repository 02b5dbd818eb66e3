"""The set-up: what counts as done, whose certificates are trusted, what the locks may say."""

import importlib.util
import json
import os
import threading
from pathlib import Path

import pytest

from devtools import environment, installer, relock, setup
from devtools.processes import Failed
from devtools.stamps import Stamp, fingerprint

ROOT = Path(__file__).parents[2]
LOCKS = [*sorted(ROOT.glob("requirements*.txt")), ROOT / "devtools/azurite/package-lock.json"]


def made(tmp_path: Path) -> tuple[Stamp, Path, Path]:
    """A step that was done: its stamp, what it was made from, what it made."""
    source, result = tmp_path / "source.txt", tmp_path / "result"
    source.write_text("pin==1")
    result.mkdir()
    stamp = Stamp(tmp_path / "stamps" / "step", result)
    stamp.set(fingerprint([source]))
    return stamp, source, result


def test_step_is_done_once(tmp_path: Path) -> None:
    """Done from the same content: nothing is to be done."""
    stamp, source, _ = made(tmp_path)
    source.touch()
    assert stamp.holds(fingerprint([source]))


def test_changed_content_is_done_again(tmp_path: Path) -> None:
    """The stamp holds for one content only."""
    stamp, source, _ = made(tmp_path)
    source.write_text("pin==2")
    assert not stamp.holds(fingerprint([source]))


def test_lost_result_is_made_again(tmp_path: Path) -> None:
    """A stamp without what it stands for is worth nothing."""
    stamp, source, result = made(tmp_path)
    result.rmdir()
    assert not stamp.holds(fingerprint([source]))


def test_step_cut_short_is_done_again(tmp_path: Path) -> None:
    """The stamp goes before the step begins and comes back when it has ended."""
    stamp, source, _ = made(tmp_path)
    stamp.clear()
    stamp.clear()
    assert not stamp.holds(fingerprint([source]))


def test_fingerprint_tells_absent_from_empty(tmp_path: Path) -> None:
    """A file that is not there is not a file without content."""
    absent, empty = tmp_path / "a", tmp_path / "b" / "a"
    empty.parent.mkdir()
    empty.touch()
    assert fingerprint([absent]) != fingerprint([empty])


def test_two_runs_take_turns(tmp_path: Path) -> None:
    """While one run sets a checkout up, another waits."""
    order: list[str] = []

    def second() -> None:
        with setup.alone(tmp_path / "lock"):
            order.append("second")

    with setup.alone(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_caches_stay_in_the_checkout() -> None:
    """uv, pip and npm keep their caches under .local, whatever the user's settings."""
    env = environment.for_registries({"PIP_CACHE_DIR": "/elsewhere", "UV_CACHE_DIR": "/elsewhere"})
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "npm_config_cache"):
        assert Path(env[name]).is_relative_to(ROOT / ".local" / "cache")


def test_system_certificates_are_trusted() -> None:
    """Behind a company's proxy its authority, which the system knows, is trusted."""
    env = environment.for_registries({})
    assert env["UV_SYSTEM_CERTS"] == env["NODE_USE_SYSTEM_CA"] == "1"


def test_chosen_certificates_are_left_alone() -> None:
    """What the user has set is never overridden."""
    chosen = {"NODE_USE_SYSTEM_CA": "0", "NODE_EXTRA_CA_CERTS": "/mine", "SSL_CERT_FILE": "/mine"}
    env = environment.for_registries(chosen)
    assert chosen.items() <= env.items()
    assert "UV_SYSTEM_CERTS" not in env


@pytest.mark.parametrize(
    ("given", "config", "needed"),
    [
        ({}, "", True),
        ({}, "global.index-url='x'", True),
        ({}, "global.cert='/mine'", False),
        ({"PIP_CERT": "/mine"}, "", False),
        ({"REQUESTS_CA_BUNDLE": "/mine"}, "", False),
    ],
)
def test_pip_is_told_of_certificates_only_once(
    given: dict[str, str], config: str, needed: bool
) -> None:
    """Older pips trust only the authorities they bring; told by the user, they are left alone."""
    assert environment.needs_certificates(given, config) == needed


def test_loopback_is_never_proxied() -> None:
    """The stack's own addresses are reached directly, the user's exceptions stay."""
    env = environment.common({"NO_PROXY": "intranet", "HTTP_PROXY": "http://proxy:3128"})
    assert env["NO_PROXY"] == "intranet,127.0.0.0/8,127.0.0.1,localhost"
    assert env["no_proxy"] == "127.0.0.0/8,127.0.0.1,localhost"


def test_foreign_python_paths_are_dropped() -> None:
    """Another project's PYTHONPATH or virtual environment does not reach ours."""
    env = environment.common({"PYTHONPATH": "/other", "VIRTUAL_ENV": "/other", "LANG": "C"})
    assert "PYTHONPATH" not in env
    assert "VIRTUAL_ENV" not in env
    assert env["LANG"] == "C"


@pytest.mark.parametrize(("has", "source"), [({"ensurepip", "pip"}, "ensurepip"), ({"pip"}, "pip")])
def test_pip_is_found(has: set[str], source: str) -> None:
    """Bundled with Python, or installed beside it, as Debian has it."""
    assert installer.pip_source(lambda name: name if name in has else None) == source


def test_python_without_pip_is_one_clear_sentence() -> None:
    """Debian's bare python3: what to install is said."""
    with pytest.raises(Failed, match="apt install python3-venv"):
        installer.pip_source(lambda _: None)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_locks_name_no_address(lock: Path) -> None:
    """Which registry serves a package is the user's business."""
    content = lock.read_text()
    assert "://" not in content
    assert "resolved" not in content
    assert "index-url" not in content


@pytest.mark.parametrize(
    "lock", [lock for lock in LOCKS if lock.suffix == ".txt"], ids=lambda lock: str(lock.name)
)
def test_requirements_are_pinned_by_hash(lock: Path) -> None:
    """Every requirement has one version and at least one hash."""
    text = lock.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    assert all("==" in line and "--hash=sha256:" in line for line in lines)


def test_azurite_is_pinned_by_hash() -> None:
    """Every package of the lock has a version and a digest."""
    lock = json.loads((ROOT / "devtools/azurite/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/azurite"]["version"] == "3.37.0"
    assert all(package.get("integrity", "").startswith("sha512-") for package in packages.values())


def test_relock_drops_addresses() -> None:
    """What npm writes of homes and sponsors does not reach the lock."""
    written = {"packages": {"a": {"version": "1", "funding": {"url": "x"}, "resolved": "x"}}}
    assert relock.without_addresses(written) == {"packages": {"a": {"version": "1"}}}


def test_system_node_is_taken_when_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node 22 and newer runs Azurite; an older one, or one without npm, is passed over."""
    for name in ("node", "npm"):
        (tmp_path / name).write_text('#!/bin/sh\necho "v$NODE_VERSION"\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.setenv("NODE_VERSION", "22.1.0")
    assert setup.system_node() == {
        "node": str(tmp_path / "node"),
        "npm": [str(tmp_path / "npm")],
    }
    monkeypatch.setenv("NODE_VERSION", "20.20.2")
    assert setup.system_node() is None


def test_the_setup_compiles_what_it_installs() -> None:
    """Python may be forbidden to write bytecode; Azure's largest SDK is compiled nevertheless."""
    found = importlib.util.find_spec("azure.mgmt.compute.models._models")
    assert found is not None
    assert found.cached is not None
    assert Path(found.cached).is_file()
