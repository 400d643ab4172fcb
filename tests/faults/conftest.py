"""One web server and one database for all tests of faults; each test has its own site, proxy, runners and jobs."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.faults.processes import WebServer
from tests.faults.waiting import until

_NUMBERS = count(1)


@pytest.fixture(scope="package")
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of their own, kept from test to test: to empty it would mean to wait for the server's sweep."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None, "direct": None})
        yield
        until(ledger.alone)
        connections.close_all()
        teardown_databases(made, verbosity=0)
        # it mirrors again what the other tests have
        connections["direct"].creation.set_as_test_mirror(connections["default"].settings_dict)


@pytest.fixture(scope="package")
def web(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    server = WebServer(tmp_path_factory.mktemp("web") / "web.log")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def fleet(web: WebServer, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(web, tmp_path, number=next(_NUMBERS))
    try:
        yield fleet
    finally:
        fleet.close()
