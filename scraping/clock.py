"""The database's clock: the only one for leases and deadlines."""

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def at(now: datetime | None) -> Combinable:
    """`now` inside a query; None, as everywhere but in tests, is the moment the statement began on the server."""
    return Now() if now is None else Value(now, output_field=DateTimeField())


def read() -> datetime:
    """What it says now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
