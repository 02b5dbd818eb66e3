"""How a test tells its figures: a line on the terminal, whatever else is captured."""

import pytest
from _pytest.capture import CaptureManager
from _pytest.terminal import TerminalReporter


def tell(request: pytest.FixtureRequest, text: str) -> None:
    """Write a line to the terminal."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    if isinstance(reporter, TerminalReporter) and isinstance(capture, CaptureManager):
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(text)
