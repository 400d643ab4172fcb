"""What all tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from django.db import connections

collect_ignore = [] if os.environ.get("BAYSTATE_PAGES") else ["baystate/test_real_pages.py"]


def pytest_configure(config: pytest.Config) -> None:
    """A run has its temporary folders to itself.

    Otherwise every pytest that the same user starts, in another checkout for example, closes the one folder they share
    to the account under which root runs the embedded server.
    """
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        place = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.mkdtemp(prefix="baystate-tests-")
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if collect_ignore:
        terminalreporter.write_line("The tests of real pages are left out: BAYSTATE_PAGES names no folder of them.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Both ways to the database lead to one; it is dropped by way of the first, so the second must have left it."""
    yield
    connections.close_all()
