"""How a host ends: at once for new work, with patience for running work, always with exit 0."""

import contextlib
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.localhost.host_process import (
    APPS,
    HostProcess,
    Reply,
    running_host,
    started_host,
    wait_for,
)
from tests.localhost.scaled_clock import ScaledClock, clockwork

EACH_SECOND = "* * * * * *"
STOP_SECONDS_MAX = 1.5
# A run that was starting while the signal came.
SIGNAL_SECONDS_MAX = 0.01


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_an_idle_host(tmp_path: Path, number: signal.Signals) -> None:
    """Soon, with exit 0, and with an idle connection open."""
    with running_host(tmp_path, APPS / "web") as host:
        host.get("/api/plain")
        sent_at = time.monotonic()
        host.process.send_signal(number)
        assert host.wait_exit() == 0
        assert time.monotonic() - sent_at < STOP_SECONDS_MAX
        assert "Traceback" not in host.log


def test_running_request_gets_its_answer(tmp_path: Path) -> None:
    """The signal does not cut it off."""
    settings = {"QUICK_SCHEDULE": EACH_SECOND}
    with (
        clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched,
        ThreadPoolExecutor() as pool,
    ):
        reply = pool.submit(watched.host.get, "/api/slow?seconds=0.5")
        watched.wait_runs("quick", len(watched.runs("quick")) + 2)
        watched.host.process.send_signal(signal.SIGTERM)
        assert watched.host.wait_exit() == 0
        assert (reply.result().status, reply.result().text) == (200, "done")


def test_no_timer_starts_after_the_signal(tmp_path: Path) -> None:
    """Not even while a request is still being answered."""
    settings = {"QUICK_SCHEDULE": EACH_SECOND, "SYNC_SCHEDULE": EACH_SECOND}
    with (
        clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched,
        ThreadPoolExecutor() as pool,
    ):
        pool.submit(watched.host.get, "/api/slow?seconds=0.5")
        watched.wait_runs("quick", len(watched.runs("quick")) + 3)
        sent_at = time.monotonic()
        watched.host.process.send_signal(signal.SIGTERM)
        assert watched.host.wait_exit() == 0
        assert time.monotonic() - sent_at > 0.2
    starts = [run.started_at for name in ("quick", "in_pool") for run in watched.runs(name)]
    assert max(starts) < sent_at + SIGNAL_SECONDS_MAX


def test_running_timer_ends_in_peace(tmp_path: Path) -> None:
    """Its run is over before the process is."""
    settings = {
        "QUICK_SCHEDULE": EACH_SECOND,
        "LONG_SCHEDULE": EACH_SECOND,
        "LONG_SECONDS": "0.5",
    }
    with clockwork(tmp_path, ScaledClock(speed=20), **settings) as watched:
        watched.wait_runs("quick", 2)
        assert watched.runs("long") == []
        watched.host.process.send_signal(signal.SIGTERM)
        assert watched.host.wait_exit() == 0
        assert len(watched.runs("long")) == 1


def test_grace_is_bounded(tmp_path: Path) -> None:
    """What outlasts it is abandoned, in a pool or blocking the event loop; the exit code is 0."""
    settings = {"LONG_SCHEDULE": EACH_SECOND, "LONG_SECONDS": "60"}
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        stuck: dict[Future[Reply], HostProcess] = {}
        for route in ("endless", "endless-default-pool", "endless-async"):
            (tmp_path / route).mkdir()
            app = clockwork(tmp_path / route, ScaledClock(10), "--grace", "0.3", **settings)
            host = stack.enter_context(app).host
            stuck[pool.submit(host.get, f"/api/{route}")] = host
        time.sleep(0.3)
        sent_at = time.monotonic()
        for host in stuck.values():
            host.process.send_signal(signal.SIGTERM)
        for reply, host in stuck.items():
            assert host.wait_exit() == 0
            assert 0.3 <= time.monotonic() - sent_at < 0.3 + STOP_SECONDS_MAX
            assert "abandoned" in host.log
            assert reply.exception() is not None or reply.result().status == 500


def test_idle_threads_of_the_app_end_as_they_would(tmp_path: Path) -> None:
    """A pool that the app never closes is no reason to wait, nor to warn."""
    with clockwork(tmp_path, ScaledClock(speed=1)) as watched:
        assert watched.host.get("/api/own-pool").text == "done"
        watched.host.process.send_signal(signal.SIGTERM)
        assert watched.host.wait_exit() == 0
        assert "abandoned" not in watched.host.log


def test_second_signal_changes_nothing(tmp_path: Path) -> None:
    """A terminal and a parent may both send one."""
    with (
        clockwork(tmp_path, ScaledClock(speed=20), QUICK_SCHEDULE=EACH_SECOND) as watched,
        ThreadPoolExecutor() as pool,
    ):
        reply = pool.submit(watched.host.get, "/api/slow?seconds=0.5")
        watched.wait_runs("quick", len(watched.runs("quick")) + 2)
        for number in (signal.SIGINT, signal.SIGTERM):
            watched.host.process.send_signal(number)
        assert watched.host.wait_exit() == 0
        assert reply.result().status == 200


def test_end_of_standard_input_ends_the_host(tmp_path: Path) -> None:
    """When asked for: nothing outlives who started it."""
    with running_host(tmp_path, APPS / "web", "--exit-with-stdin") as host:
        assert host.process.stdin is not None
        host.process.stdin.close()
        assert host.wait_exit() == 0


def test_signal_is_heard_while_the_app_is_imported(tmp_path: Path) -> None:
    """However long that takes."""
    settings = {"IMPORT_SECONDS": "60"}
    with started_host(tmp_path, APPS / "slow_import", settings=settings) as host:
        wait_for(lambda: "indexing app" in host.log)
        host.process.send_signal(signal.SIGTERM)
        assert host.wait_exit() == 0
        assert not host.ready_file.exists()
