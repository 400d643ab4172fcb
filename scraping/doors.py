"""How a door opens its transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

LOCK_TIMEOUT = "5s"


@contextmanager
def transact() -> Iterator[None]:
    """One outermost transaction that gives up on a lock after five seconds: OperationalError, "come again later"."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield
