"""Names what the database's triggers refuse, whichever way the statement came: model, queryset or raw SQL."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class IllegalMoveError(IntegrityError):
    """A job was to be born in another state than pending, to move as no table allows, or to change after its end."""


class KeptRowError(IntegrityError):
    """A row that is written once was to be changed or deleted: a log line, a definition, a reading of a password."""


def named(error: IntegrityError) -> IntegrityError:
    """The error by its own name where a trigger of ours raised it, else as it is."""
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if constraint.endswith("_moves"):
        return IllegalMoveError(*error.args)
    return KeptRowError(*error.args) if constraint.endswith(("_kept", "_retention")) else error


def watch() -> None:
    """Name the violations of every connection that is made from now on."""
    connection_created.connect(_watch, dispatch_uid="scraping.violations")


def _watch(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if _name not in connection.execute_wrappers:
        connection.execute_wrappers.append(_name)


def _name(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    try:
        return execute(sql, params, many, context)
    except IntegrityError as error:
        better = named(error)
        if better is error:
            raise
        raise better from error.__cause__
