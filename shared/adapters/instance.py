"""Which of the app's processes this is."""

import os
import socket


def this_process() -> str:
    """Return the name of the host instance that we run on, and of the process there."""
    # The platform gives every instance a name: on most plans the first, on Flex Consumption the
    # second. A laptop has its own.
    names = (os.environ.get(n) for n in ("WEBSITE_INSTANCE_ID", "CONTAINER_NAME"))
    instance = next((name for name in names if name), None) or socket.gethostname()
    return f"instance {instance} process {os.getpid()}"
