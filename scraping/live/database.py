"""Reads off the event loop, in a few threads: each gives its connection back before anybody waits again."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import connection, connections

from runners import bell

P = ParamSpec("P")
T = TypeVar("T")
# at most so many of the pool's connections are in use for live pages
THREADS = 4

_threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="live")


def threaded(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """`function`, which may use the ORM, to be awaited."""
    return database_sync_to_async(function, thread_sensitive=False, executor=_threads)


@threaded
def session_parameters() -> dict[str, Any]:
    """How to open a session that can LISTEN, for psycopg. Raises ImproperlyConfigured where a pooler is in the way."""
    parameters = connections["direct"].get_connection_params()
    return {name: value for name, value in parameters.items() if name not in ("cursor_factory", "context")}


@threaded
def notify(payload: str) -> None:
    """Ring by the ordinary way, through the pool and the pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [bell.CHANNEL, payload])
