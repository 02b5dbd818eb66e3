"""The outside world: the only files that import an SDK, open a socket or read the clock."""
