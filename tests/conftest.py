"""What all tests share."""

import os

import pytest

collect_ignore = [] if os.environ.get("BAYSTATE_PAGES") else ["baystate/test_real_pages.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if collect_ignore:
        terminalreporter.write_line("The tests of real pages are left out: BAYSTATE_PAGES names no folder of them.")
