"""Tells a database that is away, full or busy from one that was asked something wrong."""

from django.db import Error, InterfaceError, OperationalError

# connection, rolled back, resources, object not ready (lock timeout), operator, system; and a read-only server
_CLASSES = ("08", "40", "53", "55", "57", "58")
_READ_ONLY = "25006"


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later, unchanged."""
    if not isinstance(error, Error):
        return False
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return state == _READ_ONLY or state.startswith(_CLASSES)
