"""What a pooler in transaction mode could take away, and that it is really there."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import psycopg
import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from psycopg.rows import dict_row

from baystate.database import session
from scraping.models import Presence, ScrapeJob, ScrapeJobLog, ScrapeResult
from tests import make, web
from tests.pooler.servers import SESSIONS
from tests.scraping.plain_client import PlainClient

CLIENTS = 8


def parameters(alias: str) -> dict[str, Any]:
    return connections[alias].get_connection_params()


def pools() -> list[dict[str, Any]]:
    """What the pooler says of its pools for the test database."""
    words = parameters("default") | {"dbname": "pgbouncer", "cursor_factory": psycopg.Cursor, "context": None}
    with psycopg.connect(**words, autocommit=True) as console:
        rows = console.cursor(row_factory=dict_row).execute("SHOW POOLS").fetchall()
    return [row for row in rows if row["database"] == connection.settings_dict["NAME"]]


@pytest.mark.django_db
def test_default_leads_to_postgresql_15_through_a_pooler_in_transaction_mode() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert cursor.fetchone()[0].startswith("15")
    [pool] = pools()
    assert (pool["pool_mode"], pool["cl_active"] > 0) == ("transaction", True)


@pytest.mark.django_db
def test_more_connections_than_the_server_has_sessions_are_lent_them_in_turn() -> None:
    with ExitStack() as stack:
        opened = [
            stack.enter_context(psycopg.connect(**parameters("default"), autocommit=True)) for _ in range(SESSIONS * 4)
        ]
        sessions = {one.execute("SELECT pg_backend_pid()").fetchone() for one in opened}
    assert len(sessions) <= SESSIONS


@pytest.mark.django_db
def test_what_listens_directly_hears_what_is_said_through_the_pooler() -> None:
    with psycopg.connect(**parameters("direct"), autocommit=True) as listener:
        listener.execute("LISTEN doorbell")
        with psycopg.connect(**parameters("default"), autocommit=True) as speaker:
            speaker.execute("NOTIFY doorbell, 'job 7'")
        [heard] = listener.notifies(timeout=10, stop_after=1)
    assert heard.payload == "job 7"


@pytest.mark.django_db
def test_a_direct_address_that_is_pooled_is_told_from_one_that_is_not() -> None:
    session.require(parameters("direct"))
    with pytest.raises(ImproperlyConfigured, match="leads through a pooler in transaction mode"):
        session.require(parameters("default"))


def manage(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *words]
    surroundings = os.environ | {"DJANGO_SETTINGS_MODULE": "baystate.settings"} | environ
    return subprocess.run(command, cwd=web.ROOT, env=surroundings, capture_output=True, text=True, check=False)


def test_a_start_with_a_pooled_direct_address_is_refused_with_a_sentence() -> None:
    refused = manage("migrate", "--database", "direct", DATABASE_DIRECT_URL=os.environ["DATABASE_URL"])
    assert refused.returncode == 1
    assert refused.stderr.startswith("manage.py: The direct database connection leads through a pooler")


@pytest.mark.django_db
def test_a_new_database_is_migrated_past_the_pooler_by_a_role_without_privileges() -> None:
    with psycopg.connect(**parameters("direct") | {"dbname": "postgres"}, autocommit=True) as server:
        server.execute("CREATE DATABASE baystate ENCODING 'UTF8' TEMPLATE template0")
    migrated = manage("migrate", "--database", "direct", "--verbosity", "0")
    assert (migrated.returncode, migrated.stderr) == (0, "")
    checked = manage("check", "--database", "default", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def server() -> Iterator[str]:
    """A web process that knows the pooler as any installation does."""
    own = {
        "DJANGO_SETTINGS_MODULE": "baystate.settings",
        "DATABASE_URL": _test_database("DATABASE_URL"),
        "DATABASE_DIRECT_URL": _test_database("DATABASE_DIRECT_URL"),
        "BAYSTATE_SWEEP_SECONDS": "1",
    }
    with web.daphne(own) as url:
        yield url


def _test_database(name: str) -> str:
    return f"{os.environ[name].rpartition('/')[0]}/{connection.settings_dict['NAME']}"


def until(condition: Callable[[], bool]) -> bool:
    pause = Event()
    return any(condition() or pause.wait(0.1) for _ in range(300))


@pytest.mark.django_db(transaction=True)
def test_clients_of_a_real_web_process_share_the_sessions(server: str) -> None:
    make.scraper("acme")
    made = [make.job(skus=[f"{number}-a", f"{number}-b"]) for number in range(CLIENTS * 3)]

    def work(key: str) -> list[str]:
        client = PlainClient(server, key)
        with client.session:
            return list(iter(lambda: client.run_once(lambda sku, scraper: {"title": sku}) or "", ""))

    keys = [make.key(make.runner(f"plain-{number}")) for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        worked = [job for jobs in threads.map(work, keys) for job in jobs]
    assert sorted(worked) == sorted(str(job.pk) for job in made)
    assert set(ScrapeJob.objects.values_list("status", "done", "log_head")) == {("completed", 2, 2)}
    assert (ScrapeResult.objects.count(), ScrapeJobLog.objects.count()) == (len(made) * 2, len(made) * 2)
    assert until(Presence.objects.exists)  # the sweep speaks through the pooler too
    assert requests.get(f"{server}/admin/login/", timeout=30).ok
    [pool] = pools()
    assert pool["sv_active"] + pool["sv_idle"] + pool["sv_used"] <= SESSIONS
