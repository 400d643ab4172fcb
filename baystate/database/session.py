"""Whether an address leads to a session of the server, not to a pooler that lends a session per transaction."""

import uuid
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import sql

ECHO_SECONDS = 1.0


def require(parameters: dict[str, Any]) -> None:
    """Raises ImproperlyConfigured when what connects by `parameters` cannot LISTEN.

    One connection listens and another notifies: a pooler in transaction mode has taken the first one's session away by
    then. (A single connection would hear itself, for the echo comes before the session is taken.)
    """
    channel = sql.Identifier(f"baystate_echo_{uuid.uuid4().hex}")
    with psycopg.connect(**parameters, autocommit=True) as listener:
        listener.execute(sql.SQL("LISTEN {}").format(channel))
        with psycopg.connect(**parameters, autocommit=True) as speaker:
            speaker.execute(sql.SQL("NOTIFY {}").format(channel))
        if not list(listener.notifies(timeout=ECHO_SECONDS, stop_after=1)):
            raise ImproperlyConfigured(
                "The direct database connection leads through a pooler in transaction mode: a LISTEN heard nothing. "
                "Set DATABASE_DIRECT_URL to the PostgreSQL server itself; DATABASE_URL may stay as it is."
            )
