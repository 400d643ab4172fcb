"""Writes rows by plain statements: what Django does around one costs several times the statement itself."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)


def update(row: Model, names: Sequence[str]) -> None:
    """Store the named fields of `row`, as `row.save(update_fields=names)` does."""
    model = type(row)
    told = {name: getattr(row, _field(model, name).attname) for name in names}
    statement = f"UPDATE {model._meta.db_table} SET {assignments(model, *names)} WHERE id = %s"  # noqa: S608 - our own
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values(model, told), row.pk])


def insert(rows: Sequence[Row], *, unique: Sequence[str]) -> list[Row]:
    """Add those of the new `rows` of one model whose `unique` columns, a constraint of its, nothing stored has.

    Returns them, with the keys that the database gave them.
    """
    if not rows:
        return []
    model = type(rows[0])
    fields = _given(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    statement = (
        f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {', '.join([row] * len(rows))}"  # noqa: S608 - our own
        f" ON CONFLICT ({', '.join(unique)}) DO NOTHING RETURNING {', '.join(unique)}, id"
    )
    told = [field.get_db_prep_save(field.pre_save(new, add=True), connection) for new in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        keys = {tuple(values): key for *values, key in cursor.fetchall()}
    added = []
    for new in rows:
        key = keys.get(tuple(getattr(new, name) for name in unique))
        if key is not None:
            new.pk = key
            added.append(new)
    return added


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
