"""How long a door waits for a lock: five seconds, then OperationalError, "come again later"."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

LOCK_TIMEOUT = "5s"
# In the WHERE of a statement that locks rows: it is asked before they are locked, and holds until the transaction ends.
GIVES_UP = f"set_config('lock_timeout', '{LOCK_TIMEOUT}', true) <> ''"


@contextmanager
def transact() -> Iterator[None]:
    """One outermost transaction for what locks rows without `GIVES_UP`."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield
