"""Writes rows by plain statements: what Django does around one costs several times the statement itself."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def update(row: Model, names: Sequence[str]) -> None:
    """Store the named fields of `row`, as `row.save(update_fields=names)` does."""
    model = type(row)
    told = {name: getattr(row, _field(model, name).attname) for name in names}
    statement = f"UPDATE {model._meta.db_table} SET {assignments(model, *names)} WHERE id = %s"  # noqa: S608 - our own
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values(model, told), row.pk])


def insert(rows: Sequence[Model]) -> None:
    """Add new `rows` of one model and note the keys that the database gave them, as `bulk_create` does."""
    if not rows:
        return
    model = type(rows[0])
    fields = _given(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {', '.join([row] * len(rows))} RETURNING id"  # noqa: S608
    told = [field.get_db_prep_save(field.pre_save(new, add=True), connection) for new in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        for new, (key,) in zip(rows, cursor.fetchall(), strict=True):
            new.pk = key


@cache
def assignments(model: type[Model], *names: str) -> str:
    """The named fields as `SET` writes them, each with a place for its value."""
    return ", ".join(f'"{_field(model, name).column}" = %s' for name in names)


def values(model: type[Model], told: Mapping[str, Any]) -> list[Any]:
    """The values of `told` by field name as the database takes them, in the same order."""
    return [_field(model, name).get_db_prep_save(value, connection) for name, value in told.items()]


@cache
def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name)
    assert isinstance(field, Field), f"{name} is no column"
    return field


@cache
def _given(model: type[Model]) -> "list[Field[Any, Any]]":
    """What a new row brings along: all but its key."""
    return [field for field in model._meta.concrete_fields if not field.primary_key]
