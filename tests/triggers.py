"""Turns a trigger off and on again, for every connection."""

from collections.abc import Iterator
from contextlib import contextmanager

import pgtrigger
from django.db import connection


def switch(name: str, *, on: bool) -> None:
    model, trigger = next(pair for pair in pgtrigger.registered() if pair[1].name == name)
    table, word = model._meta.db_table, "ENABLE" if on else "DISABLE"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {trigger.get_pgid(model)}")


@contextmanager
def without(name: str) -> Iterator[None]:
    switch(name, on=False)
    try:
        yield
    finally:
        switch(name, on=True)
