"""Ends the process some time after it was told to stop, whatever still runs in it."""

import logging
import os
import sys
import threading
import time

# After the grace: for the loop to close and the interpreter to end the threads of idle pools.
END_SECONDS = 0.5

log = logging.getLogger(__name__)


class Watchdog:
    """A thread that waits to be armed; armed from a signal handler, it needs no event loop."""

    def __init__(self, grace_seconds: float) -> None:
        self._seconds = grace_seconds + END_SECONDS
        self._armed = threading.Event()
        self._exit_code = 0
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def arm(self, exit_code: int) -> None:
        """Let the process live for the grace, and end it with `exit_code` if it has not by then."""
        self._exit_code = exit_code
        self._armed.set()

    def _watch(self) -> None:
        self._armed.wait()
        time.sleep(self._seconds)
        busy = [thread.name for thread in threading.enumerate() if not thread.daemon]
        log.warning("process abandoned after_seconds=%g threads=%s", self._seconds, ",".join(busy))
        sys.stdout.flush()
        os._exit(self._exit_code)
