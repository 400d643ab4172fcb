"""One web server, one database and one browser for all tests of pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker
from selenium import webdriver

from tests.browser.chrome import chrome
from tests.browser.logs.reader import PageServer, Reader
from tests.faults import ledger
from tests.faults.waiting import until
from tests.make import staff


@pytest.fixture(scope="package")
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Beside that of all other tests, and kept from test to test: to empty it would mean to wait for the server."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases=dict.fromkeys(["default", "direct"]))
        yield
        until(ledger.alone)
        connections.close_all()
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="package")
def web(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    server = PageServer(tmp_path_factory.mktemp("pages") / "web.log")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="package")
def window() -> Iterator[webdriver.Chrome]:
    with chrome() as window:
        yield window


@pytest.fixture(scope="package")
def reader(web: PageServer, window: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody who may look at operations and scrapers, logged in."""
    reader = Reader(window, web.url, "", Path(tmp_path_factory.mktemp("pictures")))
    reader.user = staff("scraping.view_operations", "scraping.view_scraper", "pipeline.view_product", name="reader")
    reader.enter(reader.user)
    return reader
