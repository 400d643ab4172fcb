"""Takes the database from a web server in the midst of a request: cuts its sessions, or ends PostgreSQL itself."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from django.db import connection, connections

from baystate.database import cluster, server
from tests.faults import ledger
from tests.faults.waiting import until

_HOLDER = "holder"


def cut_sessions() -> None:
    """End every session but this one, and whoever holds a row for us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> %s",
            [_HOLDER],
        )


def restart_postgres() -> None:
    """An immediate shutdown, as after a crash: no session says goodbye, and the next start recovers."""
    data: Path = connection.settings_dict["EMBEDDED"]["data"]
    running = cluster.postmaster(data)
    assert running is not None
    running.send_signal(signal.SIGQUIT)
    assert cluster.ended(running, seconds=30)
    connections.close_all()
    server.ensure(data, durable=False)


@contextmanager
def in_the_midst(table: str, key: object, broken_by: Callable[[], None]) -> Iterator[None]:
    """Whatever waits for this row once the block has begun it loses the database while it waits."""
    parameters = connection.get_connection_params() | {"application_name": _HOLDER}
    with closing(psycopg.connect(**parameters)) as holder:
        holder.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [key])
        yield
        until(ledger.waiting_for_lock)
        broken_by()
